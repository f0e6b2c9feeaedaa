// What the plain implementations of recurrent kernels share.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace pronghorn::Reference {

template <class T>
T gate(bool hard, T z) {
  return hard ? std::max(T(0), std::min(T(1), T(0.2) * z + T(0.5))) : 1 / (1 + std::exp(-z));
}

// The derivative, by the gate's value.
template <class T>
T gate_slope(bool hard, T value) {
  return hard ? (value > 0 && value < 1 ? T(0.2) : T(0)) : value * (1 - value);
}

// One row of the batch: `to` gets the gradient by its last state, which is zero if there is none.
template <class T>
void copy_or_zero(T* to, const T* diff_last, int64_t row, int64_t units) {
  for (int64_t j = 0; j < units; j++) to[j] = diff_last ? diff_last[row * units + j] : T(0);
}

// One row of the batch: the state at the beginning of each step that counts, which is the initial one up to
// the first such step, then the output before.
template <class Backward>
void states_before(const Backward& a, int64_t row, int64_t time, int64_t units) {
  bool begun = false;
  for (int64_t t = 0; t < time; t++) {
    const int64_t at = row * time + t;
    std::copy_n(begun ? a.h + (at - 1) * units : a.h0 + row * units, units, a.before + at * units);
    begun = begun || !a.mask || a.mask[at];
  }
}

}  // namespace pronghorn::Reference
