// Rows of the user's arrays -> a dense batch of the feed's dtype.
#pragma once
#include <functional>

#include "base/tensor.h"

namespace pronghorn {

// What a batch loop reads rows from: an array of `rows` rows of any dtype, gathered by index and cast to the
// feed's dtype.
struct BatchSource {
  const void* data;
  DType dtype;
  int64_t rows;
  int64_t row_stride;  // bytes from one row to the next; within a row elements are contiguous
};

// The `batch` rows order[0], order[1], … (first, first + 1, … where order is nullptr) as a dense array of
// `type`: in place if they already are one, else copied and cast into staging(). Throws Error (Index) for a
// row that does not exist.
const void* gather_rows(const BatchSource& source, const TensorType& type, int64_t batch,
                        const int64_t* order, int64_t first, const std::function<void*()>& staging);

}  // namespace pronghorn
