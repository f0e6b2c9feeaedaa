// Moving elements: transposes, slices, broadcasts, repeats, concatenations and pads are copies of a box of
// elements from one strided place to another. Elements are bytes of a given size, so one implementation
// serves all types. Plans are made once, when a step is lowered; running them allocates nothing.
#pragma once
#include <cstdint>
#include <vector>

#include "base/shape.h"

namespace pronghorn {

// The box sizes[0..rank) with, for each axis, how many bytes lie between neighbours in the source and in the
// destination (0 repeats an element, a negative source stride reverses). The innermost block of `run` bytes
// is contiguous on both sides.
struct CopyPlan {
  static constexpr int max_rank = 2 * Shape::max_rank;  // tile splits each axis in two
  int rank = 0;
  int64_t sizes[max_rank] = {};
  int64_t src_strides[max_rank] = {};
  int64_t dst_strides[max_rank] = {};
  int64_t src_offset = 0, dst_offset = 0;
  int64_t run = 0;
  int64_t count = 0;         // runs in all
  int transposed_axis = -1;  // the axis along which the source is contiguous, where that is not the last one
};

// Strides and offsets in elements of `element` bytes.
CopyPlan plan_copy(const std::vector<int64_t>& sizes, const std::vector<int64_t>& src_strides,
                   int64_t src_offset, const std::vector<int64_t>& dst_strides, int64_t dst_offset,
                   int64_t element);
inline CopyPlan plan_copy(const Shape& sizes, const Shape& src_strides, int64_t src_offset,
                          const Shape& dst_strides, int64_t dst_offset, int64_t element) {
  return plan_copy(sizes.vector(), src_strides.vector(), src_offset, dst_strides.vector(), dst_offset,
                   element);
}
void run_copy(const CopyPlan& plan, const void* src, void* dst);

enum class PadMode { Constant, Reflect, Symmetric };

struct PadPlan {
  int rank = 0;  // axes up to the last padded one
  std::vector<std::vector<int64_t>>
      sources;                 // per axis: source index of each destination index, -1 for the constant
  Shape src_strides;           // bytes
  int64_t begin = 0, end = 0;  // where the source's own elements stand on the last of these axes
  int64_t run = 0;             // bytes behind one index of the last of these axes
  int64_t rows = 0;            // of the destination, along the axes before it
  uint8_t value[8] = {};
  int64_t element = 0;
};

PadPlan plan_pad(const Shape& src, const std::vector<int64_t>& before, const std::vector<int64_t>& after,
                 PadMode mode, const void* value, int64_t element);
void run_pad(const PadPlan& plan, const void* src, void* dst);

}  // namespace pronghorn
