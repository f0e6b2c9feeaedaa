#include "kernels/recurrent/lstm.h"

#include "kernels/recurrent/gates.h"
#include "kernels/recurrent/panels.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Values of scratch for each row of the batch: two states of whole vectors, the sums of a panel.
template <class T>
int64_t row_scratch(const LstmProblem& p) {
  return 2 * Panels<T>::vectors_of(p.units) * width<T> + Panels<T>::columns;
}

int64_t chunks(const LstmProblem& p) {
  return (p.batch + p.chunk() - 1) / p.chunk();
}

// The packed weights, scratch for each row of the batch, and of each chunk the sums of the gradients by z.
template <class T>
size_t scratch(const LstmProblem& p) {
  const int64_t forward = Panels<T>::size(p.units, p.units, 4),
                backward = Panels<T>::size(4 * p.units, p.units, 1);
  return static_cast<size_t>((forward > backward ? forward : backward) + p.batch * row_scratch<T>(p) +
                             chunks(p) * 4 * p.units) *
         sizeof(T);
}

// A step is two loops, each short enough for the processor to work on several of its turns at a time: one
// alone would wait for the activations, which follow each other.
//
// The cell of one row from `first` on to `end`: `sums` holds the parts of z that come from the state before,
// gate by gate, `stride` apart.
template <class T, bool hard>
__attribute__((noinline)) void cells(int64_t first, int64_t end, int64_t units, const T* sums, int64_t stride,
                                     const T* gates_x, T* gates, T* state, T* c) {
  for_units<T>(first, end, units, [=](int64_t j, int64_t n) __attribute__((always_inline)) {
    const auto z = [=](int64_t k) __attribute__((always_inline)) {
      return load(sums + k * stride + j - first) + load_upto(gates_x + k * units + j, n);
    };
    const Vec<T> i = gate<hard>(z(0)), f = gate<hard>(z(1)), g = quick_tanh(z(2));
    const Vec<T> cell = fma(f, load_upto(state + j, n), i * g);
    store_upto(gates + j, i, n);
    store_upto(gates + units + j, f, n);
    store_upto(gates + 2 * units + j, g, n);
    store_upto(state + j, cell, n);
    store_upto(c + j, cell, n);
  });
}

// Its output; `sums`, `gates_x` and `gates` are those of the gate o.
template <class T, bool hard>
__attribute__((noinline)) void outputs(int64_t first, int64_t end, int64_t units, const T* sums,
                                       const T* gates_x, T* gates, const T* cell, T* state, T* h) {
  for_units<T>(first, end, units, [=](int64_t j, int64_t n) __attribute__((always_inline)) {
    const Vec<T> o = gate<hard>(load(sums + j - first) + load_upto(gates_x + j, n));
    const Vec<T> output = o * quick_tanh(load_upto(cell + j, n));
    store_upto(gates + j, o, n);
    store(state + j, output);
    store_upto(h + j, output, n);
  });
}

template <class T, bool hard>
void forward_as(const LstmProblem& p, const LstmForward<T>& a, const Panels<T>& weights, T* scratch) {
  const int64_t units = p.units, wide = 4 * units, padded = Panels<T>::vectors_of(units) * width<T>;
  T* const sequence = a.h ? a.h : a.before + units;
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        const int64_t rows = end - begin;
        T *before = scratch + begin * row_scratch<T>(p), *after = before + rows * padded,
          *sums = after + rows * padded;
        copy(a.c_last + begin * units, a.c0 + begin * units, rows * units);
        for (int64_t row = 0; row < rows; row++) {
          copy(before + row * padded, a.h0 + (begin + row) * units, units);
          if (a.before) copy(a.before + (begin + row) * p.time * units, a.h0 + (begin + row) * units, units);
        }
        // Where a row's output of step t goes: it is the state before the next one.
        const auto output = [&](int64_t row, int64_t t) __attribute__((always_inline)) {
          const int64_t at = (begin + row) * p.time + t;
          if (a.h) return a.h + at * units;
          return t + 1 < p.time ? a.before + (at + 1) * units : a.h_last + (begin + row) * units;
        };
        for (int64_t t = 0; t < p.time; t++) {
          for (int64_t group = 0; group < weights.groups; group++) {
            const int64_t first = weights.first_unit(group), count = weights.blocks(group) * width<T>;
            weights.multiply(group, rows, before, padded, sums,
                             [&](int64_t row, int64_t i) __attribute__((always_inline)) {
                               const int64_t next = (begin + row) * p.time + t + 1, j = i * Panels<T>::panel;
                               fetch(a.gates_x + next * wide + j);
                               if (j < units)
                                 fetch_to_write(a.c + next * units + j);
                               else if (j < 2 * units)
                                 fetch_to_write(sequence + next * units + j - units);
                             });
            const auto counting = [&](const auto& run) __attribute__((always_inline)) {
              for (int64_t row = 0; row < rows; row++) {
                const int64_t at = (begin + row) * p.time + t;
                if (!a.mask || a.mask[at]) run(row, at);
              }
            };
            counting([&](int64_t row, int64_t at) __attribute__((always_inline)) {
              cells<T, hard>(first, first + count, units, sums + row * Panels<T>::columns, count,
                             a.gates_x + at * wide, a.gates + at * wide, a.c_last + (begin + row) * units,
                             a.c + at * units);
            });
            counting([&](int64_t row, int64_t at) __attribute__((always_inline)) {
              const int64_t o = at * wide + 3 * units;
              outputs<T, hard>(first, first + count, units, sums + row * Panels<T>::columns + 3 * count,
                               a.gates_x + o, a.gates + o, a.c + at * units, after + row * padded,
                               output(row, t));
            });
          }
          for (int64_t row = 0; a.mask && row < rows; row++) {
            const int64_t at = (begin + row) * p.time + t;
            if (a.mask[at]) continue;
            copy(after + row * padded, before + row * padded, units);
            copy(a.c + at * units, a.c_last + (begin + row) * units, units);
            if (a.h)
              repeat_output(a.h + at * units, t, units);
            else
              copy(output(row, t), before + row * padded, units);
          }
          T* const swapped = before;
          before = after, after = swapped;
        }
        for (int64_t row = 0; row < rows; row++)
          copy(a.h_last + (begin + row) * units, before + row * padded, units);
      },
      p.flops());
}

