#include "kernels/recurrent/simple_rnn.h"

#include "kernels/recurrent/gates.h"
#include "kernels/recurrent/panels.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The packed weights, and for each row of the batch a row of units and the sums of a group.
template <class T>
size_t scratch(const SimpleRnnProblem& p) {
  return static_cast<size_t>(Panels<T>::size(p.units, p.units, 1) +
                             p.batch * (p.units + Panels<T>::columns)) *
         sizeof(T);
}

template <class T>
void forward(const SimpleRnnProblem& p, const SimpleRnnForward<T>& a, void* scratch) {
  const int64_t units = p.units, stride = p.time * units;
  const auto weights = Panels<T>::pack(a.weights, units, units, units, 1, false, static_cast<T*>(scratch));
  T* sums = static_cast<T*>(scratch) + Panels<T>::size(units, units, 1);
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        T* states = a.h_last + begin * units;
        copy(states, a.h0 + begin * units, (end - begin) * units);
        for (int64_t t = 0; t < p.time; t++) {
          const int64_t first = (begin * p.time + t) * units;
          weights.add(end - begin, states, units, a.x + first, stride, a.h + first, stride,
                      sums + begin * Panels<T>::columns);
          for (int64_t row = begin; row < end; row++) {
            T *h = a.h + (row * p.time + t) * units, *state = a.h_last + row * units;
            if (a.mask && !a.mask[row * p.time + t]) {
              repeat_output(h, t, units);
              continue;
            }
            for (int64_t j = 0; j < units; j += width<T>) {
              const Vec<T> output = quick_tanh(load_upto(h + j, units - j));
              store_upto(h + j, output, units - j);
              store_upto(state + j, output, units - j);
            }
          }
        }
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
