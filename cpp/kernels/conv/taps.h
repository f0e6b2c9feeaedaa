// Which image coordinates the taps of a kernel read along one axis.
#pragma once
#include <cstdint>

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Tap i reads coordinate position * step + first_offset + i * offset_step, and uses kernel element
// first_index + i * index_step.
struct AxisTaps {
  int64_t count, first_offset, offset_step, first_index, index_step;
};

inline AxisTaps forward_taps(int64_t kernel, int64_t dilation, int64_t pad) {
  return {kernel, -pad, dilation, 0, 1};
}

// diff_src[x] is the sum over k of diff_dst[(x + pad - k·dilation) / stride] · weights[k], where that
// division is exact. For the coordinates x = phase + stride·position these k are every (stride / gcd(stride,
// dilation))-th one, and the quotients advance evenly with position: a convolution without stride. Taps come
// by rising coordinate, which is falling k.
inline AxisTaps backward_taps(int64_t kernel, int64_t dilation, int64_t pad, int64_t stride, int64_t phase) {
  int64_t gcd = stride, rest = dilation % stride;
  while (rest) {
    const int64_t next = gcd % rest;
    gcd = rest, rest = next;
  }
  const int64_t period = stride / gcd;
  for (int64_t k = 0; k < kernel && k < period; k++)
    if ((phase + pad - k * dilation) % stride == 0) {
      const int64_t count = (kernel - 1 - k) / period + 1, last = k + (count - 1) * period;
      return {count, (phase + pad - last * dilation) / stride, period * dilation / stride, last, -period};
    }
  return {0, 0, 0, 0, 0};
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
