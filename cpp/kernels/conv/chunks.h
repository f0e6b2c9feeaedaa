// How the positions of a convolution are cut into chunks that the caches hold. Internal to each file compiled
// per instruction set.
#pragma once
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Positions from (plane, y, x) on.
struct Chunk {
  int64_t plane, y, x, planes, rows, columns;
  int64_t pixels() const { return planes * rows * columns; }
};

struct Chunks {
  int64_t all_planes, all_rows, all_columns;
  int64_t planes, rows, columns;  // in a chunk, at most
  int64_t down, along, count;

  // Of `most` positions about. Where a row needs those round it too, chunks of single rows would have those
  // of all taps copied for each.
  Chunks(int64_t all_planes, int64_t all_rows, int64_t all_columns, int64_t most, bool rows_overlap)
      : all_planes(all_planes), all_rows(all_rows), all_columns(all_columns) {
    planes = 1, rows = all_rows, columns = all_columns;
    if (columns * rows > most) {
      const int64_t widest = rows_overlap && rows > 1 ? greater(most / 4, 16) : most;
      columns = ceil_div(columns, ceil_div(columns, widest));
      rows = ceil_div(rows, ceil_div(rows, greater(1, most / columns)));
    } else {
      planes = greater(1, most / greater(columns * rows, 1));
    }
    along = ceil_div(all_columns, greater(columns, 1)), down = ceil_div(all_rows, greater(rows, 1));
    count = along * down * ceil_div(all_planes, planes);
  }

  int64_t most_pixels() const { return planes * rows * columns; }

  Chunk at(int64_t i) const {
    Chunk c;
    c.x = i % along * columns, c.y = i / along % down * rows, c.plane = i / along / down * planes;
    c.columns = lesser(columns, all_columns - c.x), c.rows = lesser(rows, all_rows - c.y);
    c.planes = lesser(planes, all_planes - c.plane);
    return c;
  }
};

// The parts, as even as can be, that `count` is cut into: where part `i` of `parts` begins.
PRONGHORN_INLINE int64_t part_begin(int64_t count, int64_t parts, int64_t i) {
  return i * count / parts;
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
