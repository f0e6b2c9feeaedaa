// Copies of matrix blocks in the order in which tiles read them. Internal to each file compiled per
// instruction set.
#pragma once
#include <cstdint>
#include <utility>

#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class T>
struct LaneIndex {
  using type = int32_t;
};
template <>
struct LaneIndex<double> {
  using type = int64_t;
};

// Lanes of the two results when the off-diagonal blocks of `step` lanes of a pair of rows change places.
template <class T, int step, bool second>
PRONGHORN_INLINE auto swap_lanes() {
  using I = typename LaneIndex<T>::type;
  return []<int... L>(std::integer_sequence<int, L...>) {
    if constexpr (second)
      return Vec<I>{static_cast<I>((L & step) ? width<T> + L : L + step)...};
    else
      return Vec<I>{static_cast<I>((L & step) ? width<T> + L - step : L)...};
  }(std::make_integer_sequence<int, width<T>>{});
}

template <class T, int step>
PRONGHORN_INLINE void transpose_steps(Vec<T> (&rows)[width<T>]) {
  if constexpr (step >= 1) {
    for (int i = 0; i < width<T>; i++)
      if (!(i & step)) {
        const Vec<T> a = rows[i], b = rows[i + step];
        rows[i] = __builtin_shuffle(a, b, swap_lanes<T, step, false>());
        rows[i + step] = __builtin_shuffle(a, b, swap_lanes<T, step, true>());
      }
    transpose_steps<T, step / 2>(rows);
  }
}

// dst[k * stride + c] = src[k * src_stride + c] for c < columns, and 0 up to `stride` (a multiple of the
// vector width).
template <class T>
PRONGHORN_INLINE void pack_rows(const T* src, int64_t src_stride, int64_t columns, int64_t length, T* dst,
                                int64_t stride) {
  for (int64_t k = 0; k < length; k++, src += src_stride, dst += stride)
    for (int64_t c = 0; c < stride; c += width<T>) {
      if (c + width<T> <= columns)
        store(dst + c, load(src + c));
      else
        store(dst + c, c < columns ? load_part(src + c, static_cast<int>(columns - c)) : zero<T>());
    }
}

// dst[k * stride + c] = src[c * src_stride + k] for c < columns, and 0 up to `stride` (a multiple of the
// vector width).
template <class T>
__attribute__((noinline)) static void pack_transposed(const T* src, int64_t src_stride, int64_t columns,
                                                      int64_t length, T* dst, int64_t stride) {
  constexpr int W = width<T>;
  for (int64_t c = 0; c < stride; c += W) {
    const int64_t filled = columns - c < W ? columns - c : W;
    for (int64_t k = 0; k < length; k += W) {
      const int64_t left = length - k;
      Vec<T> block[W];
      for (int i = 0; i < W; i++) {
        const T* row = src + (c + i) * src_stride + k;
        block[i] = i >= filled ? zero<T>() : left >= W ? load(row) : load_part(row, static_cast<int>(left));
      }
      transpose_steps<T, W / 2>(block);
      for (int i = 0; i < W; i++)
        if (i < left) store(dst + (k + i) * stride + c, block[i]);
    }
  }
}

// dst[k * stride + c] = src[k * src_stride + c] for c < columns, in whole vectors: what they spill into the
// next row is overwritten by it, and up to a vector behind the last row is lost. `readable` values of a row
// of src may be read.
template <class T>
PRONGHORN_INLINE void pack_closely(const T* src, int64_t src_stride, int64_t columns, int64_t readable,
                                   int64_t length, T* dst, int64_t stride) {
  for (int64_t k = 0; k < length; k++, src += src_stride, dst += stride)
    for (int64_t c = 0; c < columns; c += width<T>)
      store(dst + c,
            readable - c >= width<T> ? load(src + c) : load_part(src + c, static_cast<int>(readable - c)));
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
