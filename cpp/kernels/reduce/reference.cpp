#include "kernels/reduce/table.h"

namespace pronghorn::Reference {
namespace {

// Floats are added and multiplied in double.
template <class T>
struct TotalOf {
  using type = T;
};
template <>
struct TotalOf<float> {
  using type = double;
};

template <ReduceOp op, class T>
T reduce(const T* src, int64_t n, int64_t stride) {
  using Total = typename TotalOf<T>::type;
  Total total = static_cast<Total>(reduce_identity<T>(op));
  for (int64_t i = 0; i < n; i++) {
    const Total x = static_cast<Total>(src[i * stride]);
    if constexpr (op == ReduceOp::Sum)
      total += x;
    else if constexpr (op == ReduceOp::Prod)
      total *= x;
    else if (total == total && (x != x || (op == ReduceOp::Max ? x > total : x < total)))
      total = x;
  }
  return static_cast<T>(total);
}

template <ReduceOp op, class T>
void rows(const void* src, int64_t count, int64_t n, void* dst) {
  for (int64_t row = 0; row < count; row++)
    static_cast<T*>(dst)[row] = reduce<op>(static_cast<const T*>(src) + row * n, n, 1);
}
template <ReduceOp op, class T>
void columns(const void* src, int64_t count, int64_t stride, int64_t n, void* dst) {
  for (int64_t c = 0; c < n; c++)
    static_cast<T*>(dst)[c] = reduce<op>(static_cast<const T*>(src) + c, count, stride);
}
template <class T>
void divide(void* values, int64_t n, double divisor) {
  for (int64_t i = 0; i < n; i++) static_cast<T*>(values)[i] /= static_cast<T>(divisor);
}

template <class T>
constexpr void add(ReduceTable& t, int dtype) {
  auto set = [&](ReduceOp op, ReduceRows by_rows, ReduceColumns by_columns) {
    t.rows[static_cast<int>(op)][dtype] = by_rows;
    t.columns[static_cast<int>(op)][dtype] = by_columns;
  };
  set(ReduceOp::Sum, rows<ReduceOp::Sum, T>, columns<ReduceOp::Sum, T>);
  set(ReduceOp::Prod, rows<ReduceOp::Prod, T>, columns<ReduceOp::Prod, T>);
  set(ReduceOp::Max, rows<ReduceOp::Max, T>, columns<ReduceOp::Max, T>);
  set(ReduceOp::Min, rows<ReduceOp::Min, T>, columns<ReduceOp::Min, T>);
}

constexpr ReduceTable make() {
  ReduceTable t{};
  add<float>(t, 0);
  add<double>(t, 1);
  add<int32_t>(t, 2);
  add<int64_t>(t, 3);
  add<uint8_t>(t, 4);
  add<uint8_t>(t, 5);
  t.divide[0] = divide<float>;
  t.divide[1] = divide<double>;
  return t;
}

}  // namespace

extern const ReduceTable reduce_table;
constexpr ReduceTable reduce_table = make();

}  // namespace pronghorn::Reference
