// What the kernels for few channels share. Internal to each file compiled per instruction set.
#pragma once
#include "base/parallel.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/registers.h"
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class T>
constexpr int panel = panel_vectors * width<T>;

// The image with its padding.
struct Padded {
  bool copied;
  int64_t height, width;
  explicit Padded(const ConvProblem& p) {
    height = greater(p.src[1], (p.dst[1] - 1) * p.stride[1] + (p.kernel[1] - 1) * p.dilation[1] + 1);
    width = greater(p.src[2], (p.dst[2] - 1) * p.stride[2] + p.kernel[2]);
    height = greater(height, p.src[1] + p.pad[1]), width = greater(width, p.src[2] + p.pad[2]);
    copied = height > p.src[1] || width > p.src[2];
  }
};

template <class T>
void pad_image(const ConvProblem& p, const Padded& padded, const T* src, T* to) {
  const int64_t row = padded.width * p.ic, real = p.src[2] * p.ic, before = p.pad[2] * p.ic;
  parallel_for(0, p.batch * padded.height, 1 + 65536 / row, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t y = i % padded.height - p.pad[1];
      T* const at = to + i * row;
      if (y < 0 || y >= p.src[1]) {
        __builtin_memset(at, 0, static_cast<size_t>(row) * sizeof(T));
        continue;
      }
      __builtin_memset(at, 0, static_cast<size_t>(before) * sizeof(T));
      __builtin_memcpy(at + before, src + (i / padded.height * p.src[1] + y) * real,
                       static_cast<size_t>(real) * sizeof(T));
      __builtin_memset(at + before + real, 0, static_cast<size_t>(row - before - real) * sizeof(T));
    }
  });
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
