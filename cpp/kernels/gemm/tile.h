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
  T* a_copy;  // where a copying tile leaves what it has read, without gaps: a vector behind the last row of A
  T* b_copy;  // is overwritten
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

// The same, fetched evenly along the sums of tiles: many lines at a time would hold up what a tile itself
// waits for where it comes from the second-level cache.
class Along {
 public:
  void add(const void* at, int64_t stride, int64_t rows, int64_t size) {  // bytes; so many of each row
    if (rows <= 0 || size <= 0) return;
    if (stride == size) size *= rows, rows = 1;
    parts_[count_++] = {static_cast<const char*>(at), stride, rows, size};
    bytes_ += rows * size;
  }

  // So many tiles reach through all of it.
  void spread_over(int64_t tiles) { share_ = (bytes_ / (tiles > 0 ? tiles : 1) / line + 1) * line; }

  explicit operator bool() const { return at_ < count_; }

  struct Stretch {
    const char* at;
    int64_t step;
  };
  // What a tile with so many terms fetches, some bytes at each. What does not lie behind it is fetched at
  // once.
  Stretch next(int64_t terms, const void* otherwise) {
    Stretch stretch = {static_cast<const char*>(otherwise), 0};
    bool found = false;
    for (int64_t left = share_; left > 0 && at_ < count_;) {
      Part& part = parts_[at_];
      const int64_t rest = part.size - done_, size = left < rest ? left : rest;
      const char* from = part.row + done_;
      if (!found)
        found = true, stretch = {from, (size + terms - 1) / terms};
      else
        for (int64_t i = 0; i < size; i += line) __builtin_prefetch(from + i, 0, 2);
      left -= size, done_ += size;
      if (done_ < part.size) continue;
      done_ = 0, part.row += part.stride;
      if (--part.rows == 0) at_++;
    }
    return stretch;
  }

 private:
  static constexpr int64_t line = 64;
  struct Part {
    const char* row;
    int64_t stride, rows, size;
  };
  Part parts_[2] = {};
  int64_t count_ = 0, at_ = 0, done_ = 0, bytes_ = 0, share_ = 0;
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
  void (*series_fetching)(const TileArguments<T>&, const TileSeries<T>&, Along&);
  void (*series_fetching_adjacent)(const TileArguments<T>&, const TileSeries<T>&, Along&);
  // Full tiles that copy what they read in place, for the tiles that read it after them: a panel of B; rows
  // of A that lie i elements behind row 0, of which as many may be read as fill whole vectors; both.
  TileFunction<T> copy_b, copy_a, copy_both;
  TileFunction<T> wide_one,
      wide_two;  // 1 row by 4 panels, 2 rows by 2 panels: enough sums to hide fma's latency
  void (*finish)(T* dst, int64_t count, Activation activation);
};

extern const TileSet<float> float_tiles;
extern const TileSet<double> double_tiles;

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
