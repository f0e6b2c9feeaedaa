// What the steps of recurrent kernels share: the gates' activation, chunks of rows, copies of states.
#pragma once
#include "base/parallel.h"
#include "simd/math.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Between -most and most. The instructions are asked for by name: of a < b ? a : b the compiler makes two.
PRONGHORN_INLINE Vec<float> bounded(Vec<float> x, float most) {
  const Vec<float> high = broadcast(most), low = broadcast(-most);
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_max_ps((__m512)low, _mm512_min_ps((__m512)high, (__m512)x));
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_max_ps((__m256)low, _mm256_min_ps((__m256)high, (__m256)x));
#else
  return max(low, min(high, x));
#endif
}
PRONGHORN_INLINE Vec<double> bounded(Vec<double> x, double most) {
  return max(broadcast(-most), min(broadcast(most), x));
}

// a / b; on AVX-512, where divisions are slow, by an estimate and a step of Newton's.
template <class V>
PRONGHORN_INLINE V quotient(V a, V b) {
#if defined(PRONGHORN_ISA_avx512)
  if constexpr (sizeof(Element<V>) == sizeof(float)) {
    const V estimate = (V)_mm512_rcp14_ps((__m512)b);
    return a * fma(estimate, fma(-b, estimate, broadcast(1.0f)), estimate);
  }
#endif
  return a / b;
}

// x = n ln(2) / parts + r; returns r, and 2^n. The rounding of ln(2) is left out where fma keeps all of n
// ln(2) otherwise: with |n| below 40 it is lost in that of the result.
template <int parts, class V>
PRONGHORN_INLINE V quick_reduce(V x, V& scale) {
  using T = Element<V>;
  using C = Constants<T>;
  constexpr T magic = C::round_magic + C::bias, step = T(0.6931471805599453094) / parts;
  const V shifted = fma(x, broadcast(C::log2e * parts), broadcast(magic)), n = shifted - broadcast(magic);
  scale = from_bits(bits(shifted) << C::mantissa_bits);
  constexpr bool has_fma = vector_bytes >= 32 || vector_registers == 32;
  if constexpr (has_fma) return fma(n, broadcast(-step), x);
  return fma(n, broadcast(-C::ln2_low / parts), fma(n, broadcast(-C::ln2_high / parts), x));
}

// (exp(parts r) - 1) / r
template <int parts, class V>
PRONGHORN_INLINE V quick_slope(V r) {
  using T = Element<V>;
  constexpr auto& rest = Constants<T>::exp_rest;
  constexpr int n = sizeof(rest) / sizeof(T);
  T power = 1;
  for (int i = 0; i <= n; i++) power *= parts;
  V value = broadcast(rest[0] * power);
#pragma GCC unroll 16
  for (int i = 1; i < n; i++) {
    power /= parts;
    value = fma(value, r, broadcast(rest[i] * power));
  }
  return fma(value, r, broadcast(T(parts)));
}

// sigmoid and tanh of simd/math.h without what only the far ends of the range need: beyond `most` the sigmoid
// stays at about 1e-38 (1e-300) in place of 0. Within 3 units in the last place (5 below -20).
template <class V>
PRONGHORN_INLINE V quick_sigmoid(V x) {
  using T = Element<V>;
  const V one = broadcast<T>(1);
  V scale;
  const V r = quick_reduce<1>(-bounded(x, T(sizeof(T) == 4 ? 87 : 690)), scale);
  return quotient(one, fma(fma(quick_slope<1>(r), r, one), scale, one));
}

template <class V>
PRONGHORN_INLINE V quick_tanh(V x) {
  using T = Element<V>;
  V scale;
  const V r = quick_reduce<2>(bounded(x, Constants<T>::tanh_most), scale);
  const V e = fma(scale, quick_slope<2>(r) * r, scale - broadcast<T>(1));
  return quotient(e, e + broadcast<T>(2));
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
  if constexpr (!hard) return diff * fma(-value, value, value);
  return select((value > zero<T>()) & (value < broadcast<T>(1)), diff * T(0.2), zero<T>());
}

template <class V>
PRONGHORN_INLINE V through_tanh(V diff, V value) {
  return diff * fma(-value, value, broadcast<Element<V>>(1));
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

PRONGHORN_INLINE int64_t first_that_counts(const bool* mask, int64_t time) {
  int64_t t = 0;
  while (mask && t < time && !mask[t]) t++;
  return t;
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
