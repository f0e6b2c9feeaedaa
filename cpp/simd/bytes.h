// Bytes beside wider lanes: truth values stored as bytes of 0 and 1, and bytes widened to integers. By hand,
// since GCC makes long sequences of such conversions of whole vectors.
#pragma once
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// As many bytes as Vec<T> has lanes.
template <class T>
struct BytesOf {
  typedef uint8_t type __attribute__((vector_size(width<T>)));
};

// n <= 8 bytes, the others 0: put together in a register, where a load of bytes just stored would stall.
PRONGHORN_INLINE uint64_t first_bytes(const uint8_t* p, int n) {
  uint64_t word = 0;
  for (int i = 0; i < n; i++) word |= static_cast<uint64_t>(p[i]) << (8 * i);
  return word;
}

// The first n <= width<T> bytes as integers in the lanes of T; the other lanes are 0.
template <class T>
PRONGHORN_INLINE Mask<T> load_bytes(const uint8_t* p, int n) {
  constexpr int w = width<T>;
#if defined(__SSE4_1__)
  if constexpr (sizeof(T) >= 4) {
    __m128i bytes;
    if constexpr (w == 16) {
      bytes = n >= 16 ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))
                      : _mm_set_epi64x(static_cast<int64_t>(n > 8 ? first_bytes(p + 8, n - 8) : 0),
                                       static_cast<int64_t>(first_bytes(p, n < 8 ? n : 8)));
    } else {
      uint64_t word = 0;
      if (n >= w)
        __builtin_memcpy(&word, p, w);
      else
        word = first_bytes(p, n);
      bytes = _mm_cvtsi64_si128(static_cast<int64_t>(word));
    }
#if defined(PRONGHORN_ISA_avx512)
    return (Mask<T>)(sizeof(T) == 4 ? _mm512_cvtepu8_epi32(bytes) : _mm512_cvtepu8_epi64(bytes));
#elif defined(PRONGHORN_ISA_avx2)
    return (Mask<T>)(sizeof(T) == 4 ? _mm256_cvtepu8_epi32(bytes) : _mm256_cvtepu8_epi64(bytes));
#else
    return (Mask<T>)(sizeof(T) == 4 ? _mm_cvtepu8_epi32(bytes) : _mm_cvtepu8_epi64(bytes));
#endif
  }
#elif defined(PRONGHORN_ISA_neon)
  if constexpr (sizeof(T) >= 4) {
    uint64_t word = 0;
    if (n >= w)
      __builtin_memcpy(&word, p, w);
    else
      word = first_bytes(p, n);
    const uint32x4_t lanes = vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(word))));
    if constexpr (sizeof(T) == 4)
      return (Mask<T>)lanes;
    else
      return (Mask<T>)vmovl_u32(vget_low_u32(lanes));
  }
#endif
  typename BytesOf<T>::type bytes = {};
  if (n >= w)
    __builtin_memcpy(&bytes, p, w);
  else
    __builtin_memcpy(&bytes, p, static_cast<size_t>(n));
  return __builtin_convertvector(bytes, Mask<T>);
}

// The first n lanes from bytes of 0 and 1.
template <class T>
PRONGHORN_INLINE Mask<T> load_mask(const uint8_t* p, int n) {
  return -load_bytes<T>(p, n);
}

#if defined(__SSE2__) && !defined(PRONGHORN_ISA_avx512)
// Four bits as four bytes of 0 and 1: bit k is copied to where byte k begins.
PRONGHORN_INLINE uint32_t spread_bits(uint32_t bits) {
  return (bits * 0x00204081u) & 0x01010101u;
}

// One bit per lane of 4 or 8 bytes.
template <class M>
PRONGHORN_INLINE uint32_t lane_bits(M mask) {
#if defined(PRONGHORN_ISA_avx2)
  if constexpr (sizeof(mask[0]) == 4)
    return static_cast<uint32_t>(_mm256_movemask_ps((__m256)mask));
  else
    return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask));
#else
  if constexpr (sizeof(mask[0]) == 4)
    return static_cast<uint32_t>(_mm_movemask_ps((__m128)mask));
  else
    return static_cast<uint32_t>(_mm_movemask_pd((__m128d)mask));
#endif
}
#endif

// The first n lanes into bytes of 0 and 1.
template <class T>
PRONGHORN_INLINE void store_mask(uint8_t* p, Mask<T> mask, int n) {
#if defined(__SSE2__) && !defined(PRONGHORN_ISA_avx512)
  if constexpr (sizeof(T) >= 4) {
    const uint32_t bits = lane_bits(mask);
    const uint64_t spread = spread_bits(bits & 15) | static_cast<uint64_t>(spread_bits(bits >> 4)) << 32;
    if (n >= width<T>) {
      __builtin_memcpy(p, &spread, width<T>);
    } else {
      for (int i = 0; i < n; i++) p[i] = static_cast<uint8_t>(bits >> i & 1);
    }
    return;
  }
#elif defined(PRONGHORN_ISA_neon)
  if constexpr (sizeof(T) >= 4) {
    uint32x4_t words = (uint32x4_t)mask;  // of which the low lanes matter, here and below
    if constexpr (sizeof(T) == 8) words = vcombine_u32(vmovn_u64((uint64x2_t)mask), vdup_n_u32(0));
    const uint16x4_t halves = vmovn_u32(words);
    const uint8x8_t bytes = vand_u8(vmovn_u16(vcombine_u16(halves, halves)), vdup_n_u8(1));
    const uint32_t word = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    if (n >= width<T>)
      __builtin_memcpy(p, &word, width<T>);
    else
      for (int i = 0; i < n; i++) p[i] = static_cast<uint8_t>(word >> (8 * i));
    return;
  }
#endif
  const typename BytesOf<T>::type bytes = __builtin_convertvector(mask, typename BytesOf<T>::type) & 1;
  if (n >= width<T>)
    __builtin_memcpy(p, &bytes, width<T>);
  else
    for (int i = 0; i < n; i++) p[i] = bytes[i];
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
