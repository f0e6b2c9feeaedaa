// The loops of reductions, per operation, element type and instruction set.
#pragma once
#include <cstdint>

namespace pronghorn {

enum class ReduceOp : uint8_t { Sum, Max, Min, Prod };
constexpr int reduce_op_count = 4;
constexpr int reduce_dtype_count = 6;  // columns follow DType

// dst[r] = src[r * n] op … op src[r * n + n - 1] for each of the rows
using ReduceRows = void (*)(const void* src, int64_t rows, int64_t n, void* dst);
// dst[c] = src[c] op src[stride + c] op …, over all rows, for each of the n columns
using ReduceColumns = void (*)(const void* src, int64_t rows, int64_t stride, int64_t n, void* dst);
// values[i] /= divisor
using DivideValues = void (*)(void* values, int64_t n, double divisor);

struct ReduceTable {
  ReduceRows rows[reduce_op_count][reduce_dtype_count];
  ReduceColumns columns[reduce_op_count][reduce_dtype_count];
  DivideValues divide[reduce_dtype_count];
};
const ReduceTable& reduce_table();

// What each operation gives over nothing.
template <class T>
constexpr T reduce_identity(ReduceOp op) {
  constexpr bool is_float = static_cast<T>(0.5) != 0, is_signed = static_cast<T>(-1) < 0;
  constexpr T most = is_float ? static_cast<T>(__builtin_inf())
                              : static_cast<T>(~uint64_t{0} >> (64 - 8 * sizeof(T) + (is_signed ? 1 : 0)));
  constexpr T least = is_float ? -most : is_signed ? static_cast<T>(-most - 1) : static_cast<T>(0);
  return op == ReduceOp::Sum ? T(0) : op == ReduceOp::Prod ? T(1) : op == ReduceOp::Max ? least : most;
}

}  // namespace pronghorn
