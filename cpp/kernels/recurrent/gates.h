// What the steps of recurrent kernels share: the gates' activation, chunks of rows, copies of states.
#pragma once
#include "base/parallel.h"
#include "simd/math.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class V>
PRONGHORN_INLINE V bounded(V x, Element<V> most) {
  return max(broadcast(-most), min(broadcast(most), x));
}

// sigmoid and tanh of simd/math.h without what only the far ends of the range need: beyond `most` the sigmoid
// stays at about 1e-38 (1e-300) in place of 0.
template <class V>
PRONGHORN_INLINE V quick_sigmoid(V x) {
  using T = Element<V>;
  const V one = broadcast<T>(1);
  V n;
  const V r = reduce_by_ln2(bounded(-x, T(sizeof(T) == 4 ? 87 : 690)), n);
  const V part = fma(r * r, polynomial(r, Constants<T>::exp_rest), r) + one;
  return one / fma(part, exponential_of_two(n), one);
}

template <class V>
PRONGHORN_INLINE V quick_tanh(V x) {
  using T = Element<V>;
  const V near = bounded(x, Constants<T>::tanh_most);
  V n;
  const V r = reduce_by_ln2(near + near, n), scale = exponential_of_two(n);
  const V e = fma(scale, fma(r * r, polynomial(r, Constants<T>::exp_rest), r), scale - broadcast<T>(1));
  return e / (e + broadcast<T>(2));
}

template <bool hard, class V>
PRONGHORN_INLINE V gate(V z) {
  using T = Element<V>;
  if constexpr (!hard) return quick_sigmoid(z);
  return max(zero<T>(), min(broadcast<T>(1), fma(z, broadcast(T(0.2)), broadcast(T(0.5)))));
}

// diff times the derivative, by the gate's value.
template <bool hard, class V>
PRONGHORN_INLINE V through_gate(V diff, V value) {
  using T = Element<V>;
  if constexpr (!hard) return diff * value * (broadcast<T>(1) - value);
  return select((value > zero<T>()) & (value < broadcast<T>(1)), diff * T(0.2), zero<T>());
}

template <class V>
PRONGHORN_INLINE V through_tanh(V diff, V value) {
  return diff * (broadcast<Element<V>>(1) - value * value);
}

template <class T>
PRONGHORN_INLINE void copy(T* to, const T* from, int64_t n) {
  __builtin_memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
}

// Copies if there is something to copy, else fills with zeros.
template <class T>
PRONGHORN_INLINE void copy_or_zero(T* to, const T* from, int64_t n) {
  if (from)
    copy(to, from, n);
  else
    __builtin_memset(to, 0, static_cast<size_t>(n) * sizeof(T));
}

// The output of a masked step: the one before.
template <class T>
PRONGHORN_INLINE void repeat_output(T* h, int64_t t, int64_t units) {
  copy_or_zero<T>(h, t > 0 ? h - units : nullptr, units);
}

// The state at the beginning of each step that counts: the initial one up to the first such step, then the
// output before. All arguments belong to one row of the batch.
template <class T>
PRONGHORN_INLINE void states_before(T* before, const T* h, const T* h0, const bool* mask, int64_t time,
                                    int64_t units) {
  bool begun = false;
  for (int64_t t = 0; t < time; t++) {
    copy(before + t * units, begun ? h + (t - 1) * units : h0, units);
    begun = begun || !mask || mask[t];
  }
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
