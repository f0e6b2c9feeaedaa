// Instructions that are exact, or rounded once: arithmetic, comparisons, choices.
#include "kernels/elementwise/map.h"
#include "kernels/elementwise/scalar.h"
#include "simd/min_max.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr TileTable make() {
  TileTable t{};
#define PRONGHORN_NUMBERS float, double, int32_t, int64_t, uint8_t
  t.set<PRONGHORN_NUMBERS>(TileOp::add, [](auto tag, const TileArguments& a) {
    map2<decltype(tag)>(a, [](auto x, auto y) { return x + y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::subtract, [](auto tag, const TileArguments& a) {
    map2<decltype(tag)>(a, [](auto x, auto y) { return x - y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::multiply, [](auto tag, const TileArguments& a) {
    map2<decltype(tag)>(a, [](auto x, auto y) { return x * y; });
  });
  t.set<float, double>(TileOp::divide, [](auto tag, const TileArguments& a) {
    map2<decltype(tag)>(a, [](auto x, auto y) { return x / y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::floor_divide, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    each2<T>(a, [](T x, T y) { return floor_divide(x, y); });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::mod, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    each2<T>(a, [](T x, T y) { return floor_mod(x, y); });
  });
  t.set<int32_t, int64_t, uint8_t>(TileOp::power, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    each2<T>(a, [](T x, T y) { return integer_power(x, y); });
  });
  // NaN where either is.
  t.set<PRONGHORN_NUMBERS>(TileOp::maximum, [](auto tag, const TileArguments& a) {
    map2<decltype(tag)>(a, [](auto x, auto y) { return select(x != x, x, max(x, y)); });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::minimum, [](auto tag, const TileArguments& a) {
    map2<decltype(tag)>(a, [](auto x, auto y) { return select(x != x, x, min(x, y)); });
  });

  t.set<PRONGHORN_NUMBERS>(TileOp::less, [](auto tag, const TileArguments& a) {
    test2<decltype(tag)>(a, [](auto x, auto y) { return x < y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::less_equal, [](auto tag, const TileArguments& a) {
    test2<decltype(tag)>(a, [](auto x, auto y) { return x <= y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::greater, [](auto tag, const TileArguments& a) {
    test2<decltype(tag)>(a, [](auto x, auto y) { return x > y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::greater_equal, [](auto tag, const TileArguments& a) {
    test2<decltype(tag)>(a, [](auto x, auto y) { return x >= y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::equal, [](auto tag, const TileArguments& a) {
    test2<decltype(tag)>(a, [](auto x, auto y) { return x == y; });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::not_equal, [](auto tag, const TileArguments& a) {
    test2<decltype(tag)>(a, [](auto x, auto y) { return x != y; });
  });
  t.set<bool>(TileOp::equal, [](auto, const TileArguments& a) {
    map2<uint8_t>(a, [](auto x, auto y) { return (x ^ y) ^ 1; });
  });
  t.set<bool>(TileOp::not_equal,
              [](auto, const TileArguments& a) { map2<uint8_t>(a, [](auto x, auto y) { return x ^ y; }); });
  t.set<bool>(TileOp::logical_and,
              [](auto, const TileArguments& a) { map2<uint8_t>(a, [](auto x, auto y) { return x & y; }); });
  t.set<bool>(TileOp::logical_or,
              [](auto, const TileArguments& a) { map2<uint8_t>(a, [](auto x, auto y) { return x | y; }); });
  t.set<bool>(TileOp::logical_not,
              [](auto, const TileArguments& a) { map1<uint8_t>(a, [](auto x) { return x ^ 1; }); });

  t.set<PRONGHORN_NUMBERS>(TileOp::negative, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return -x; });
  });
  t.set<float, double>(TileOp::abs, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return abs(x); });
  });
  t.set<int32_t, int64_t, uint8_t>(TileOp::abs, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return select(x < 0, -x, x); });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::sign, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [](Vec<T> x) {
      const Vec<T> one = broadcast<T>(1), none = select(x != x, x, zero<T>());
      return select(x > zero<T>(), one, select(x < zero<T>(), -one, none));
    });
  });
  t.set<PRONGHORN_NUMBERS>(TileOp::square, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return x * x; });
  });
  t.set<float, double>(TileOp::sqrt, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return sqrt(x); });
  });
  t.set<float, double>(TileOp::rsqrt, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [](Vec<T> x) { return broadcast<T>(1) / sqrt(x); });
  });
  t.set<float, double>(TileOp::reciprocal, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [](Vec<T> x) { return broadcast<T>(1) / x; });
  });
  t.set<float, double>(TileOp::floor, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return floor(x); });
  });
  t.set<float, double>(TileOp::ceil, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return ceil(x); });
  });
  t.set<float, double>(TileOp::round, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return round_even(x); });
  });
  t.set<float, double>(TileOp::is_nan, [](auto tag, const TileArguments& a) {
    test1<decltype(tag)>(a, [](auto x) { return x != x; });
  });
  t.set<float, double>(TileOp::is_inf, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    test1<T>(a, [](Vec<T> x) { return abs(x) == broadcast(static_cast<T>(__builtin_inf())); });
  });

  // max and min give their second operand where one is NaN: NaN stays NaN.
  t.set<PRONGHORN_NUMBERS>(TileOp::relu, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [](Vec<T> x) { return max(zero<T>(), x); });
  });
  t.set<float, double>(TileOp::leaky_relu, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [slope = immediate<T>(a, 0)](Vec<T> x) { return select(x > zero<T>(), x, x * slope); });
  });
  t.set<float, double>(TileOp::clip, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [low = immediate<T>(a, 0), high = immediate<T>(a, 1)](Vec<T> x) {
      return min(high, max(low, x));
    });
  });
  t.set<float, double>(TileOp::hard_sigmoid, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [](Vec<T> x) {
      const Vec<T> line = x * broadcast<T>(0.2) + broadcast<T>(0.5), one = broadcast<T>(1);
      return min(one, max(zero<T>(), line));
    });
  });
  t.set<float, double>(TileOp::softsign, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [](Vec<T> x) { return x / (abs(x) + broadcast<T>(1)); });
  });

  // The type of an instruction is that of its result: src0 holds bytes.
  t.set<PRONGHORN_NUMBERS>(TileOp::where, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    const TileSource<T> x(a, 1), y(a, 2);
    const auto* condition = static_cast<const uint8_t*>(a.src[0]);
    T* const dst = static_cast<T*>(a.dst);
    for_each_vector<T>(a.n, [&](int64_t i, int lanes) {
      const Mask<T> mask = load_mask<T>(condition + i * a.step[0], lanes);
      store_upto<T>(dst + i, select(mask, x.at(i, lanes), y.at(i, lanes)), lanes);
    });
  });
  t.function[static_cast<int>(TileOp::where)][tile_dtype<bool>] =
      t.function[static_cast<int>(TileOp::where)][tile_dtype<uint8_t>];

  // The gradient and the output, in this order.
  t.set<float, double>(TileOp::relu_grad, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map2<T>(a, [](Vec<T> diff, Vec<T> y) { return select(y > zero<T>(), diff, zero<T>()); });
  });
  t.set<float, double>(TileOp::sigmoid_grad, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map2<T>(a, [](Vec<T> diff, Vec<T> y) { return diff * (y * (broadcast<T>(1) - y)); });
  });
  t.set<float, double>(TileOp::tanh_grad, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map2<T>(a, [](Vec<T> diff, Vec<T> y) { return diff * (broadcast<T>(1) - y * y); });
  });
#undef PRONGHORN_NUMBERS
  return t;
}

}  // namespace

extern constexpr TileTable arithmetic_table = make();

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
