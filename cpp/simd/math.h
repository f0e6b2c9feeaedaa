// Elementary functions of whole vectors, for float and double. Float results are within about 2 units in the
// last place of the exact value, double ones within about 1e-15 relative; infinities, zeros, NaN and
// denormals give what <cmath> gives, save for the sign of a zero. Polynomials are fitted at Chebyshev nodes
// over the reduced range. The rare functions go lane by lane through the C library.
#pragma once
#include "simd/min_max.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class T>
struct Constants;
template <>
struct Constants<float> {
  static constexpr int mantissa_bits = 23, bias = 127;
  static constexpr uint32_t one = 0x3f800000u, sqrt_half = 0x3f3504f3u, sign = 0x80000000u;
  static constexpr float round_magic = 0x1.8p23f, smallest_normal = 0x1p-126f, denormal_scale = 0x1p25f;
  static constexpr int denormal_exponent = 25;
  static constexpr float log2e = 1.44269504f, ln2_high = 0.693115234375f, ln2_low = 3.194618329871446e-05f;
  static constexpr float exp_least = -104.0f, exp_most = 89.0f;    // beyond them exp is 0 and infinity
  static constexpr float expm1_least = -20.0f, tanh_most = 10.0f;  // beyond them expm1 is -1, tanh is 1
  // (exp(r) - 1 - r) / r^2 on |r| <= ln(2)/2, highest power first
  static constexpr float exp_rest[] = {0.0013926184037700295f, 0.008363178931176662f, 0.041666556149721146f,
                                       0.16666576266288757f, 0.5f};
};
template <>
struct Constants<double> {
  static constexpr int mantissa_bits = 52, bias = 1023;
  static constexpr uint64_t one = 0x3ff0000000000000u, sqrt_half = 0x3fe6a09e667f3bcdu,
                            sign = 0x8000000000000000u;
  static constexpr double round_magic = 0x1.8p52, smallest_normal = 0x1p-1022, denormal_scale = 0x1p54;
  static constexpr int denormal_exponent = 54;
  static constexpr double log2e = 1.4426950408889634, ln2_high = 0.6931471805582987,
                          ln2_low = 1.6465949582897082e-12;
  static constexpr double exp_least = -746.0, exp_most = 710.0;
  static constexpr double expm1_least = -40.0, tanh_most = 20.0;
  static constexpr double exp_rest[] = {2.0914686968086876e-09,
                                        2.5105217004720745e-08,
                                        2.75572736431103e-07,
                                        2.7557255400206422e-06,
                                        2.4801587325547743e-05,
                                        0.00019841269874820627,
                                        0.0013888888888883748,
                                        0.008333333333326136,
                                        0.04166666666666667,
                                        0.1666666666666667,
                                        0.5};
};

// Horner's rule, highest power first.
template <class V, class T, int n>
PRONGHORN_INLINE V polynomial(V x, const T (&coefficient)[n]) {
  V value = broadcast(coefficient[0]);
#pragma GCC unroll 16
  for (int i = 1; i < n; i++) value = fma(value, x, broadcast(coefficient[i]));
  return value;
}

template <class V>
PRONGHORN_INLINE V sign_of(V magnitude, V sign) {
  return from_bits(bits(magnitude) | (bits(sign) & Constants<Element<V>>::sign));
}

// 2^n for a whole n inside the normal range.
template <class V>
PRONGHORN_INLINE V exponential_of_two(V n) {
  using C = Constants<Element<V>>;
  // Adding the magic number leaves n in the low bits.
  const V shifted = n + broadcast(C::round_magic + static_cast<Element<V>>(C::bias));
  return from_bits(bits(shifted) << C::mantissa_bits);
}

// x = n ln 2 + r with |r| <= ln(2)/2; returns r.
template <class V>
PRONGHORN_INLINE V reduce_by_ln2(V x, V& n) {
  using C = Constants<Element<V>>;
  const V magic = broadcast(C::round_magic);
  n = fma(x, broadcast(C::log2e), magic) - magic;
  return fma(n, broadcast(-C::ln2_low), fma(n, broadcast(-C::ln2_high), x));
}

// 2^n (e + 1). In two steps, as 2^n itself may be denormal or infinite. `shifted` holds n in its low bits.
template <class V>
PRONGHORN_INLINE V scale_exponential(V e, [[maybe_unused]] V n, V shifted) {
  using C = Constants<Element<V>>;
#if defined(PRONGHORN_ISA_avx512)
  if constexpr (sizeof(Element<V>) == sizeof(float))
    return (V)_mm512_scalef_ps((__m512)(e + broadcast(1.0f)), (__m512)n);
#endif
  const auto whole = bits(shifted), half = whole >> 1;
  const V first = from_bits((half << C::mantissa_bits) + C::one);
  const V second = from_bits(((whole - half) << C::mantissa_bits) + C::one);
  return fma(e, first, first) * second;
}

