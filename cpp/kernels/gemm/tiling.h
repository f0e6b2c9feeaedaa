// What the loops round the tiles share. Internal to each file compiled per instruction set.
#pragma once
#include "kernels/gemm/tile.h"
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int max_tile_rows = 14, max_panel_vectors = 3;
constexpr int64_t sum_block = 256;  // terms of a sum for which a panel of B fits the first-level cache
constexpr double task_flops = 1e6;  // the least that is worth handing to a thread

template <class T>
const TileSet<T>& tiles();
template <>
[[maybe_unused]] const TileSet<float>& tiles<float>() {
  return float_tiles;
}
template <>
[[maybe_unused]] const TileSet<double>& tiles<double>() {
  return double_tiles;
}

// The smallest shape that holds the rows and columns.
template <class T>
PRONGHORN_INLINE const TileFunction<T>& shape_for(int64_t rows, int64_t columns) {
  const TileFunction<T>* f = columns <= width<T> ? tiles<T>().narrow : tiles<T>().full;
  while (f->rows < rows) f++;
  return *f;
}

PRONGHORN_INLINE int64_t lesser(int64_t a, int64_t b) {
  return a < b ? a : b;
}
PRONGHORN_INLINE int64_t greater(int64_t a, int64_t b) {
  return a > b ? a : b;
}
PRONGHORN_INLINE int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
PRONGHORN_INLINE int64_t round_up(int64_t value, int64_t step) {
  return ceil_div(value, step) * step;
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
