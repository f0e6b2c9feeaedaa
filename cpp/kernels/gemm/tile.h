// The microkernel's interface: one tile of the product, a few rows by a few vectors, held in registers while
// the sum runs. GEMM and convolution are loops that say where the rows of a tile lie; the tile does not care.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/gemm/gemm.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {

// A stretch of the sum over which each row of A advances evenly: row i is read at rows[i][k * a_stride].
template <class T>
struct Segment {
  const T* const* rows;  // as many as the tile function has rows
  const T* b;            // row k of the panel is read at b + k * b_stride, whole vectors
  int64_t length;
};

template <class T>
struct TileArguments {
  const Segment<T>* segments;
  int64_t segment_count;
  int64_t a_stride;
  int64_t b_stride;
  T* const* dst;    // one pointer per row. Rows may repeat: then they are computed twice and written twice
  int64_t columns;  // how many of the tile's columns exist
  bool accumulate;  // the sum is added to what dst holds
  const T* bias;    // starts the sum unless null; one value for all columns if bias_scalar
  bool bias_scalar;
  const T* residual;  // added at the end unless null: read as far from it as dst[i] is from dst_base
  const T* dst_base;
  Activation activation;
  const T* mask;  // read likewise unless null: the result is 0 where it is not above 0, else times the factor
  T mask_factor;
};

template <class T>
struct TileFunction {
  void (*run)(const TileArguments<T>&);
  void (*run_adjacent)(const TileArguments<T>&);  // where row i of A lies i elements behind row 0
  int rows;
};

// Full tiles one after the other, below or beside each other: from tile to tile by `*_step` elements.
template <class T>
struct TileSeries {
  const T* a;
  int64_t a_row_stride, a_step;
  const T* b;
  int64_t b_step, length;
  T* dst;
  int64_t dst_stride, dst_step, bias_step, count;
};

// Memory that will be wanted soon, fetched a few lines at a time in between.
struct Ahead {
  const char* at = nullptr;
  int64_t stride = 0, rows = 0, lines = 0, line = 0, together = 0;  // bytes; rows of so many cache lines

  __attribute__((always_inline)) inline void some() {
    for (int64_t n = together; n > 0 && rows > 0; n--) {
      __builtin_prefetch(at + line * 64, 0, 2);
      if (++line < lines) continue;
      line = 0;
      at += stride;
      rows--;
    }
  }
};

// All shapes compiled for one instruction set and element type.
template <class T>
struct TileSet {
  static constexpr int max_shapes = 6;
  int panel;                           // columns of a full panel
  int rows;                            // rows of a full tile
  TileFunction<T> full[max_shapes];    // one panel wide, rows ascending, the last has `rows` rows
  TileFunction<T> narrow[max_shapes];  // one vector wide
  // of full tiles, without segments and dst of their own; a bit of what is ahead is fetched after each, twice
  void (*series)(const TileArguments<T>&, const TileSeries<T>&, Ahead*);
  void (*series_adjacent)(const TileArguments<T>&, const TileSeries<T>&, Ahead*);
  TileFunction<T> wide_one,
      wide_two;  // 1 row by 4 panels, 2 rows by 2 panels: enough sums to hide fma's latency
  void (*finish)(T* dst, int64_t count, Activation activation);
};

extern const TileSet<float> float_tiles;
extern const TileSet<double> double_tiles;

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
