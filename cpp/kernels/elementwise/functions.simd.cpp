// Instructions on elementary functions.
#include "kernels/elementwise/map.h"
#include "simd/math.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr TileTable make() {
  TileTable t{};
  t.set<float, double>(TileOp::exp, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return exp(x); });
  });
  t.set<float, double>(TileOp::expm1, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return expm1(x); });
  });
  t.set<float, double>(TileOp::log, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return log(x); });
  });
  t.set<float, double>(TileOp::log1p, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return log1p(x); });
  });
  t.set<float, double>(TileOp::sin, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return sin(x); });
  });
  t.set<float, double>(TileOp::cos, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return cos(x); });
  });
  t.set<float, double>(TileOp::tan, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return tan(x); });
  });
  t.set<float, double>(TileOp::tanh, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return tanh(x); });
  });
  t.set<float, double>(TileOp::sigmoid, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return sigmoid(x); });
  });
  t.set<float, double>(TileOp::softplus, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return softplus(x); });
  });
  t.set<float, double>(TileOp::erf, [](auto tag, const TileArguments& a) {
    map1<decltype(tag)>(a, [](auto x) { return erf(x); });
  });
  t.set<float, double>(TileOp::power, [](auto tag, const TileArguments& a) {
    map2<decltype(tag)>(a, [](auto x, auto y) { return pow(x, y); });
  });
  t.set<float, double>(TileOp::elu, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [alpha = immediate<T>(a, 0)](Vec<T> x) { return select(x < zero<T>(), alpha * expm1(x), x); });
  });
  // elu times a scale that keeps mean 0 and variance 1 (Klambauer et al., 2017); immediates: alpha, scale.
  t.set<float, double>(TileOp::selu, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    map1<T>(a, [alpha = immediate<T>(a, 0), scale = immediate<T>(a, 1)](Vec<T> x) {
      return scale * select(x < zero<T>(), alpha * expm1(x), x);
    });
  });
  return t;
}

}  // namespace

extern constexpr TileTable functions_table = make();

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
