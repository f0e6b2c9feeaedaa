#include <algorithm>
#include <cmath>

#include "kernels/recurrent/lstm.h"
#include "kernels/recurrent/reference.h"

namespace pronghorn::Reference {
namespace {

// A copy of the state before a step, which all units of the step read.
template <class T>
size_t scratch(const LstmProblem& p) {
  return static_cast<size_t>(2 * p.units) * sizeof(T);
}

template <class T>
void forward(const LstmProblem& p, const LstmForward<T>& a, void* scratch) {
  const int64_t units = p.units;
  T* state = static_cast<T*>(scratch);
  for (int64_t row = 0; row < p.batch; row++) {
    T *h_last = a.h_last + row * units, *c_last = a.c_last + row * units;
    std::copy_n(a.h0 + row * units, units, h_last);
    std::copy_n(a.c0 + row * units, units, c_last);
    for (int64_t t = 0; t < p.time; t++) {
      const int64_t at = row * p.time + t;
      const bool counts = !a.mask || a.mask[at];
      std::copy_n(h_last, units, state);
      if (a.before) std::copy_n(h_last, units, a.before + at * units);
      for (int64_t j = 0; j < units; j++) {
        T value[4];
        for (int64_t k = 0; k < 4; k++) {
          T z = a.gates_x[at * 4 * units + k * units + j];
          for (int64_t i = 0; i < units; i++) z += state[i] * a.weights[(i * 4 + k) * units + j];
          value[k] = k == 2 ? std::tanh(z) : gate(p.hard, z);
          a.gates[at * 4 * units + k * units + j] = value[k];
        }
        if (counts) {
          c_last[j] = value[1] * c_last[j] + value[0] * value[2];
          h_last[j] = value[3] * std::tanh(c_last[j]);
        }
        a.c[at * units + j] = c_last[j];
        if (a.h) a.h[at * units + j] = counts ? h_last[j] : t > 0 ? a.h[(at - 1) * units + j] : T(0);
      }
    }
  }
}

template <class T>
void backward(const LstmProblem& p, const LstmBackward<T>& a, void* scratch) {
  const int64_t units = p.units;
  T *next = static_cast<T*>(scratch), *waiting = next + units;
  if (a.diff_bias) std::fill_n(a.diff_bias, 4 * units, T(0));
  for (int64_t row = 0; row < p.batch; row++) {
    T *dh = a.diff_h0 + row * units, *dc = a.diff_c0 + row * units;
    copy_or_zero(dh, a.diff_h_last, row, units);
    copy_or_zero(dc, a.diff_c_last, row, units);
    std::fill_n(waiting, units, T(0));
    if (a.h) states_before(a, row, p.time, units);
    for (int64_t t = p.time - 1; t >= 0; t--) {
      const int64_t at = row * p.time + t;
      T* dz = a.diff_gates + at * 4 * units;
      for (int64_t j = 0; j < units; j++)
        if (a.diff_h) waiting[j] += a.diff_h[at * units + j];
      if (a.mask && !a.mask[at]) {
        std::fill_n(dz, 4 * units, T(0));
        continue;
      }
      const T* gates = a.gates + at * 4 * units;
      for (int64_t j = 0; j < units; j++) {
        const T i = gates[j], f = gates[units + j], g = gates[2 * units + j], o = gates[3 * units + j];
        const T diff = dh[j] + waiting[j], squashed = std::tanh(a.c[at * units + j]);
        const T before = t > 0 ? a.c[(at - 1) * units + j] : a.c0[row * units + j];
        const T cell = dc[j] + diff * o * (1 - squashed * squashed);
        dz[j] = cell * g * gate_slope(p.hard, i);
        dz[units + j] = cell * before * gate_slope(p.hard, f);
        dz[2 * units + j] = cell * i * (1 - g * g);
        dz[3 * units + j] = diff * squashed * gate_slope(p.hard, o);
        dc[j] = cell * f;
        waiting[j] = 0;
      }
      for (int64_t k = 0; a.diff_bias && k < 4 * units; k++) a.diff_bias[k] += dz[k];
      for (int64_t i = 0; i < units; i++) {
        next[i] = 0;
        for (int64_t k = 0; k < 4 * units; k++) next[i] += dz[k] * a.weights[i * 4 * units + k];
      }
      std::copy_n(next, units, dh);
    }
  }
}

template <class T>
constexpr LstmFunctions<T> functions = {scratch<T>, forward<T>, backward<T>};

}  // namespace

extern const LstmTable lstm_table;
const LstmTable lstm_table = {functions<float>, functions<double>};

}  // namespace pronghorn::Reference
