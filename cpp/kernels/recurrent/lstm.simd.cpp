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

// The packed weights, and scratch for each row of the batch.
template <class T>
size_t scratch(const LstmProblem& p) {
  const int64_t forward = Panels<T>::size(p.units, p.units, 4),
                backward = Panels<T>::size(4 * p.units, p.units, 1);
  return static_cast<size_t>((forward > backward ? forward : backward) + p.batch * row_scratch<T>(p)) *
         sizeof(T);
}

// A few units of one row, one step: `recurrent` holds the parts of z that come from the state before, gate by
// gate, `stride` apart.
template <class T, bool hard>
PRONGHORN_INLINE void step(int64_t units, int64_t n, const T* recurrent, int64_t stride, const T* gates_x,
                           T* gates, T* c_state, T* h_state, T* c, T* h) {
  const auto z = [&](int64_t k) __attribute__((always_inline)) {
    return load(recurrent + k * stride) + load_upto(gates_x + k * units, n);
  };
  const Vec<T> i = gate<hard>(z(0)), f = gate<hard>(z(1)), g = quick_tanh(z(2)), o = gate<hard>(z(3));
  const Vec<T> cell = fma(f, load_upto(c_state, n), i * g), output = o * quick_tanh(cell);
  store_upto(gates, i, n);
  store_upto(gates + units, f, n);
  store_upto(gates + 2 * units, g, n);
  store_upto(gates + 3 * units, o, n);
  store_upto(c_state, cell, n);
  store(h_state, output);
  store_upto(c, cell, n);
  store_upto(h, output, n);
}