template <class T>
void forward(const LstmProblem& p, const LstmForward<T>& a, void* scratch) {
  T* packed = static_cast<T*>(scratch);
  const auto weights = Panels<T>::pack(a.weights, 4 * p.units, p.units, p.units, 4, false, packed);
  T* rest = packed + Panels<T>::size(p.units, p.units, 4);
  p.hard ? forward_as<T, true>(p, a, weights, rest) : forward_as<T, false>(p, a, weights, rest);
}

// What one row reads and writes in one step.
template <class T>
struct BackwardRow {
  const T *gates, *c, *c_before, *state, *sums;
  const T* diff_h;  // or null
  T *dh, *dc;
  T* waiting;  // the gradient by outputs that later steps repeated, or null
  T *before, *dz;
};

// A step that counts. With the gates' values i, f, g, o, the gradient `diff` by h and dc:
//   dc += diff o (1 - tanh(c)²)
//   di = dc g, df = dc c_before, dg = dc i, do = diff tanh(c), dc_before = dc f
// The gradients by z follow through the activations.
template <class T, bool hard>
__attribute__((noinline)) void step_back(int64_t first, int64_t end, int64_t units,
                                         const BackwardRow<T>& row) {
  const BackwardRow<T> a = row;
  for_units<T>(first, end, units, [=](int64_t j, int64_t n) __attribute__((always_inline)) {
    const Vec<T> squashed = quick_tanh(load_upto(a.c + j, n));
    if (a.before) store_upto(a.before + j, load_upto(a.state + j, n), n);
    Vec<T> diff = load_upto(a.dh + j, n) + load(a.sums + j - first);
    store_upto(a.dh + j, zero<T>(), n);
    if (a.diff_h) diff += load_upto(a.diff_h + j, n);
    if (a.waiting) {
      diff += load_upto(a.waiting + j, n);
      store_upto(a.waiting + j, zero<T>(), n);
    }
    const Vec<T> i = load_upto(a.gates + j, n), f = load_upto(a.gates + units + j, n),
                 g = load_upto(a.gates + 2 * units + j, n), o = load_upto(a.gates + 3 * units + j, n);
    const Vec<T> cell = load_upto(a.dc + j, n) + through_tanh(diff * o, squashed);
    store_upto(a.dz + j, through_gate<hard>(cell * g, i), n);
    store_upto(a.dz + units + j, through_gate<hard>(cell * load_upto(a.c_before + j, n), f), n);
    store_upto(a.dz + 2 * units + j, through_tanh(cell * i, g), n);
    store_upto(a.dz + 3 * units + j, through_gate<hard>(diff * squashed, o), n);
    store_upto(a.dc + j, cell * f, n);
  });
}

// A step that does not count, or the end at the initial state: the gradient by the state waits.
template <class T>
__attribute__((noinline)) void pass_back(int64_t first, int64_t end, int64_t units,
                                         const BackwardRow<T>& row) {
  for_units<T>(first, end, units, [&](int64_t j, int64_t n) __attribute__((always_inline)) {
    if (row.before) store_upto(row.before + j, load_upto(row.state + j, n), n);
    store_upto(row.dh + j, load_upto(row.dh + j, n) + load(row.sums + j - first), n);
  });
}

// to += the rows
template <class T>
void add_rows(T* to, int64_t rows, const T* from, int64_t stride, int64_t columns) {
  for (int64_t j = 0; j < columns; j += width<T>) {
    Vec<T> sum = load_upto(to + j, columns - j);
    for (int64_t row = 0; row < rows; row++) sum += load_upto(from + row * stride + j, columns - j);
    store_upto(to + j, sum, columns - j);
  }
}

