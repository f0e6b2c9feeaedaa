// One vector type per element type and instruction set, on GCC/Clang vector extensions. Only files that are
// compiled once per instruction set include this. Everything lives in the namespace of the set and is
// internal to the including file, so the linker can never keep one copy for all.
//
// - width<T>: lanes of Vec<T>; Mask<T>: what comparisons give, all ones or zero per lane
// - load(p), store(p, v): all lanes, unaligned
// - load_part(p, n), store_part(p, v, n): the first n < width lanes; the other lanes of a loaded vector are 0
// - broadcast<T>(x), zero<T>(), iota<T>(): x in every lane; 0; 0, 1, 2, …
// - fma(a, b, c): a*b + c, with one rounding where the set has FMA
// - select(mask, a, b), any(mask), min, max, abs, sqrt, floor, ceil, round_even, sum(v)
// - to_int(v), to_float(v), bits(v), from_bits(v)
//
// + - * / < > == & | << >> are the compiler's own, lane by lane.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define PRONGHORN_INLINE static inline __attribute__((always_inline))

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

#if defined(PRONGHORN_ISA_avx512)
constexpr int vector_bytes = 64, vector_registers = 32;
#elif defined(PRONGHORN_ISA_avx2)
constexpr int vector_bytes = 32, vector_registers = 16;
#elif defined(PRONGHORN_ISA_neon)
constexpr int vector_bytes = 16, vector_registers = 32;
#else
constexpr int vector_bytes = 16, vector_registers = 16;
#endif

template <class T>
struct VecOf;
#define PRONGHORN_VEC(T, M)                                                                        \
  template <>                                                                                      \
  struct VecOf<T> {                                                                                \
    typedef T type __attribute__((vector_size(vector_bytes)));                                     \
    typedef T unaligned __attribute__((vector_size(vector_bytes), aligned(sizeof(T)), may_alias)); \
    typedef M mask __attribute__((vector_size(vector_bytes)));                                     \
  };
PRONGHORN_VEC(float, int32_t)
PRONGHORN_VEC(double, int64_t)
PRONGHORN_VEC(int32_t, int32_t)
PRONGHORN_VEC(uint32_t, int32_t)
PRONGHORN_VEC(int64_t, int64_t)
PRONGHORN_VEC(uint64_t, int64_t)
PRONGHORN_VEC(uint8_t, int8_t)
#undef PRONGHORN_VEC

template <class T>
using Vec = typename VecOf<T>::type;
template <class T>
using Mask = typename VecOf<T>::mask;
template <class T>
constexpr int width = vector_bytes / static_cast<int>(sizeof(T));

template <class V>
struct ElementOf {
  using type = std::remove_cv_t<std::remove_reference_t<decltype(std::declval<V>()[0])>>;
};
template <class V>
using Element = typename ElementOf<V>::type;

// f(0), f(1), … f(N - 1), each index a constant. Arrays that only such indices touch stay in registers, where
// the lambda f is inlined early: it has to say always_inline, or its function flatten.
template <int N, class F>
PRONGHORN_INLINE void unroll(const F& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, I>{}), ...);
  }(std::make_integer_sequence<int, N>{});
}

template <class T>
PRONGHORN_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename VecOf<T>::unaligned*>(p);
}
template <class T>
PRONGHORN_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename VecOf<T>::unaligned*>(p) = v;
}

// x - 0 and not 0 + x: the latter is a real addition because of signed zeros, the former folds to a
// broadcast.
template <class T>
PRONGHORN_INLINE Vec<T> broadcast(T x) {
  return x - Vec<T>{};
}
template <class T>
PRONGHORN_INLINE Vec<T> zero() {
  return Vec<T>{};
}

template <class T>
PRONGHORN_INLINE Vec<T> iota() {
  return []<int... I>(std::integer_sequence<int, I...>) {
    return Vec<T>{static_cast<T>(I)...};
  }(std::make_integer_sequence<int, width<T>>{});
}

// --- the first n lanes

template <class T>
PRONGHORN_INLINE Vec<T> load_part(const T* p, int n) {
#if defined(PRONGHORN_ISA_avx512)
  if constexpr (sizeof(T) == 4)
    return (Vec<T>)_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << n) - 1), p);
  else if constexpr (sizeof(T) == 8)
    return (Vec<T>)_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1u << n) - 1), p);
  else
    return (Vec<T>)_mm512_maskz_loadu_epi8((uint64_t{1} << n) - 1, p);
