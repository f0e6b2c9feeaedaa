// Tensors of indices: their types, and the error of one that is out of range, which is found when the program
// runs.
#pragma once
#include "base/error.h"
#include "graph/op.h"
#include "kernels/index/index.h"

namespace pronghorn {

inline bool is_index(DType dtype) {
  return dtype == DType::Int32 || dtype == DType::Int64;
}

// Calls f(indices) with the indices in their own type.
template <class F>
void with_indices(DType dtype, const void* indices, const F& f) {
  if (dtype == DType::Int32)
    f(static_cast<const int32_t*>(indices));
  else
    f(static_cast<const int64_t*>(indices));
}

template <class I>
void check_range(const char* who, const I* indices, int64_t count, int64_t size) {
  const int64_t bad = first_outside(indices, count, size);
  if (bad >= 0) [[unlikely]]
    fail(ErrorKind::Index, who, ": index ", indices[bad], " (number ", bad, " of ", count,
         ") is out of range for an axis of size ", size);
}

}  // namespace pronghorn