template <class T, bool hard>
void backward_as(const LstmProblem& p, const LstmBackward<T>& a, const Panels<T>& weights, T* scratch) {
  const int64_t units = p.units, wide = 4 * units;
  T* all_bias = scratch + p.batch * row_scratch<T>(p);
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        const int64_t rows = end - begin, first = begin * units;
        // `waiting` is the gradient by outputs that later steps repeated.
        T *waiting = scratch + begin * row_scratch<T>(p), *sums = waiting + rows * units,
          *bias = all_bias + begin / p.chunk() * wide;
        copy_or_zero<T>(a.diff_h0 + first, a.diff_h_last ? a.diff_h_last + first : nullptr, rows * units);
        copy_or_zero<T>(a.diff_c0 + first, a.diff_c_last ? a.diff_c_last + first : nullptr, rows * units);
        copy_or_zero<T>(waiting, nullptr, rows * units);
        copy_or_zero<T>(sums, nullptr, rows * Panels<T>::columns);
        copy_or_zero<T>(bias, nullptr, wide);
        int64_t first_step[most_chunk];
        for (int64_t row = 0; row < rows; row++)
          first_step[row] = first_that_counts(a.mask ? a.mask + (begin + row) * p.time : nullptr, p.time);
        // Each group brings the gradient by the state between the steps t and t + 1, then goes through step
        // t.
        for (int64_t t = p.time - 1; t >= -1; t--) {
          for (int64_t group = 0; group < weights.groups; group++) {
            const int64_t from = weights.first_unit(group), to = from + weights.blocks(group) * width<T>;
            if (t < p.time - 1)
              weights.multiply(group, rows, a.diff_gates + (begin * p.time + t + 1) * wide, p.time * wide,
                               sums, [&](int64_t row, int64_t i) __attribute__((always_inline)) {
                                 const int64_t next = (begin + row) * p.time + t - 1,
                                               j = next * units + i * Panels<T>::panel;
                                 if (t < 1) return;
                                 for (int64_t k = 0; k < 4; k++) fetch(a.gates + j + (3 * next + k) * units);
                                 fetch(a.c + j - units);
                                 if (a.h) {
                                   fetch(a.h + j - units);
                                   fetch_to_write(a.before + j);
                                 }
                                 if (a.diff_h) fetch(a.diff_h + j);
                               });
            for (int64_t row = 0; row < rows; row++) {
              const int64_t at = (begin + row) * p.time + t;
              const int64_t own = (begin + row) * units;
              const T* c = a.c + at * units;
              const BackwardRow<T> now = {a.gates + at * wide,
                                          c,
                                          t > 0 ? c - units : a.c0 + own,
                                          t > first_step[row] ? a.h + (at - 1) * units : a.h0 + own,
                                          sums + row * Panels<T>::columns,
                                          a.diff_h ? a.diff_h + at * units : nullptr,
                                          a.diff_h0 + own,
                                          a.diff_c0 + own,
                                          a.mask ? waiting + row * units : nullptr,
                                          a.h && t >= 0 ? a.before + at * units : nullptr,
                                          a.diff_gates + at * wide};
              if (t >= 0 && (!a.mask || a.mask[at]))
                step_back<T, hard>(from, to, units, now);
              else
                pass_back<T>(from, to, units, now);
            }
          }
          for (int64_t row = 0; a.mask && t >= 0 && row < rows; row++) {
            const int64_t at = (begin + row) * p.time + t;
            if (a.mask[at]) continue;
            copy_or_zero<T>(a.diff_gates + at * wide, nullptr, wide);
            for (int64_t j = 0; a.diff_h && j < units; j++)
              waiting[row * units + j] += a.diff_h[at * units + j];
          }
          if (a.diff_bias && t >= 0)
            add_rows(bias, rows, a.diff_gates + (begin * p.time + t) * wide, p.time * wide, wide);
        }
      },
      p.flops());
  if (!a.diff_bias) return;
  copy_or_zero<T>(a.diff_bias, nullptr, wide);
  add_rows(a.diff_bias, chunks(p), all_bias, wide, wide);
}

template <class T>
void backward(const LstmProblem& p, const LstmBackward<T>& a, void* scratch) {
  T* packed = static_cast<T*>(scratch);
  const auto weights = Panels<T>::pack(a.weights, 4 * p.units, 4 * p.units, p.units, 1, true, packed);
  T* rest = packed + Panels<T>::size(4 * p.units, p.units, 1);
  p.hard ? backward_as<T, true>(p, a, weights, rest) : backward_as<T, false>(p, a, weights, rest);
}

template <class T>
constexpr LstmFunctions<T> functions = {scratch<T>, forward<T>, backward<T>};

}  // namespace

extern const LstmTable lstm_table;
const LstmTable lstm_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
