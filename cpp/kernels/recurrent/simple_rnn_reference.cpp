#include <algorithm>
#include <cmath>

#include "kernels/recurrent/reference.h"
#include "kernels/recurrent/simple_rnn.h"

namespace pronghorn::Reference {
namespace {

template <class T>
size_t scratch(const SimpleRnnProblem& p) {
  return static_cast<size_t>(2 * p.units) * sizeof(T);
}

template <class T>
void forward(const SimpleRnnProblem& p, const SimpleRnnForward<T>& a, void*) {
  const int64_t units = p.units;
  for (int64_t row = 0; row < p.batch; row++) {
    T* state = a.h_last + row * units;
    std::copy_n(a.h0 + row * units, units, state);
    for (int64_t t = 0; t < p.time; t++) {
      const int64_t at = row * p.time + t;
      T* h = a.h + at * units;
      for (int64_t j = 0; j < units; j++) {
        T sum = a.x[at * units + j];
        for (int64_t i = 0; i < units; i++) sum += state[i] * a.weights[i * units + j];
        h[j] = std::tanh(sum);
      }
      if (!a.mask || a.mask[at])
        std::copy_n(h, units, state);
      else
        for (int64_t j = 0; j < units; j++) h[j] = t > 0 ? h[j - units] : T(0);
    }
  }
}

template <class T>
void backward(const SimpleRnnProblem& p, const SimpleRnnBackward<T>& a, void* scratch) {
  const int64_t units = p.units;
  T* waiting = static_cast<T*>(scratch);
  for (int64_t row = 0; row < p.batch; row++) {
    T* dh = a.diff_h0 + row * units;
    copy_or_zero(dh, a.diff_h_last, row, units);
    std::fill_n(waiting, units, T(0));
    states_before(a, row, p.time, units);
    for (int64_t t = p.time - 1; t >= 0; t--) {
      const int64_t at = row * p.time + t;
      const bool counts = !a.mask || a.mask[at];
      T* diff = a.diff_x + at * units;
      for (int64_t j = 0; j < units; j++) {
        const T h = a.h[at * units + j];
        if (a.diff_h) waiting[j] += a.diff_h[at * units + j];
        diff[j] = counts ? (dh[j] + waiting[j]) * (1 - h * h) : T(0);
        if (counts) waiting[j] = 0;
      }
      for (int64_t i = 0; counts && i < units; i++) {
        dh[i] = 0;
        for (int64_t j = 0; j < units; j++) dh[i] += diff[j] * a.weights[i * units + j];
      }
    }
  }
}

template <class T>
constexpr SimpleRnnFunctions<T> functions = {scratch<T>, forward<T>, backward<T>};

}  // namespace

extern const SimpleRnnTable simple_rnn_table;
const SimpleRnnTable simple_rnn_table = {functions<float>, functions<double>};

}  // namespace pronghorn::Reference
