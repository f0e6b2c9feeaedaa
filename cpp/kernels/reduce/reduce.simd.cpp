// Sums are accurate because they are taken in short blocks of many independent lanes whose totals are then
// added up, those of float rows in double. The order depends on sizes alone.
#include "kernels/reduce/table.h"
#include "simd/or_nan.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t block_elements = 2048, block_rows = 256;

template <ReduceOp op, class V>
PRONGHORN_INLINE V combine(V a, V b) {
  constexpr bool floats = std::is_same_v<V, Vec<float>> || std::is_same_v<V, Vec<double>>;
  if constexpr (op == ReduceOp::Sum)
    return a + b;
  else if constexpr (op == ReduceOp::Prod)
    return a * b;
  else if constexpr (floats)
    return op == ReduceOp::Max ? max_or_nan(a, b) : min_or_nan(a, b);
  else if constexpr (op == ReduceOp::Max)
    return (a > b) | (a != a) ? a : b;
  else
    return (a < b) | (a != a) ? a : b;
}

template <ReduceOp op, class T>
PRONGHORN_INLINE T block(const T* src, int64_t n) {
  constexpr int w = width<T>;
  const Vec<T> start = broadcast(reduce_identity<T>(op));
  Vec<T> a = start, b = start, c = start, d = start;
  int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    a = combine<op>(a, load(src + i));
    b = combine<op>(b, load(src + i + w));
    c = combine<op>(c, load(src + i + 2 * w));
    d = combine<op>(d, load(src + i + 3 * w));
  }
  for (; i + w <= n; i += w) a = combine<op>(a, load(src + i));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    b = combine<op>(b, select(iota<T>() < broadcast(static_cast<T>(rest)), load_part(src + i, rest), start));
  }
  return static_cast<T>(fold(combine<op>(combine<op>(a, b), combine<op>(c, d)),
                             [](auto x, auto y) { return combine<op>(x, y); }));
}

template <ReduceOp op, class T, class Total>
void rows(const void* from, int64_t count, int64_t n, void* to) {
  const T* src = static_cast<const T*>(from);
  for (int64_t row = 0; row < count; row++, src += n) {
    Total total = static_cast<Total>(reduce_identity<T>(op));
    for (int64_t i = 0; i < n; i += block_elements)
      total = combine<op>(
          total, static_cast<Total>(block<op>(src + i, n - i < block_elements ? n - i : block_elements)));
    static_cast<T*>(to)[row] = static_cast<T>(total);
  }
}

// `vectors` columns' worth of vectors side by side, the last of them with `part` lanes.
template <ReduceOp op, class T, int vectors>
PRONGHORN_INLINE void strip(const T* src, int64_t count, int64_t stride, int part, T* dst) {
  constexpr int w = width<T>;
  Vec<T> total[vectors];
  for (int k = 0; k < vectors; k++) total[k] = broadcast(reduce_identity<T>(op));
  for (int64_t row = 0; row < count;) {
    const int64_t end = count - row < block_rows ? count : row + block_rows;
    Vec<T> sum[vectors];
    for (int k = 0; k < vectors; k++) sum[k] = broadcast(reduce_identity<T>(op));
    for (; row < end; row++)
      for (int k = 0; k < vectors; k++) {
        const T* p = src + row * stride + k * w;
        sum[k] = combine<op>(sum[k], vectors == 1 && part < w ? load_part(p, part) : load(p));
      }
    for (int k = 0; k < vectors; k++) total[k] = combine<op>(total[k], sum[k]);
  }
  for (int k = 0; k < vectors; k++) {
    if (vectors == 1 && part < w)
      store_part(dst, total[k], part);
    else
      store(dst + k * w, total[k]);
  }
}

template <ReduceOp op, class T>
void columns(const void* from, int64_t count, int64_t stride, int64_t n, void* to) {
  constexpr int w = width<T>;
  const T* src = static_cast<const T*>(from);
  T* dst = static_cast<T*>(to);
  int64_t c = 0;
  for (; c + 4 * w <= n; c += 4 * w) strip<op, T, 4>(src + c, count, stride, w, dst + c);
  for (; c + w <= n; c += w) strip<op, T, 1>(src + c, count, stride, w, dst + c);
  if (c < n) strip<op, T, 1>(src + c, count, stride, static_cast<int>(n - c), dst + c);
}

template <class T>
void divide(void* values, int64_t n, double divisor) {
  T* v = static_cast<T*>(values);
  for (int64_t i = 0; i < n; i++) v[i] /= static_cast<T>(divisor);
}

template <class T, class Total = T>
constexpr void add(ReduceTable& t, int dtype, bool arithmetic) {
  auto set = [&](ReduceOp op, ReduceRows by_rows, ReduceColumns by_columns) {
    t.rows[static_cast<int>(op)][dtype] = by_rows;
    t.columns[static_cast<int>(op)][dtype] = by_columns;
  };
  set(ReduceOp::Max, rows<ReduceOp::Max, T, T>, columns<ReduceOp::Max, T>);
  set(ReduceOp::Min, rows<ReduceOp::Min, T, T>, columns<ReduceOp::Min, T>);
  if (!arithmetic) return;
  set(ReduceOp::Sum, rows<ReduceOp::Sum, T, Total>, columns<ReduceOp::Sum, T>);
  set(ReduceOp::Prod, rows<ReduceOp::Prod, T, T>, columns<ReduceOp::Prod, T>);
}

constexpr ReduceTable make() {
  ReduceTable t{};
  add<float, double>(t, 0, true);
  add<double>(t, 1, true);
  add<int32_t>(t, 2, true);
  add<int64_t>(t, 3, true);
  add<uint8_t>(t, 4, false);
  add<uint8_t>(t, 5, false);
  t.divide[0] = divide<float>;
  t.divide[1] = divide<double>;
  return t;
}

}  // namespace

extern constexpr ReduceTable reduce_table = make();

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
