// Reductions over any axes, as stages that each reduce the middle axis of (outer, reduced, inner).
#pragma once
#include <vector>

#include "base/tensor.h"
#include "kernels/reduce/table.h"

namespace pronghorn {

struct ReduceStage {
  int64_t outer, reduced, inner;
  int64_t chunk,
      chunks;  // the reduced axis in pieces, each worth a thread's attention; their results are reduced again
};

struct ReducePlan {
  ReduceOp op;
  DType dtype;
  double divisor = 1;  // the results are divided by it: mean
  std::vector<ReduceStage> stages;
  size_t scratch = 0;  // bytes
  const ReduceTable* table;
};

// `reduces[axis]` says which axes of `shape` go. Bool tensors reduce by max (any) and min (all).
ReducePlan plan_reduce(ReduceOp op, DType dtype, const Shape& shape, const std::vector<bool>& reduces);
void run_reduce(const ReducePlan& plan, const void* src, void* dst, void* scratch);
bool reduce_supports(ReduceOp op, DType dtype);

// Index of the first largest (smallest) element along the middle axis; NaN counts as larger (smaller) than
// all else.
void run_arg_reduce(bool largest, DType dtype, int64_t outer, int64_t reduced, int64_t inner, const void* src,
                    int64_t* dst);

// Running sums or products along the middle axis; exclusive: of the elements before this one.
void run_cumulate(bool product, bool reverse, bool exclusive, DType dtype, int64_t outer, int64_t size,
                  int64_t inner, const void* src, void* dst);

}  // namespace pronghorn