template <class T, bool hard>
void forward_as(const LstmProblem& p, const LstmForward<T>& a, const Panels<T>& weights, T* scratch) {
  const int64_t units = p.units, wide = 4 * units, padded = Panels<T>::vectors_of(units) * width<T>;
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        const int64_t rows = end - begin;
        T *before = scratch + begin * row_scratch<T>(p), *after = before + rows * padded,
          *sums = after + rows * padded;
        copy(a.c_last + begin * units, a.c0 + begin * units, rows * units);
        for (int64_t row = 0; row < rows; row++)
          copy(before + row * padded, a.h0 + (begin + row) * units, units);
        for (int64_t t = 0; t < p.time; t++) {
          for (int64_t group = 0; group < weights.groups(); group++) {
            const int64_t first = weights.first_unit(group), count = weights.blocks(group) * width<T>;
            weights.multiply(
                group, rows, before, padded, sums,
                [&](int64_t row, int64_t vector) __attribute__((always_inline)) {
                  const int64_t at = (begin + row) * p.time + t, place = weights.place(group, vector);
                  __builtin_prefetch(a.gates_x + at * wide + place, 0, 2);
                  if (place < 2 * units)
                    __builtin_prefetch(
                        place < units ? a.c + at * units + place : a.h + at * units + place - units, 1);
                });
            for (int64_t row = 0; row < rows; row++) {
              const int64_t at = (begin + row) * p.time + t;
              if (a.mask && !a.mask[at]) continue;
              const auto run = [&](int64_t j, int64_t n) __attribute__((always_inline)) {
                step<T, hard>(units, n, sums + row * Panels<T>::columns + j - first, count,
                              a.gates_x + at * wide + j, a.gates + at * wide + j,
                              a.c_last + (begin + row) * units + j, after + row * padded + j,
                              a.c + at * units + j, a.h + at * units + j);
              };
              for (int64_t j = first; j < first + count; j += width<T>)
                units - j >= width<T> ? run(j, width<T>) : run(j, units - j);
            }
          }
          for (int64_t row = 0; a.mask && row < rows; row++) {
            const int64_t at = (begin + row) * p.time + t;
            if (a.mask[at]) continue;
            copy(after + row * padded, before + row * padded, units);
            copy(a.c + at * units, a.c_last + (begin + row) * units, units);
            repeat_output(a.h + at * units, t, units);
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

// A few units of one row, one step that counts. With the gates' values i, f, g, o, the gradient `diff` by h
// and dc:
//   dc += diff o (1 - tanh(c)²);  di = dc g, df = dc c_before, dg = dc i, do = diff tanh(c);  dc_before = dc
//   f
// The gradients by z follow through the activations.
template <class T, bool hard>
PRONGHORN_INLINE void step_back(int64_t units, int64_t n, Vec<T> diff, const T* gates, const T* c,
                                const T* c_before, T* dc, T* dz) {
  const Vec<T> i = load_upto(gates, n), f = load_upto(gates + units, n), g = load_upto(gates + 2 * units, n),
               o = load_upto(gates + 3 * units, n), squashed = quick_tanh(load_upto(c, n));
  const Vec<T> cell = load_upto(dc, n) + through_tanh(diff * o, squashed);
  store_upto(dz, through_gate<hard>(cell * g, i), n);
  store_upto(dz + units, through_gate<hard>(cell * load_upto(c_before, n), f), n);
  store_upto(dz + 2 * units, through_tanh(cell * i, g), n);
  store_upto(dz + 3 * units, through_gate<hard>(diff * squashed, o), n);
  store_upto(dc, cell * f, n);
}

template <class T, bool hard>
void backward_as(const LstmProblem& p, const LstmBackward<T>& a, const Panels<T>& weights, T* scratch) {
  const int64_t units = p.units, wide = 4 * units;
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        const int64_t rows = end - begin, first = begin * units;
        // `waiting` is the gradient by outputs that later steps repeated.
        T *waiting = scratch + begin * row_scratch<T>(p), *sums = waiting + rows * units;
        copy_or_zero<T>(a.diff_h0 + first, a.diff_h_last ? a.diff_h_last + first : nullptr, rows * units);
        copy_or_zero<T>(a.diff_c0 + first, a.diff_c_last ? a.diff_c_last + first : nullptr, rows * units);
        copy_or_zero<T>(waiting, nullptr, rows * units);
        copy_or_zero<T>(sums, nullptr, rows * Panels<T>::columns);
        int64_t first_step[most_chunk];
        for (int64_t row = 0; row < rows; row++)
          first_step[row] = first_that_counts(a.mask ? a.mask + (begin + row) * p.time : nullptr, p.time);
        // Each group brings the gradient by the state between the steps t and t + 1, then goes through step
        // t.
        for (int64_t t = p.time - 1; t >= -1; t--) {
          for (int64_t group = 0; group < weights.groups(); group++) {
            const int64_t from = weights.first_unit(group), to = from + weights.blocks(group) * width<T>;
            if (t < p.time - 1)
              weights.multiply(group, rows, a.diff_gates + (begin * p.time + t + 1) * wide, p.time * wide,
                               sums, [&](int64_t row, int64_t vector) __attribute__((always_inline)) {
                                 if (t < 1) return;
                                 const int64_t at = (begin + row) * p.time + t, j = from + vector * width<T>;
                                 for (int64_t k = 0; k < 4; k++)
                                   __builtin_prefetch(a.gates + at * wide + k * units + j, 0, 2);
                                 __builtin_prefetch(a.c + (at - 1) * units + j, 0, 2);
                                 __builtin_prefetch(a.h + (at - 1) * units + j, 0, 2);
                                 __builtin_prefetch(a.before + at * units + j, 1, 2);
                                 if (a.diff_h) __builtin_prefetch(a.diff_h + at * units + j, 0, 2);
                               });
            for (int64_t row = 0; row < rows; row++) {
              const int64_t at = (begin + row) * p.time + t;
              T *dh = a.diff_h0 + (begin + row) * units, *dc = a.diff_c0 + (begin + row) * units;
              const T *c = a.c + at * units, *c_before = t > 0 ? c - units : a.c0 + (begin + row) * units;
              const bool counts = t >= 0 && (!a.mask || a.mask[at]);
              const T* state = t > first_step[row] ? a.h + (at - 1) * units : a.h0 + (begin + row) * units;
              const auto run = [&](int64_t j, int64_t n) __attribute__((always_inline)) {
                if (t >= 0) store_upto(a.before + at * units + j, load_upto(state + j, n), n);
                Vec<T> diff = load_upto(dh + j, n) + load(sums + row * Panels<T>::columns + j - from);
                if (!counts) return store_upto(dh + j, diff, n);
                store_upto(dh + j, zero<T>(), n);
                if (a.diff_h) diff += load_upto(a.diff_h + at * units + j, n);
                if (a.mask) {
                  T* later = waiting + row * units + j;
                  diff += load_upto(later, n);
                  store_upto(later, zero<T>(), n);
                }
                step_back<T, hard>(units, n, diff, a.gates + at * wide + j, c + j, c_before + j, dc + j,
                                   a.diff_gates + at * wide + j);
              };
              for (int64_t j = from; j < to; j += width<T>)
                units - j >= width<T> ? run(j, width<T>) : run(j, units - j);
            }
          }
          for (int64_t row = 0; a.mask && t >= 0 && row < rows; row++) {
            const int64_t at = (begin + row) * p.time + t;
            if (a.mask[at]) continue;
            copy_or_zero<T>(a.diff_gates + at * wide, nullptr, wide);
            for (int64_t j = 0; a.diff_h && j < units; j++)
              waiting[row * units + j] += a.diff_h[at * units + j];
          }
        }
      },
      p.flops());
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