template <class V>
PRONGHORN_INLINE V exp(V x) {
  using C = Constants<Element<V>>;
  x = max(broadcast(C::exp_least), min(broadcast(C::exp_most), x));
  const V magic = broadcast(C::round_magic), shifted = fma(x, broadcast(C::log2e), magic),
          n = shifted - magic;
  const V r = fma(n, broadcast(-C::ln2_low), fma(n, broadcast(-C::ln2_high), x));
  return scale_exponential(fma(r * r, polynomial(r, C::exp_rest), r), n, shifted);
}

// exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), with 2^n taken in two halves against overflow.
template <class V>
PRONGHORN_INLINE V expm1(V x) {
  using T = Element<V>;
  using C = Constants<T>;
  x = max(broadcast(C::expm1_least), min(broadcast(C::exp_most), x));
  V n;
  const V r = reduce_by_ln2(x, n);
  const V half = exponential_of_two(n - broadcast<T>(1));
  const V value = fma(half, fma(r * r, polynomial(r, C::exp_rest), r), half - broadcast<T>(0.5));
  return value + value;
}

// log(1 + f) - f on [sqrt(1/2) - 1, sqrt(2) - 1]
PRONGHORN_INLINE Vec<float> log_rest(Vec<float> f) {
  static constexpr float rest[] = {0.06971611827611923f, -0.11479733884334564f,
                                   0.11685419827699661f, -0.12425687164068222f,
                                   0.14249058067798615f, -0.1666780263185501f,
                                   0.20000715553760529f, -0.2499999701976776f,
                                   0.3333333134651184f,  -0.5f};
  return f * f * polynomial(f, rest);
}
// The same by atanh: log(1 + f) = 2 atanh(s), s = f / (2 + f).
PRONGHORN_INLINE Vec<double> log_rest(Vec<double> f) {
  static constexpr double rest[] = {0.13086767009948175, 0.13268759668560612, 0.15386240205813478,
                                    0.18181795630884753, 0.2222222239180047,  0.2857142857080323,
                                    0.4000000000000088,  0.6666666666666666};
  const Vec<double> s = f / (f + 2.0), z = s * s;
  return s * (f * f * 0.5 + z * polynomial(z, rest)) - f * f * 0.5;
}

// log(x) - whole ln(2) for a positive normal x.
template <class V>
PRONGHORN_INLINE V log_of_normal(V x, Element<V> whole) {
  using T = Element<V>;
  using C = Constants<T>;
  // Shifted so that the fraction lies in [sqrt(1/2), sqrt(2)).
  const auto shifted = bits(x) + (C::one - C::sqrt_half);
  const V f =
      from_bits((shifted & ((decltype(C::one){1} << C::mantissa_bits) - 1)) + C::sqrt_half) - broadcast<T>(1);
  const T unit = static_cast<T>(decltype(C::one){1} << C::mantissa_bits);  // its last mantissa bit is worth 1
  const V exponent =
      from_bits((shifted >> C::mantissa_bits) | bits(broadcast(unit))) - broadcast(unit + C::bias + whole);
  const V rest = fma(exponent, broadcast(C::ln2_low), log_rest(f));
  return fma(exponent, broadcast(C::ln2_high), f + rest);
}

template <class V>
PRONGHORN_INLINE V log(V x) {
  using T = Element<V>;
  using C = Constants<T>;
  const T infinity = static_cast<T>(__builtin_inf());
  V value = log_of_normal(x, T(0));
  constexpr auto least =
      C::one - (decltype(C::one){C::bias - 1} << C::mantissa_bits);  // the least normal number
  constexpr auto beyond = C::one + (decltype(C::one){C::bias + 1} << C::mantissa_bits);  // infinity
  if (any(bits(x) - least >= beyond - least)) [[unlikely]] {
    const V scaled = log_of_normal(x * broadcast(C::denormal_scale), T(C::denormal_exponent));
    value = select(x < broadcast(C::smallest_normal), scaled, value);
    const V special =
        select(x == zero<T>(), broadcast(-infinity), broadcast(static_cast<T>(__builtin_nan(""))));
    value = select(x > zero<T>(), select(x < broadcast(infinity), value, x), special);
  }
  return value;
}

// log(u) x / (u - 1) with u = 1 + x makes good what rounding u lost (W. Kahan).
template <class V>
PRONGHORN_INLINE V log1p(V x) {
  using T = Element<V>;
  const V one = broadcast<T>(1), u = one + x, difference = u - one;
  const V value = log(u) * (x / difference);
  const auto exact = difference == zero<T>();
  const auto infinite = u == broadcast(static_cast<T>(__builtin_inf()));
  return select(exact | infinite, x, value);
}

template <class V>
PRONGHORN_INLINE V tanh(V x) {
  using T = Element<V>;
  const V a = min(broadcast(Constants<T>::tanh_most), abs(x));
  const V e = expm1(a + a);
  return sign_of(e / (e + broadcast<T>(2)), x);
}

// Where exp(-x) is infinite, the result lies below the normal numbers: 0 stands for it.
template <class V>
PRONGHORN_INLINE V sigmoid(V x) {
  const V one = broadcast<Element<V>>(1);
  return one / (one + exp(-x));
}

template <class V>
PRONGHORN_INLINE V softplus(V x) {
  return max(zero<Element<V>>(), x) + log1p(exp(-abs(x)));
}

// --- lane by lane

