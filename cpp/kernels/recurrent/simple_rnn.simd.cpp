#include "kernels/recurrent/simple_rnn.h"

#include "kernels/recurrent/gates.h"
#include "kernels/recurrent/panels.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Values of scratch for each row of the batch: two states of whole vectors, the sums of a group.
template <class T>
int64_t row_scratch(const SimpleRnnProblem& p) {
  return 2 * Panels<T>::vectors_of(p.units) * width<T> + Panels<T>::columns;
}

// The packed weights, and scratch for each row of the batch.
template <class T>
size_t scratch(const SimpleRnnProblem& p) {
  return static_cast<size_t>(Panels<T>::size(p.units, p.units, 1) + p.batch * row_scratch<T>(p)) * sizeof(T);
}

// The outputs of one row from `first` on to `end`; `sums` holds what comes from the state before.
template <class T>
__attribute__((noinline)) void outputs(int64_t first, int64_t end, int64_t units, const T* sums, const T* x,
                                       T* state, T* h) {
  for_units<T>(first, end, units, [=](int64_t j, int64_t n) __attribute__((always_inline)) {
    const Vec<T> output = quick_tanh(load(sums + j - first) + load_upto(x + j, n));
    store(state + j, output);
    store_upto(h + j, output, n);
  });
}

template <class T>
void forward(const SimpleRnnProblem& p, const SimpleRnnForward<T>& a, void* scratch) {
  const int64_t units = p.units, padded = Panels<T>::vectors_of(units) * width<T>;
  const auto weights = Panels<T>::pack(a.weights, units, units, units, 1, false, static_cast<T*>(scratch));
  T* rest = static_cast<T*>(scratch) + Panels<T>::size(units, units, 1);
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        const int64_t rows = end - begin;
        T *before = rest + begin * row_scratch<T>(p), *after = before + rows * padded,
          *sums = after + rows * padded;
        for (int64_t row = 0; row < rows; row++)
          copy(before + row * padded, a.h0 + (begin + row) * units, units);
        for (int64_t t = 0; t < p.time; t++) {
          for (int64_t group = 0; group < weights.groups; group++) {
            const int64_t first = weights.first_unit(group), last = first + weights.blocks(group) * width<T>;
            weights.multiply(group, rows, before, padded, sums,
                             [&](int64_t row, int64_t i) __attribute__((always_inline)) {
                               const int64_t next = (begin + row) * p.time + t + 1,
                                             at = next * units + i * Panels<T>::panel;
                               fetch(a.x + at);
                               fetch_to_write(a.h + at);
                             });
            for (int64_t row = 0; row < rows; row++) {
              const int64_t at = (begin + row) * p.time + t;
              if (!a.mask || a.mask[at])
                outputs(first, last, units, sums + row * Panels<T>::columns, a.x + at * units,
                        after + row * padded, a.h + at * units);
            }
          }
          for (int64_t row = 0; a.mask && row < rows; row++) {
            const int64_t at = (begin + row) * p.time + t;
            if (a.mask[at]) continue;
            copy(after + row * padded, before + row * padded, units);
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

// One row, one step; `waiting`, if any, is the gradient of later steps that repeated this output.
template <class T>
void step_back(int64_t units, const T* h, const T* diff_h, T* waiting, T* dh, T* diff_x) {
  for (int64_t j = 0; j < units; j += width<T>) {
    const int64_t n = units - j;
    Vec<T> diff = load_upto(dh + j, n);
    if (diff_h) diff += load_upto(diff_h + j, n);
    if (waiting) {
      diff += load_upto(waiting + j, n);
      store_upto(waiting + j, zero<T>(), n);
    }
    store_upto(diff_x + j, through_tanh(diff, load_upto(h + j, n)), n);
    store_upto(dh + j, zero<T>(), n);
  }
}

template <class T>
void backward(const SimpleRnnProblem& p, const SimpleRnnBackward<T>& a, void* scratch) {
  const int64_t units = p.units, stride = p.time * units;
  T *packed = static_cast<T*>(scratch), *waiting = packed + Panels<T>::size(units, units, 1),
    *sums = waiting + p.batch * units;
  const auto weights = Panels<T>::pack(a.weights, units, units, units, 1, true, packed);
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        const int64_t size = (end - begin) * units;
        T* dh = a.diff_h0 + begin * units;
        copy_or_zero<T>(dh, a.diff_h_last ? a.diff_h_last + begin * units : nullptr, size);
        copy_or_zero<T>(waiting + begin * units, nullptr, size);
        for (int64_t row = begin; row < end; row++)
          states_before(a.before + row * stride, a.h + row * stride, a.h0 + row * units,
                        a.mask ? a.mask + row * p.time : nullptr, p.time, units);
        for (int64_t t = p.time - 1; t >= 0; t--) {
          for (int64_t row = begin; row < end; row++) {
            const int64_t at = row * p.time + t;
            const T* diff_h = a.diff_h ? a.diff_h + at * units : nullptr;
            T* later = waiting + row * units;
            if (!a.mask || a.mask[at]) {
              step_back(units, a.h + at * units, diff_h, a.mask ? later : nullptr, a.diff_h0 + row * units,
                        a.diff_x + at * units);
            } else {
              copy_or_zero<T>(a.diff_x + at * units, nullptr, units);
              for (int64_t j = 0; diff_h && j < units; j++) later[j] += diff_h[j];
            }
          }
          weights.add(end - begin, a.diff_x + (begin * p.time + t) * units, stride, dh, units, dh, units,
                      sums + begin * Panels<T>::columns);
        }
      },
      p.flops());
}

template <class T>
constexpr SimpleRnnFunctions<T> functions = {scratch<T>, forward<T>, backward<T>};

}  // namespace

extern const SimpleRnnTable simple_rnn_table;
const SimpleRnnTable simple_rnn_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
