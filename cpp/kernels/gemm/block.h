// One block of a product: tiles go by panels, one by one or in series, with what comes next fetched in
// between. Internal to each file compiled per instruction set.
#pragma once
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// `count` calls of some() reach through all of it if that is little for each.
template <class T>
Ahead ahead_over(const T* at, int64_t stride, int64_t rows, int64_t columns, int64_t count) {
  const int64_t lines = ceil_div(columns * static_cast<int64_t>(sizeof(T)), 64);
  return {reinterpret_cast<const char*>(at),        stride * static_cast<int64_t>(sizeof(T)), rows, lines, 0,
          ceil_div(rows * lines, greater(count, 1))};
}

// One block of the product: rows [0, rows) of a (packed or not) times panels.
template <class T>
struct Block {
  const T* a;  // first row and column of the block in a, or its packed tiles
  int64_t a_row_stride, a_stride, a_tile_stride;
  const T* b;  // first panel
  int64_t b_panel_stride, b_stride;
  const T* b_tail;  // the last panel if it is partial and was packed apart; else null
  int64_t b_tail_stride;
  T* c;
  int64_t ldc, rows, columns, length;
  // Unless null what is to be copied to a or b by the first tiles that read it, and its row strides.
  const T *a_source, *b_source;
  int64_t a_source_stride, b_source_stride;
  int64_t a_source_rows;  // that may be read
  TileArguments<T> end;   // accumulate, bias, residual, activation
  Ahead ahead[2];         // of a, of b
  Along along;            // or of both

  const T* a_tile(int64_t row) const {  // the tile that begins with that row
    return a_tile_stride ? a + row / tiles<T>().rows * a_tile_stride : a + row * a_row_stride;
  }
};

// A tile of rows from a and a panel from b, `columns` of which exist.
template <class T>
void run_tile(const Block<T>& block, const TileFunction<T>& f, TileArguments<T> t, const T* a, const T* b,
              int64_t row, int64_t rows, int64_t column, int64_t columns) {
  const T* a_rows[max_tile_rows];
  T* c_rows[max_tile_rows];
  T* c = block.c + row * block.ldc + column;
  for (int i = 0; i < f.rows; i++) {
    a_rows[i] = a;
    c_rows[i] = c;
    if (i + 1 < rows) a += block.a_row_stride, c += block.ldc;
  }
  const Segment<T> segment = {a_rows, b, block.length};
  t.segments = &segment;
  t.segment_count = 1;
  t.dst = c_rows;
  t.columns = columns;
  if (t.bias && !t.bias_scalar) t.bias += column;
  block.a_row_stride == 1 && rows == f.rows ? f.run_adjacent(t) : f.run(t);
}

template <class T>
void run_tile(const Block<T>& block, const TileFunction<T>& f, int64_t row, int64_t rows, int64_t column,
              const T* b, int64_t b_stride, int64_t columns) {
  TileArguments<T> t = block.end;
  t.a_stride = block.a_stride, t.b_stride = b_stride;
  run_tile(block, f, t, block.a_tile(row), b, row, rows, column, columns);
}

// Full tiles from row and column on, below each other or, if `beside`, at the next panels.
template <class T>
void run_series(Block<T>& block, int64_t row, int64_t column, const T* b, int64_t b_stride, int64_t columns,
                int64_t count, bool beside) {
  const TileSet<T>& set = tiles<T>();
  TileArguments<T> t = block.end;
  t.a_stride = block.a_stride, t.b_stride = b_stride, t.columns = columns;
  const bool many_biases = t.bias && !t.bias_scalar;
  if (many_biases) t.bias += column;
  TileSeries<T> series = {};
  series.a = block.a_tile(row), series.a_row_stride = block.a_row_stride;
  series.b = b, series.length = block.length;
  series.dst = block.c + row * block.ldc + column, series.dst_stride = block.ldc;
  series.count = count;
  if (beside)
    series.b_step = block.b_panel_stride, series.dst_step = set.panel,
    series.bias_step = many_biases ? set.panel : 0;
  else
    series.a_step = block.a_tile(set.rows) - block.a, series.dst_step = set.rows * block.ldc;
  const bool adjacent = block.a_row_stride == 1;
  if (block.along)
    (adjacent ? set.series_fetching_adjacent : set.series_fetching)(t, series, block.along);
  else
    (adjacent ? set.series_adjacent : set.series)(t, series, block.ahead);
}

