// Philox4x32-10 (see base/random.h) for as many blocks at once as a vector has 64-bit lanes.
#pragma once
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The 64-bit products of the low halves of the lanes; the high halves may hold anything.
PRONGHORN_INLINE Vec<uint64_t> multiply_low(Vec<uint64_t> a, uint64_t b) {
  const Vec<uint64_t> factor = broadcast(b);
#if defined(PRONGHORN_ISA_avx512)
  return (Vec<uint64_t>)_mm512_mul_epu32((__m512i)a, (__m512i)factor);
#elif defined(PRONGHORN_ISA_avx2)
  return (Vec<uint64_t>)_mm256_mul_epu32((__m256i)a, (__m256i)factor);
#elif defined(__SSE2__)
  return (Vec<uint64_t>)_mm_mul_epu32((__m128i)a, (__m128i)factor);
#elif defined(PRONGHORN_ISA_neon)
  return (Vec<uint64_t>)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)factor));
#else
  return (a & 0xffffffffu) * factor;
#endif
}

// The words of blocks [first, first + 4 width<uint64_t> words / 4) in order: words[4 b + k] is word k of
// block first + b.
PRONGHORN_INLINE void philox_blocks(uint64_t seed, uint64_t step, uint64_t first, uint32_t* words) {
  constexpr uint64_t low = 0xffffffffu;
  const Vec<uint64_t> block = broadcast(first) + iota<uint64_t>();
  Vec<uint64_t> c0 = block, c1 = block >> 32, c2 = broadcast(step), c3 = broadcast(step >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++) {
    const Vec<uint64_t> p0 = multiply_low(c0, 0xD2511F53u), p1 = multiply_low(c2, 0xCD9E8D57u);
    c0 = (p1 >> 32) ^ c1 ^ broadcast<uint64_t>(k0);
    c1 = p1;
    c2 = (p0 >> 32) ^ c3 ^ broadcast<uint64_t>(k1);
    c3 = p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  const Vec<uint64_t> first_pair = (c0 & low) | (c1 << 32), second_pair = (c2 & low) | (c3 << 32);
  auto* pairs = reinterpret_cast<uint64_t __attribute__((may_alias))*>(words);
  [&]<int... I>(std::integer_sequence<int, I...>) {
    constexpr int half = width<uint64_t> / 2, all = width<uint64_t>;
    const Vec<uint64_t> a = __builtin_shufflevector(first_pair, second_pair, (I % 2 * all + I / 2)...);
    const Vec<uint64_t> b = __builtin_shufflevector(first_pair, second_pair, (I % 2 * all + half + I / 2)...);
    __builtin_memcpy(pairs, &a, sizeof a);
    __builtin_memcpy(pairs + all, &b, sizeof b);
  }(std::make_integer_sequence<int, width<uint64_t>>{});
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
