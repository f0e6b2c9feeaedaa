// Where the tiles of minimal filtering lie, for the kernels and for the model of their cost.
#pragma once
#include "kernels/conv/conv.h"

namespace pronghorn {
namespace {

// A dilated convolution is an ordinary one of each phase of the image: of every dilation-th row and column
// from one of the first on. Phases count as images; the last ones may be a row or column smaller.
inline bool has_phases(const ConvProblem& p) {
  return p.dilation[1] > 1 || p.dilation[2] > 1;
}
inline ConvProblem of_phases(ConvProblem p) {
  for (int axis = 1; axis < 3; axis++) {
    const int64_t d = p.dilation[axis];
    p.batch *= d, p.dilation[axis] = 1, p.pad[axis] /= d;
    p.src[axis] = (p.src[axis] + d - 1) / d, p.dst[axis] = (p.dst[axis] + d - 1) / d;
  }
  return p;
}

// Images may be joined, side by side and one below the other, so that a tile that is more than the rest of
// one image goes on in the next: 26 results are 6½ tiles of 4, and 2 × 2 images of them 13 × 13 tiles. Where
// a result beyond an image's edge reads nothing but zeros, as in the gradient by the image of a convolution
// without padding, nothing lies between the images; else as much as keeps them apart.
struct Tiling {
  int64_t m;
  int64_t height, width;                                  // results of an image
  int64_t joined_y = 1, joined_x = 1;                     // images
  int64_t pitch_y = int64_t{1} << 40, pitch_x = pitch_y;  // results from one to the next
  int64_t rows, columns, count;                           // tiles of the joined images, and in all

  Tiling(int64_t m, int64_t batch, int64_t height, int64_t width)
      : m(m),
        height(height),
        width(width),
        rows(parts(height, m)),
        columns(parts(width, m)),
        count(batch * rows * columns) {}

  // Of the forward direction, and of the gradient by the weights.
  static Tiling of_result(int64_t m, const ConvProblem& problem) {
    const ConvProblem p = of_phases(problem);
    return {m, p.batch * p.src[0], p.dst[1], p.dst[2]};
  }
  // Of the gradient by the image, its images joined where that makes fewer tiles.
  static Tiling of_image(int64_t m, const ConvProblem& problem) {
    const ConvProblem p = of_phases(problem);
    Tiling tiling(m, p.batch * p.src[0], p.src[1], p.src[2]);
    if (!has_phases(problem)) tiling.join(p);
    return tiling;
  }

 private:
  void join(const ConvProblem& p) {
    const int64_t batch = p.batch * p.src[0], y = pitch(p, 1), x = pitch(p, 2);
    for (int64_t high = 1; high <= m; high++)
      for (int64_t wide = 1; wide <= m; wide++) {
        const int64_t high_tiles = parts((high - 1) * y + height, m),
                      wide_tiles = parts((wide - 1) * x + width, m);
        if (high * wide == 1 || batch % (high * wide) ||
            batch / (high * wide) * high_tiles * wide_tiles >= count)
          continue;
        joined_y = high, joined_x = wide, pitch_y = y, pitch_x = x;
        rows = high_tiles, columns = wide_tiles, count = batch / (high * wide) * rows * columns;
      }
  }

  static int64_t parts(int64_t n, int64_t part) { return (n + part - 1) / part; }
  // Results x … x + r - 1 - pad of an image read from x - pad on. The next image must not be reached by the
  // last results, and must not reach back to this one.
  static int64_t pitch(const ConvProblem& p, int axis) {
    const int64_t back = p.kernel[axis] - 1 - p.pad[axis], least = p.src[axis] + p.pad[axis];
    const int64_t other = p.dst[axis] + back;
    return least > other ? least : other;
  }
};

}  // namespace
}  // namespace pronghorn