template <class V, class F>
PRONGHORN_INLINE V each_lane(V v, F f) {
  for (int i = 0; i < width<Element<V>>; i++) v[i] = f(v[i]);
  return v;
}
PRONGHORN_INLINE Vec<double> sin(Vec<double> x) {
  return each_lane(x, [](double v) { return __builtin_sin(v); });
}
PRONGHORN_INLINE Vec<double> cos(Vec<double> x) {
  return each_lane(x, [](double v) { return __builtin_cos(v); });
}
PRONGHORN_INLINE Vec<double> tan(Vec<double> x) {
  return each_lane(x, [](double v) { return __builtin_tan(v); });
}
PRONGHORN_INLINE Vec<double> erf(Vec<double> x) {
  return each_lane(x, [](double v) { return __builtin_erf(v); });
}
PRONGHORN_INLINE Vec<float> pow(Vec<float> a, Vec<float> b) {
  for (int i = 0; i < width<float>; i++) a[i] = __builtin_powf(a[i], b[i]);
  return a;
}
PRONGHORN_INLINE Vec<double> pow(Vec<double> a, Vec<double> b) {
  for (int i = 0; i < width<double>; i++) a[i] = __builtin_pow(a[i], b[i]);
  return a;
}

// --- trigonometric functions of float

constexpr float trigonometric_most =
    40000.0f;  // up to here multiples of the parts of pi/2 are exact; beyond it: libm

struct SinCos {
  Vec<float> sin, cos;
};

// x = n pi/2 + r with |r| <= pi/4, by pi/2 in four parts (W. J. Cody, W. Waite).
PRONGHORN_INLINE SinCos sin_cos(Vec<float> x) {
  static constexpr float sin_rest[] = {2.724962087086169e-06f, -0.00019840084132738411f,
                                       0.008333331905305386f, -0.1666666716337204f};
  static constexpr float cos_rest[] = {-2.7300703209220956e-07f, 2.4800598112051375e-05f,
                                       -0.00138888880610466f, 0.0416666679084301f};
  const Vec<float> magic = broadcast(0x1.8p23f);
  const Vec<float> shifted = fma(x, broadcast(0.636619772f), magic), n = shifted - magic;
  Vec<float> r = fma(n, broadcast(-1.5703125f), x);
  r = fma(n, broadcast(-0.00048351287841796875f), r);
  r = fma(n, broadcast(-3.1385570764541626e-07f), r);
  r = fma(n, broadcast(-6.07710062827671e-11f), r);
  const Vec<float> z = r * r;
  const Vec<float> sine = fma(r * z, polynomial(z, sin_rest), r);
  const Vec<float> cosine = fma(z * z, polynomial(z, cos_rest), broadcast(1.0f) - z * 0.5f);
  const Vec<uint32_t> quadrant = bits(shifted);
  const auto odd = (quadrant & 1) != 0;
  const Vec<float> s = select(odd, cosine, sine), c = select(odd, sine, cosine);
  return {from_bits(bits(s) ^ ((quadrant & 2) << 30)), from_bits(bits(c) ^ (((quadrant + 1) & 2) << 30))};
}

template <class F>
PRONGHORN_INLINE Vec<float> beyond(Vec<float> x, Vec<float> value, F scalar) {
  const auto far = abs(x) > broadcast(trigonometric_most);
  if (any(far)) [[unlikely]]
    for (int i = 0; i < width<float>; i++)
      if (far[i]) value[i] = scalar(x[i]);
  return value;
}
PRONGHORN_INLINE Vec<float> sin(Vec<float> x) {
  return beyond(x, sin_cos(x).sin, [](float v) { return __builtin_sinf(v); });
}
PRONGHORN_INLINE Vec<float> cos(Vec<float> x) {
  return beyond(x, sin_cos(x).cos, [](float v) { return __builtin_cosf(v); });
}
PRONGHORN_INLINE Vec<float> tan(Vec<float> x) {
  const SinCos parts = sin_cos(x);
  return beyond(x, parts.sin / parts.cos, [](float v) { return __builtin_tanf(v); });
}

// x P(x^2) below 1; from there 1 - exp(Q(x)), Q being the logarithm of erfc.
PRONGHORN_INLINE Vec<float> erf(Vec<float> x) {
  static constexpr float small[] = {-9.667044650996104e-06f, 0.00011265958892181516f, -0.0008484080317430198f,
                                    0.005221031606197357f,   -0.026865430176258087f,  0.11283782124519348f,
                                    -0.37612637877464294f,   1.128379225730896f};
  static constexpr float log_erfc[] = {
      1.6371513993362896e-06f, -4.605804133461788e-05f, 0.0005968056502752006f,
      -0.004759596195071936f,  0.026421135291457176f,   -0.11008008569478989f,
      -0.6318260431289673f,    -1.1302334070205688f,    0.0003201380604878068f};
  const Vec<float> a = abs(x);
  const Vec<float> outer = broadcast(1.0f) - exp(polynomial(min(broadcast(4.0f), a), log_erfc));
  return select(a < broadcast(1.0f), x * polynomial(x * x, small), sign_of(outer, x));
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
