// Products of a few rows with a matrix that is packed once and used at every time step.
#pragma once
#include "base/parallel.h"
#include "kernels/gemm/pack.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// A matrix cut into panels of columns, each stored row after row and filled up with zeros. As many vectors
// and rows at a time as leave registers for the operands, or two vectors where they fill up less.
template <class T>
struct Panels {
  static constexpr int most_vectors = vector_bytes >= 32 || vector_registers == 32 ? 3 : 2,
                       most_rows = vector_registers == 32 ? 8 : 4;

  const T* packed;
  int64_t depth, count;
  int vectors;

  // Two vectors make less of each load, the more so with few registers, which has to be worth it.
  static int vectors_for(int64_t count) {
    const int64_t needed = (count + width<T> - 1) / width<T>, by_two = (needed + 1) / 2 * 2,
                  by_most = (needed + most_vectors - 1) / most_vectors * most_vectors;
    const bool worthwhile = vector_registers == 32 ? 8 * by_two < 7 * by_most : 5 * by_two < 4 * by_most;
    return worthwhile ? 2 : most_vectors;
  }
  static int64_t size(int64_t depth, int64_t count) {
    const int64_t columns = vectors_for(count) * width<T>;
    return (count + columns - 1) / columns * columns * depth;
  }

  // Packs the matrix (depth, count), or (count, depth) if it is transposed, stored with a stride from row to
  // row.
  static Panels pack(const T* matrix, int64_t stride, int64_t depth, int64_t count, bool transposed, T* to) {
    const int vectors = vectors_for(count);
    const int64_t columns = vectors * width<T>;
    const double work = 8.0 * static_cast<double>(depth * count);
    parallel_for(
        0, (count + columns - 1) / columns, 4,
        [=](int64_t begin, int64_t end) {
          for (int64_t first = begin * columns; first < end * columns; first += columns) {
            const int64_t filled = first + columns <= count ? columns : count - first;
            T* panel = to + first * depth;
            transposed ? pack_transposed(matrix + first * stride, stride, filled, depth, panel, columns)
                       : pack_rows(matrix + first, stride, filled, depth, panel, columns);
          }
        },
        work);
    return {to, depth, count, vectors};
  }

  // dst = start + rows · matrix; dst may be start. The strides lead from row to row.
  void multiply(int64_t rows, const T* src, int64_t src_stride, const T* start, int64_t start_stride, T* dst,
                int64_t dst_stride) const {
    vectors == 2 ? multiply_by<2>(rows, src, src_stride, start, start_stride, dst, dst_stride)
                 : multiply_by<most_vectors>(rows, src, src_stride, start, start_stride, dst, dst_stride);
  }

 private:
  template <int vectors>
  void multiply_by(int64_t rows, const T* src, int64_t src_stride, const T* start, int64_t start_stride,
                   T* dst, int64_t dst_stride) const {
    constexpr int64_t columns = vectors * width<T>;
    for (int64_t column = 0; column < count; column += columns) {
      const T* panel = packed + column * depth;
      const auto block = [&]<int n>(int64_t row) __attribute__((always_inline)) {
        multiply_block<n, vectors>(panel, src + row * src_stride, src_stride,
                                   start + row * start_stride + column, start_stride,
                                   dst + row * dst_stride + column, dst_stride, count - column);
      };
      int64_t row = 0;
      for (; row + most_rows <= rows; row += most_rows) block.template operator()<most_rows>(row);
      if constexpr (most_rows > 4)
        for (; row + 4 <= rows; row += 4) block.template operator()<4>(row);
      for (; row + 2 <= rows; row += 2) block.template operator()<2>(row);
      for (; row < rows; row++) block.template operator()<1>(row);
    }
  }

  template <int rows, int vectors>
  __attribute__((always_inline)) inline void multiply_block(const T* panel, const T* src, int64_t src_stride,
                                                            const T* start, int64_t start_stride, T* dst,
                                                            int64_t dst_stride, int64_t left) const {
    Vec<T> sum[rows][vectors] = {};
    for (int64_t k = 0; k < depth; k++, panel += vectors * width<T>) {
      Vec<T> weight[vectors];
      unroll<vectors>([&](auto v) __attribute__((always_inline)) { weight[v] = load(panel + v * width<T>); });
      unroll<rows>([&](auto r) __attribute__((always_inline)) {
        const Vec<T> factor = broadcast(src[r * src_stride + k]);
        unroll<vectors>(
            [&](auto v) __attribute__((always_inline)) { sum[r][v] = fma(factor, weight[v], sum[r][v]); });
      });
    }
    unroll<vectors>([&](auto v) __attribute__((always_inline)) {
      constexpr int64_t column = v * width<T>;
      if (column >= left) return;
      unroll<rows>([&](auto r) __attribute__((always_inline)) {
        const Vec<T> value = load_upto(start + r * start_stride + column, left - column);
        store_upto(dst + r * dst_stride + column, value + sum[r][v], left - column);
      });
    });
  }
};

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
