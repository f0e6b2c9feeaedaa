#include <algorithm>
#include <cmath>

#include "kernels/recurrent/gru.h"
#include "kernels/recurrent/reference.h"

namespace pronghorn::Reference {
namespace {

template <class T>
size_t scratch(const GruProblem& p) {
  return static_cast<size_t>(2 * p.units) * sizeof(T);
}

// row · column `column` of the weights
template <class T>
T dot(const GruProblem& p, const T* row, const T* weights, int64_t column) {
  T sum = 0;
  for (int64_t i = 0; i < p.units; i++) sum += row[i] * weights[i * 3 * p.units + column];
  return sum;
}

template <class T>
void forward(const GruProblem& p, const GruForward<T>& a, void*) {
  const int64_t units = p.units;
  for (int64_t row = 0; row < p.batch; row++) {
    T* state = a.h_last + row * units;
    std::copy_n(a.h0 + row * units, units, state);
    for (int64_t t = 0; t < p.time; t++) {
      const int64_t at = row * p.time + t;
      T *gates = a.gates + at * 3 * units, *inner = a.inner + at * units, *h = a.h + at * units;
      const T* x = a.gates_x + at * 3 * units;
      for (int64_t j = 0; j < 2 * units; j++) gates[j] = gate(p.hard, x[j] + dot(p, state, a.weights, j));
      for (int64_t j = 0; j < units; j++)
        inner[j] = p.reset_after ? dot(p, state, a.weights, 2 * units + j) + a.inner_bias[j]
                                 : gates[units + j] * state[j];
      for (int64_t j = 0; j < units; j++) {
        const T product =
            p.reset_after ? gates[units + j] * inner[j] : dot(p, inner, a.weights, 2 * units + j);
        gates[2 * units + j] = std::tanh(x[2 * units + j] + product);
      }
      const bool counts = !a.mask || a.mask[at];
      for (int64_t j = 0; j < units; j++) {
        if (counts) state[j] = gates[j] * state[j] + (1 - gates[j]) * gates[2 * units + j];
        h[j] = counts ? state[j] : t > 0 ? h[j - units] : T(0);
      }
    }
  }
}

// diff · the transposed columns of the weights from `column` on, for one unit
template <class T>
T dot_back(const GruProblem& p, const T* diff, int64_t count, const T* weights, int64_t column,
           int64_t unit) {
  T sum = 0;
  for (int64_t k = 0; k < count; k++) sum += diff[k] * weights[unit * 3 * p.units + column + k];
  return sum;
}

template <class T>
void backward(const GruProblem& p, const GruBackward<T>& a, void* scratch) {
  const int64_t units = p.units;
  T* waiting = static_cast<T*>(scratch);
  for (int64_t row = 0; row < p.batch; row++) {
    T* dh = a.diff_h0 + row * units;
    copy_or_zero(dh, a.diff_h_last, row, units);
    std::fill_n(waiting, units, T(0));
    states_before(a, row, p.time, units);
    for (int64_t t = p.time - 1; t >= 0; t--) {
      const int64_t at = row * p.time + t;
      T *dz = a.diff_gates + at * 3 * units, *diff_inner = a.diff_inner + at * units;
      const T *gates = a.gates + at * 3 * units, *inner = a.inner + at * units,
              *before = a.before + at * units;
      for (int64_t j = 0; j < units; j++)
        if (a.diff_h) waiting[j] += a.diff_h[at * units + j];
      if (a.mask && !a.mask[at]) {
        std::fill_n(dz, 3 * units, T(0));
        std::fill_n(diff_inner, units, T(0));
        continue;
      }
      for (int64_t j = 0; j < units; j++) {
        const T diff = dh[j] + waiting[j], z = gates[j], c = gates[2 * units + j];
        waiting[j] = 0;
        dh[j] = diff * z;
        dz[j] = diff * (before[j] - c) * gate_slope(p.hard, z);
        dz[2 * units + j] = diff * (1 - z) * (1 - c * c);
      }
      for (int64_t j = 0; j < units; j++) {
        const T r = gates[units + j], sum = dz[2 * units + j];
        diff_inner[j] = p.reset_after ? sum * r : dot_back(p, dz + 2 * units, units, a.weights, 2 * units, j);
        if (!p.reset_after) dh[j] += diff_inner[j] * r;
        dz[units + j] = (p.reset_after ? sum * inner[j] : diff_inner[j] * before[j]) * gate_slope(p.hard, r);
      }
      for (int64_t j = 0; j < units; j++) {
        dh[j] += dot_back(p, dz, 2 * units, a.weights, 0, j);
        if (p.reset_after) dh[j] += dot_back(p, diff_inner, units, a.weights, 2 * units, j);
      }
    }
  }
}

template <class T>
constexpr GruFunctions<T> functions = {scratch<T>, forward<T>, backward<T>};

}  // namespace

extern const GruTable gru_table;
const GruTable gru_table = {functions<float>, functions<double>};

}  // namespace pronghorn::Reference
