// The plain implementation of every instruction: what tests compare the vector ones with.
#include <cmath>
#include <limits>
#include <utility>

#include "base/random.h"
#include "kernels/elementwise/cast.h"
#include "kernels/elementwise/random.h"
#include "kernels/elementwise/scalar.h"

namespace pronghorn::Reference {
namespace {

template <class To, class From = To, class F>
void each(const TileArguments& a, int sources, F f) {
  const From *x = static_cast<const From*>(a.src[0]),
             *y = sources > 1 ? static_cast<const From*>(a.src[1]) : x;
  for (int64_t i = 0; i < a.n; i++)
    static_cast<To*>(a.dst)[i] =
        static_cast<To>(f(x[i * a.step[0]], sources > 1 ? y[i * a.step[1]] : From{}));
}

template <class... T, class F>
constexpr void binary(TileTable& t, TileOp op, F) {
  t.set<T...>(op, [](auto tag, const TileArguments& a) { each<decltype(tag)>(a, 2, F{}); });
}
template <class... T, class F>
constexpr void test(TileTable& t, TileOp op, F) {
  t.set<T...>(op, [](auto tag, const TileArguments& a) { each<bool, decltype(tag)>(a, 2, F{}); });
}
template <class... T, class F>
constexpr void unary(TileTable& t, TileOp op, F) {
  t.set<T...>(op, [](auto tag, const TileArguments& a) {
    each<decltype(tag)>(a, 1, [](auto x, auto) { return F{}(x); });
  });
}
template <class... T, class F>
constexpr void unary_test(TileTable& t, TileOp op, F) {
  t.set<T...>(op, [](auto tag, const TileArguments& a) {
    each<bool, decltype(tag)>(a, 1, [](auto x, auto) { return F{}(x); });
  });
}
// f(x, immediate 0, immediate 1)
template <class... T, class F>
constexpr void parametric(TileTable& t, TileOp op, F) {
  t.set<T...>(op, [](auto tag, const TileArguments& a) {
    using N = decltype(tag);
    each<N>(a, 1,
            [&](N x, N) { return F{}(x, static_cast<N>(a.immediate[0]), static_cast<N>(a.immediate[1])); });
  });
}

#define PRONGHORN_FLOATS float, double
#define PRONGHORN_INTEGERS int32_t, int64_t, uint8_t
#define PRONGHORN_NUMBERS PRONGHORN_FLOATS, PRONGHORN_INTEGERS

constexpr TileTable make_arithmetic() {
  TileTable t{};
  binary<PRONGHORN_NUMBERS>(t, TileOp::add, [](auto x, auto y) { return x + y; });
  binary<PRONGHORN_NUMBERS>(t, TileOp::subtract, [](auto x, auto y) { return x - y; });
  binary<PRONGHORN_NUMBERS>(t, TileOp::multiply, [](auto x, auto y) { return x * y; });
  binary<PRONGHORN_FLOATS>(t, TileOp::divide, [](auto x, auto y) { return x / y; });
  binary<PRONGHORN_NUMBERS>(t, TileOp::floor_divide, [](auto x, auto y) { return floor_divide(x, y); });
  binary<PRONGHORN_NUMBERS>(t, TileOp::mod, [](auto x, auto y) { return floor_mod(x, y); });
  binary<PRONGHORN_INTEGERS>(t, TileOp::power, [](auto x, auto y) { return integer_power(x, y); });
  binary<PRONGHORN_NUMBERS>(t, TileOp::maximum, [](auto x, auto y) { return x > y || x != x ? x : y; });
  binary<PRONGHORN_NUMBERS>(t, TileOp::minimum, [](auto x, auto y) { return x < y || x != x ? x : y; });
  test<PRONGHORN_NUMBERS, bool>(t, TileOp::equal, [](auto x, auto y) { return x == y; });
  test<PRONGHORN_NUMBERS, bool>(t, TileOp::not_equal, [](auto x, auto y) { return x != y; });
  test<PRONGHORN_NUMBERS>(t, TileOp::less, [](auto x, auto y) { return x < y; });
  test<PRONGHORN_NUMBERS>(t, TileOp::less_equal, [](auto x, auto y) { return x <= y; });
  test<PRONGHORN_NUMBERS>(t, TileOp::greater, [](auto x, auto y) { return x > y; });
  test<PRONGHORN_NUMBERS>(t, TileOp::greater_equal, [](auto x, auto y) { return x >= y; });
  binary<bool>(t, TileOp::logical_and, [](bool x, bool y) { return x && y; });
  binary<bool>(t, TileOp::logical_or, [](bool x, bool y) { return x || y; });
  unary<bool>(t, TileOp::logical_not, [](bool x) { return !x; });
  unary<PRONGHORN_NUMBERS>(t, TileOp::negative, [](auto x) { return -x; });
  unary<PRONGHORN_FLOATS>(t, TileOp::abs, [](auto x) { return std::abs(x); });
  unary<PRONGHORN_INTEGERS>(t, TileOp::abs, [](auto x) { return x < 0 ? -x : x; });
  unary<PRONGHORN_NUMBERS>(t, TileOp::sign,
                           [](auto x) { return x != x ? x : static_cast<decltype(x)>((x > 0) - (x < 0)); });
  unary<PRONGHORN_NUMBERS>(t, TileOp::square, [](auto x) { return x * x; });
  unary<PRONGHORN_FLOATS>(t, TileOp::sqrt, [](auto x) { return std::sqrt(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::rsqrt, [](auto x) { return 1 / std::sqrt(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::reciprocal, [](auto x) { return 1 / x; });
  unary<PRONGHORN_FLOATS>(t, TileOp::floor, [](auto x) { return std::floor(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::ceil, [](auto x) { return std::ceil(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::round, [](auto x) { return std::rint(x); });
  unary<PRONGHORN_NUMBERS>(t, TileOp::relu, [](auto x) { return x < 0 ? 0 : x; });
  unary<PRONGHORN_FLOATS>(t, TileOp::softsign, [](auto x) { return x / (std::abs(x) + 1); });
  unary_test<PRONGHORN_FLOATS>(t, TileOp::is_nan, [](auto x) { return x != x; });
  unary_test<PRONGHORN_FLOATS>(t, TileOp::is_inf, [](auto x) { return std::isinf(x); });
  parametric<PRONGHORN_FLOATS>(t, TileOp::leaky_relu,
                               [](auto x, auto slope, auto) { return x > 0 ? x : x * slope; });
  parametric<PRONGHORN_FLOATS>(t, TileOp::clip, [](auto x, auto low, auto high) {
    return x < low ? low : x > high ? high : x;
  });
  parametric<PRONGHORN_FLOATS>(t, TileOp::hard_sigmoid, [](auto x, auto, auto) {
    using T = decltype(x);
    const T line = x * static_cast<T>(0.2) + static_cast<T>(0.5);
    return line < 0 ? 0 : line > 1 ? 1 : line;
  });
  binary<PRONGHORN_FLOATS>(t, TileOp::relu_grad, [](auto diff, auto y) { return y > 0 ? diff : 0; });
  binary<PRONGHORN_FLOATS>(t, TileOp::sigmoid_grad, [](auto diff, auto y) { return diff * (y * (1 - y)); });
  binary<PRONGHORN_FLOATS>(t, TileOp::tanh_grad, [](auto diff, auto y) { return diff * (1 - y * y); });
  t.set<PRONGHORN_NUMBERS, bool>(TileOp::where, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    const auto *x = static_cast<const T*>(a.src[1]), *y = static_cast<const T*>(a.src[2]);
    for (int64_t i = 0; i < a.n; i++)
      static_cast<T*>(a.dst)[i] =
          static_cast<const bool*>(a.src[0])[i * a.step[0]] ? x[i * a.step[1]] : y[i * a.step[2]];
  });
  return t;
}

constexpr TileTable make_functions() {
  TileTable t{};
  unary<PRONGHORN_FLOATS>(t, TileOp::exp, [](auto x) { return std::exp(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::expm1, [](auto x) { return std::expm1(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::log, [](auto x) { return std::log(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::log1p, [](auto x) { return std::log1p(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::sin, [](auto x) { return std::sin(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::cos, [](auto x) { return std::cos(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::tan, [](auto x) { return std::tan(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::tanh, [](auto x) { return std::tanh(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::erf, [](auto x) { return std::erf(x); });
  unary<PRONGHORN_FLOATS>(t, TileOp::sigmoid, [](auto x) {
    const auto e = std::exp(-std::abs(x));
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
  });
  unary<PRONGHORN_FLOATS>(t, TileOp::softplus, [](auto x) {
    return (x > 0 || x != x ? x : 0) + std::log1p(std::exp(-std::abs(x)));
  });
  binary<PRONGHORN_FLOATS>(t, TileOp::power, [](auto x, auto y) { return std::pow(x, y); });
  parametric<PRONGHORN_FLOATS>(t, TileOp::elu,
                               [](auto x, auto alpha, auto) { return x < 0 ? alpha * std::expm1(x) : x; });
  parametric<PRONGHORN_FLOATS>(t, TileOp::selu, [](auto x, auto alpha, auto scale) {
    return scale * (x < 0 ? alpha * std::expm1(x) : x);
  });
  return t;
}

uint32_t word(const TileArguments& a, const void* step, int64_t index) {
  const auto counter = static_cast<uint64_t>(*static_cast<const int64_t*>(step));
  return philox(a.seed, counter, static_cast<uint64_t>(index) / 4).word[index % 4];
}
float uniform(const TileArguments& a, const void* step, int64_t element, float) {
  return uniform_from_bits(word(a, step, element));
}
double uniform(const TileArguments& a, const void* step, int64_t element, double) {
  const uint64_t low = word(a, step, 2 * element), high = word(a, step, 2 * element + 1);
  return static_cast<double>((high << 32 | low) >> 12) * 0x1p-52;
}

// dst[i] = f(uniform number of element i)
template <class... T, class F>
constexpr void drawn(TileTable& t, TileOp op, F) {
  t.set<T...>(op, [](auto tag, const TileArguments& a) {
    using N = decltype(tag);
    for (int64_t i = 0; i < a.n; i++)
      static_cast<N*>(a.dst)[i] = F{}(uniform(a, a.src[0], a.first + i, N{}), static_cast<N>(a.immediate[0]),
                                      static_cast<N>(a.immediate[1]));
  });
}

constexpr TileTable make_random() {
  TileTable t{};
  t.set<PRONGHORN_FLOATS>(TileOp::dropout, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    const T scale = static_cast<T>(1.0 / (1.0 - a.immediate[0]));
    for (int64_t i = 0; i < a.n; i++) {
      const int64_t element = a.first + i;
      const double rate = a.immediate[0];
      const uint32_t byte = word(a, a.src[1], element / 4) >> (element % 4 * 8) & 0xff;
      const uint32_t half = word(a, a.src[1], element / 2) >> (element % 2 * 16) & 0xffff;
      const bool kept = dropout_by_bytes(rate) ? byte >= dropout_threshold<uint8_t>(rate)
                                               : half >= dropout_threshold<uint16_t>(rate);
      static_cast<T*>(a.dst)[i] = kept ? static_cast<const T*>(a.src[0])[i * a.step[0]] * scale : 0;
    }
  });
  drawn<PRONGHORN_FLOATS>(t, TileOp::random_uniform,
                          [](auto u, auto low, auto range) { return u * range + low; });
  drawn<PRONGHORN_FLOATS>(t, TileOp::random_bernoulli,
                          [](auto u, auto p, auto) { return static_cast<decltype(u)>(u < p); });
  drawn<PRONGHORN_FLOATS>(t, TileOp::random_truncated_normal, [](auto u, auto mean, auto deviation) {
    using T = decltype(u);
    const T x = u * (2 * static_cast<T>(truncated_most)) - static_cast<T>(truncated_most),
            w = -std::log(1 - x * x);
    T ratio = 0;
    for (float coefficient : truncated_ratio) ratio = ratio * w + static_cast<T>(coefficient);
    return x * ratio * deviation + mean;
  });
  t.set<PRONGHORN_FLOATS>(TileOp::random_normal, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    for (int64_t i = 0; i < a.n; i++) {
      const int64_t element = a.first + i, half = random_group / 2, within = element % random_group;
      const int64_t first = element - within + within % half;
      const T u = 1 - uniform(a, a.src[0], first, T{});
      const T angle = uniform(a, a.src[0], first + half, T{}) * static_cast<T>(6.283185307179586);
      const T part = within < half ? std::cos(angle) : std::sin(angle);
      static_cast<T*>(a.dst)[i] = std::sqrt(-2 * std::log(u)) * static_cast<T>(a.immediate[1]) * part +
                                  static_cast<T>(a.immediate[0]);
    }
  });
  return t;
}

}  // namespace

extern const TileTable arithmetic_table, functions_table, random_table;
extern const CastTable cast_table;
constexpr TileTable arithmetic_table = make_arithmetic();
constexpr TileTable functions_table = make_functions();
constexpr TileTable random_table = make_random();
constexpr CastTable cast_table = make_cast_table();

}  // namespace pronghorn::Reference