// Full tiles of a are copied by themselves where whole vectors may be read.
template <class T>
bool tile_copies(const Block<T>& block, int64_t row) {
  const int64_t rows = tiles<T>().rows;
  return row + rows <= block.rows && row + round_up(rows, width<T>) <= block.a_source_rows;
}

template <class T>
void run_copying(const Block<T>& block, int64_t row, int64_t panel, bool copy_a, bool copy_b) {
  const TileSet<T>& set = tiles<T>();
  const TileFunction<T>& f = copy_a ? copy_b ? set.copy_both : set.copy_a : set.copy_b;
  const int64_t column = panel * set.panel;
  const T *a = block.a_tile(row), *b = block.b + panel * block.b_panel_stride;
  TileArguments<T> t = block.end;
  t.a_copy = const_cast<T*>(a), t.b_copy = const_cast<T*>(b);
  t.a_stride = block.a_stride, t.b_stride = block.b_stride;
  if (copy_a) a = block.a_source + row, t.a_stride = block.a_source_stride;
  if (copy_b) b = block.b_source + column, t.b_stride = block.b_source_stride;
  run_tile(block, f, t, a, b, row, set.rows, column, set.panel);
}

template <class T>
void run_block(Block<T>& block, int64_t row, int64_t row_end, int64_t panel, int64_t panel_end) {
  const TileSet<T>& set = tiles<T>();
  const bool may_widen = block.rows <= 2 && block.b_panel_stride == set.panel;
  const TileFunction<T>& wide = block.rows == 1 ? set.wide_one : set.wide_two;
  const int64_t wide_panels = block.rows == 1 ? 4 : 2, first_panel = panel;
  while (panel < panel_end) {
    const int64_t column = panel * set.panel;
    if (may_widen && panel + wide_panels <= panel_end && column + wide_panels * set.panel <= block.columns) {
      run_tile(block, wide, row, row_end - row, column, block.b + panel * block.b_panel_stride,
               block.b_stride, wide_panels * set.panel);
      panel += wide_panels;
      continue;
    }
    const int64_t columns = lesser(set.panel, block.columns - column);
    const bool tail = block.b_tail && columns < set.panel;
    const T* b = tail ? block.b_tail : block.b + panel * block.b_panel_stride;
    const int64_t b_stride = tail ? block.b_tail_stride : block.b_stride;
    int64_t r = row;
    const bool copying = columns == set.panel && (block.a_source || (block.b_source && row == 0));
    for (; copying && r + set.rows <= row_end; r += set.rows) {
      const bool copy_a = block.a_source && panel == first_panel && tile_copies(block, r),
                 copy_b = block.b_source && r == 0;
      if (!copy_a && !copy_b) break;
      run_copying(block, r, panel, copy_a, copy_b);
    }
    if (const int64_t full = (row_end - r) / set.rows; full > 0 && columns > width<T>) {
      // one row of tiles goes on over the full panels
      const bool beside = !copying && row_end - row == set.rows && columns == set.panel;
      const int64_t count = beside ? lesser(panel_end, block.columns / set.panel) - panel : full;
      run_series(block, r, column, b, b_stride, columns, count, beside);
      if (beside) {
        panel += count;
        continue;
      }
      r += full * set.rows;
    }
    for (; r < row_end; r += set.rows) {
      const int64_t rows = lesser(set.rows, row_end - r);
      run_tile(block, shape_for<T>(rows, columns), r, rows, column, b, b_stride, columns);
      block.ahead[0].some();
      block.ahead[1].some();
    }
    panel++;
  }
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