#else
#if defined(PRONGHORN_ISA_avx2)
  if constexpr (sizeof(T) == 4)
    return (Vec<T>)_mm256_maskload_epi32(reinterpret_cast<const int*>(p),
                                         (__m256i)(iota<int32_t>() < broadcast<int32_t>(n)));
  if constexpr (sizeof(T) == 8)
    return (Vec<T>)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p),
                                         (__m256i)(iota<int64_t>() < broadcast<int64_t>(n)));
#endif
  Vec<T> v = {};
  if constexpr (width<T> <=
                4) {  // lane by lane with constant indices, so that nothing goes through the stack
    if (n > 0) v[0] = p[0];
    if constexpr (width<T> > 2) {
      if (n > 1) v[1] = p[1];
      if (n > 2) v[2] = p[2];
    }
  } else {
    for (int i = 0; i < n; i++) v[i] = p[i];
  }
  return v;
#endif
}
template <class T>
PRONGHORN_INLINE void store_part(T* p, Vec<T> v, int n) {
#if defined(PRONGHORN_ISA_avx512)
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_epi32(p, static_cast<__mmask16>((1u << n) - 1), (__m512i)v);
  else if constexpr (sizeof(T) == 8)
    _mm512_mask_storeu_epi64(p, static_cast<__mmask8>((1u << n) - 1), (__m512i)v);
  else
    _mm512_mask_storeu_epi8(p, (uint64_t{1} << n) - 1, (__m512i)v);
#else
#if defined(PRONGHORN_ISA_avx2)
  if constexpr (sizeof(T) == 4)
    return _mm256_maskstore_epi32(reinterpret_cast<int*>(p),
                                  (__m256i)(iota<int32_t>() < broadcast<int32_t>(n)), (__m256i)v);
  if constexpr (sizeof(T) == 8)
    return _mm256_maskstore_epi64(reinterpret_cast<long long*>(p),
                                  (__m256i)(iota<int64_t>() < broadcast<int64_t>(n)), (__m256i)v);
#endif
  if constexpr (width<T> <= 4) {
    if (n > 0) p[0] = v[0];
    if constexpr (width<T> > 2) {
      if (n > 1) p[1] = v[1];
      if (n > 2) p[2] = v[2];
    }
  } else {
    for (int i = 0; i < n; i++) p[i] = v[i];
  }
#endif
}

// --- arithmetic

PRONGHORN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}
PRONGHORN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<double>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<double>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

template <class M, class V>
PRONGHORN_INLINE V select(M mask, V a, V b) {
  return mask ? a : b;
}

// Whether any lane of a mask is set.
template <class M>
PRONGHORN_INLINE bool any(M mask) {
#if defined(PRONGHORN_ISA_avx512)
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(PRONGHORN_ISA_avx2)
  return _mm256_movemask_epi8((__m256i)mask) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)mask) != 0;
#elif defined(PRONGHORN_ISA_neon)
  return vmaxvq_u32((uint32x4_t)mask) != 0;
#else
  bool found = false;
  for (int i = 0; i < width<Element<M>>; i++) found |= mask[i] != 0;
  return found;
#endif
}

// The second operand where either is NaN, as the processors' own instructions have it.
template <class V>
PRONGHORN_INLINE V min(V a, V b) {
  return a < b ? a : b;
}
template <class V>
PRONGHORN_INLINE V max(V a, V b) {
  return a > b ? a : b;
}

PRONGHORN_INLINE Vec<uint32_t> bits(Vec<float> v) {
  return (Vec<uint32_t>)v;
}
PRONGHORN_INLINE Vec<uint64_t> bits(Vec<double> v) {
  return (Vec<uint64_t>)v;
}
PRONGHORN_INLINE Vec<float> from_bits(Vec<uint32_t> v) {
  return (Vec<float>)v;
}
PRONGHORN_INLINE Vec<double> from_bits(Vec<uint64_t> v) {
  return (Vec<double>)v;
}

PRONGHORN_INLINE Vec<float> abs(Vec<float> v) {
  return from_bits(bits(v) & 0x7fffffffu);
}
PRONGHORN_INLINE Vec<double> abs(Vec<double> v) {
  return from_bits(bits(v) & 0x7fffffffffffffffull);
}

