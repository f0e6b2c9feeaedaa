// Places of maxima in vectors: a byte each in memory, as wide as the elements that they belong to in
// registers.
#pragma once
#include "kernels/pool/pool.h"
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <int n>
struct BytesOf {
  typedef uint8_t type __attribute__((vector_size(n)));
};

template <class T>
PRONGHORN_INLINE Mask<T> load_places(const uint8_t* from, int64_t n) {
  using Bytes = typename BytesOf<width<T>>::type;
  Bytes bytes = {};
  if (n >= width<T>)
    __builtin_memcpy(&bytes, from, sizeof(bytes));
  else
    for (int i = 0; i < n; i++) bytes[i] = from[i];
#if defined(PRONGHORN_ISA_avx512)
  if constexpr (sizeof(T) == 4) return (Mask<T>)_mm512_cvtepu8_epi32((__m128i)bytes);
#elif defined(PRONGHORN_ISA_avx2)
  if constexpr (sizeof(T) == 4)
    return (Mask<T>)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(__builtin_bit_cast(int64_t, bytes)));
#endif
  return __builtin_convertvector(bytes, Mask<T>);
}

template <class T>
PRONGHORN_INLINE void store_places(uint8_t* to, Mask<T> places, int64_t n) {
  using Bytes = typename BytesOf<width<T>>::type;
  Bytes bytes;
#if defined(PRONGHORN_ISA_avx512)
  if constexpr (sizeof(T) == 4)
    bytes = (Bytes)_mm512_cvtepi32_epi8((__m512i)places);
  else
#elif defined(PRONGHORN_ISA_avx2)
  if constexpr (sizeof(T) == 4) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)places),
                                          _mm256_extracti128_si256((__m256i)places, 1));
    bytes = __builtin_bit_cast(Bytes, _mm_cvtsi128_si64(_mm_packus_epi16(words, words)));
  } else
#endif
    bytes = __builtin_convertvector(places, Bytes);
  if (n >= width<T>)
    __builtin_memcpy(to, &bytes, sizeof(bytes));
  else
    for (int i = 0; i < n; i++) to[i] = bytes[i];
}

// The running maximum of a window and its place. NaN counts as greater than any number, so that it shows in
// the result; of equal elements the first is the maximum.
template <class T>
struct Maximum {
  Vec<T> best = broadcast<T>(-static_cast<T>(__builtin_inff()));
  Mask<T> place = {};

  static inline __attribute__((always_inline)) void take(Maximum& m, Vec<T> v, int place) {
    const Mask<T> here = (v > m.best) | (v != v);
    m.best = here ? v : m.best;
    m.place = here ? broadcast(static_cast<Element<Mask<T>>>(place)) : m.place;
  }
  static inline __attribute__((always_inline)) Mask<T> place_or_none(const Maximum& m) {
    return m.best == m.best ? m.place : broadcast(static_cast<Element<Mask<T>>>(no_place));
  }
};

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
