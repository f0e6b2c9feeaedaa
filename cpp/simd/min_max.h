// min and max of simd/vec.h by the processors' own instructions, which give the second operand where either
// is NaN, too. Of the formula GCC makes a comparison and a blend: four operations in place of one on some.
#pragma once
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

PRONGHORN_INLINE Vec<float> min(Vec<float> a, Vec<float> b) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Vec<float>)_mm_min_ps((__m128)a, (__m128)b);
#else
  return a < b ? a : b;
#endif
}
PRONGHORN_INLINE Vec<double> min(Vec<double> a, Vec<double> b) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<double>)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<double>)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
  return (Vec<double>)_mm_min_pd((__m128d)a, (__m128d)b);
#else
  return a < b ? a : b;
#endif
}
PRONGHORN_INLINE Vec<float> max(Vec<float> a, Vec<float> b) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<float>)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<float>)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Vec<float>)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}
PRONGHORN_INLINE Vec<double> max(Vec<double> a, Vec<double> b) {
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<double>)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<double>)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
  return (Vec<double>)_mm_max_pd((__m128d)a, (__m128d)b);
#else
  return a > b ? a : b;
#endif
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