// Truncating, as a C cast.
PRONGHORN_INLINE Vec<int32_t> to_int(Vec<float> v) {
  return __builtin_convertvector(v, Vec<int32_t>);
}
PRONGHORN_INLINE Vec<int64_t> to_int(Vec<double> v) {
  return __builtin_convertvector(v, Vec<int64_t>);
}
PRONGHORN_INLINE Vec<float> to_float(Vec<int32_t> v) {
  return __builtin_convertvector(v, Vec<float>);
}
PRONGHORN_INLINE Vec<double> to_float(Vec<int64_t> v) {
  return __builtin_convertvector(v, Vec<double>);
}

PRONGHORN_INLINE Vec<float> sqrt(Vec<float> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_sqrt_ps((__m512)v);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_sqrt_ps((__m256)v);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<float>)vsqrtq_f32((float32x4_t)v);
#elif defined(__SSE2__)
  return (Vec<float>)_mm_sqrt_ps((__m128)v);
#else
  for (int i = 0; i < width<float>; i++) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}
PRONGHORN_INLINE Vec<double> sqrt(Vec<double> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<double>)_mm512_sqrt_pd((__m512d)v);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<double>)_mm256_sqrt_pd((__m256d)v);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<double>)vsqrtq_f64((float64x2_t)v);
#elif defined(__SSE2__)
  return (Vec<double>)_mm_sqrt_pd((__m128d)v);
#else
  for (int i = 0; i < width<double>; i++) v[i] = __builtin_sqrt(v[i]);
  return v;
#endif
}

PRONGHORN_INLINE Vec<float> floor(Vec<float> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_roundscale_ps((__m512)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_round_ps((__m256)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<float>)vrndmq_f32((float32x4_t)v);
#elif defined(__SSE4_1__)
  return (Vec<float>)_mm_round_ps((__m128)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < width<float>; i++) v[i] = __builtin_floorf(v[i]);
  return v;
#endif
}
PRONGHORN_INLINE Vec<double> floor(Vec<double> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<double>)_mm512_roundscale_pd((__m512d)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<double>)_mm256_round_pd((__m256d)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<double>)vrndmq_f64((float64x2_t)v);
#elif defined(__SSE4_1__)
  return (Vec<double>)_mm_round_pd((__m128d)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < width<double>; i++) v[i] = __builtin_floor(v[i]);
  return v;
#endif
}

PRONGHORN_INLINE Vec<float> ceil(Vec<float> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_roundscale_ps((__m512)v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_round_ps((__m256)v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<float>)vrndpq_f32((float32x4_t)v);
#elif defined(__SSE4_1__)
  return (Vec<float>)_mm_round_ps((__m128)v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < width<float>; i++) v[i] = __builtin_ceilf(v[i]);
  return v;
#endif
}
PRONGHORN_INLINE Vec<double> ceil(Vec<double> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<double>)_mm512_roundscale_pd((__m512d)v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<double>)_mm256_round_pd((__m256d)v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<double>)vrndpq_f64((float64x2_t)v);
#elif defined(__SSE4_1__)
  return (Vec<double>)_mm_round_pd((__m128d)v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < width<double>; i++) v[i] = __builtin_ceil(v[i]);
  return v;
#endif
}

// To the nearest integer, halves to the even one.
PRONGHORN_INLINE Vec<float> round_even(Vec<float> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_roundscale_ps((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_round_ps((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<float>)vrndnq_f32((float32x4_t)v);
#elif defined(__SSE4_1__)
  return (Vec<float>)_mm_round_ps((__m128)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < width<float>; i++) v[i] = __builtin_rintf(v[i]);
  return v;
#endif
}
PRONGHORN_INLINE Vec<double> round_even(Vec<double> v) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<double>)_mm512_roundscale_pd((__m512d)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<double>)_mm256_round_pd((__m256d)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<double>)vrndnq_f64((float64x2_t)v);
#elif defined(__SSE4_1__)
  return (Vec<double>)_mm_round_pd((__m128d)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < width<double>; i++) v[i] = __builtin_rint(v[i]);
  return v;
#endif
}

// All lanes combined pairwise by f, the first half with the second; f takes vectors of any size and scalars.
// The order depends on the width alone.
template <class V, class F>
PRONGHORN_INLINE auto fold(V v, const F& f) {
  constexpr int n = sizeof(V) / sizeof(v[0]);
  if constexpr (n == 2) {
    return f(v[0], v[1]);
  } else {
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      return fold(f(__builtin_shufflevector(v, v, I...), __builtin_shufflevector(v, v, (I + n / 2)...)), f);
    }(std::make_integer_sequence<int, n / 2>{});
  }
}

template <class V>
PRONGHORN_INLINE Element<V> sum(V v) {
  return fold(v, [](auto a, auto b) { return a + b; });
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
