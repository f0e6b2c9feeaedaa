// What the gradients behind maxima share: how the registers are filled, and lists of what is not zero.
// Internal to each file compiled per instruction set.
#pragma once
#include "kernels/conv/maxima.h"
#include "kernels/gemm/tiling.h"
#include "kernels/pool/places.h"
#include "simd/upto.h"
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

using Floats = Vec<float>;
constexpr int lanes = width<float>;

// What is convolved, and the windows of which one result is kept.
struct Sizes {
  int64_t images, high, wide, window;  // windows
  int64_t height, width;               // of the image
  int64_t kernel_rows, kernel_columns, pad_y, pad_x, ic, oc, workers;

  explicit Sizes(const ConvProblem& p)
      : images(p.batch * p.src[0]),
        high(p.dst[1] / p.pool[1]),
        wide(p.dst[2] / p.pool[1]),
        window(p.pool[1]),
        height(p.src[1]),
        width(p.src[2]),
        kernel_rows(p.kernel[1]),
        kernel_columns(p.kernel[2]),
        pad_y(p.pad[1]),
        pad_x(p.pad[2]),
        ic(p.ic),
        oc(p.oc),
        workers(p.workers) {}
};

// Gradients of so many channels of the result are worked on together.
constexpr int64_t most_together = 64;

// Vectors of the image's channels whose sums are in registers at once, for each column of the kernel: three
// registers are left for the operands.
constexpr int most_vectors(int64_t kernel_columns) {
  const int n = (vector_registers - 3) / static_cast<int>(kernel_columns);
  return n < 4 ? n : 4;
}

// Rows of a kernel of so many columns, by so many vectors, whose sums are in registers at once: up to 3.
constexpr int most_rows(int64_t kernel_columns, int64_t vectors) {
  const int n = (vector_registers - 3) / static_cast<int>(kernel_columns * vectors);
  return n < 1 ? 1 : n < 3 ? n : 3;
}

// The channels of the image as panels of vectors, all but the last equally many.
struct Panels {
  int64_t vectors, count, channels;

  Panels(int64_t channels, int64_t most_vectors) : channels(channels) {
    const int64_t all = ceil_div(channels, lanes);
    vectors = ceil_div(all, ceil_div(all, most_vectors));
    count = ceil_div(all, vectors);
  }
  int64_t floats() const { return vectors * lanes; }
  int64_t first(int64_t panel) const { return panel * floats(); }
  int64_t columns(int64_t panel) const { return lesser(floats(), channels - first(panel)); }
};

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
