// Loops of tile instructions over vectors: the last one is a part, computed by the same formula.
#pragma once
#include "kernels/elementwise/instructions.h"
#include "simd/bytes.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class T>
struct TileSource {
  const T* data;
  int64_t step;

  TileSource(const TileArguments& a, int k) : data(static_cast<const T*>(a.src[k])), step(a.step[k]) {}
  __attribute__((always_inline)) Vec<T> at(int64_t i, int lanes) const {
    return load_upto(data + i * step, lanes);
  }
};

template <class T, class Body>
PRONGHORN_INLINE void for_each_vector(int64_t n, const Body& body) {
  const int64_t whole = n / width<T> * width<T>;
  for (int64_t i = 0; i < whole; i += width<T>) body(i, width<T>);
  if (whole < n) body(whole, static_cast<int>(n - whole));
}

// dst[i] = f(src0[i])
template <class T, class F>
PRONGHORN_INLINE void map1(const TileArguments& a, const F& f) {
  const TileSource<T> x(a, 0);
  T* const dst = static_cast<T*>(a.dst);
  for_each_vector<T>(a.n, [&](int64_t i, int lanes) { store_upto<T>(dst + i, f(x.at(i, lanes)), lanes); });
}

// dst[i] = f(src0[i], src1[i])
template <class T, class F>
PRONGHORN_INLINE void map2(const TileArguments& a, const F& f) {
  const TileSource<T> x(a, 0), y(a, 1);
  T* const dst = static_cast<T*>(a.dst);
  for_each_vector<T>(
      a.n, [&](int64_t i, int lanes) { store_upto<T>(dst + i, f(x.at(i, lanes), y.at(i, lanes)), lanes); });
}

// The same into bytes of 0 and 1, where f gives masks.
template <class T, class F>
PRONGHORN_INLINE void test1(const TileArguments& a, const F& f) {
  const TileSource<T> x(a, 0);
  auto* const dst = static_cast<uint8_t*>(a.dst);
  for_each_vector<T>(a.n, [&](int64_t i, int lanes) { store_mask<T>(dst + i, f(x.at(i, lanes)), lanes); });
}
template <class T, class F>
PRONGHORN_INLINE void test2(const TileArguments& a, const F& f) {
  const TileSource<T> x(a, 0), y(a, 1);
  auto* const dst = static_cast<uint8_t*>(a.dst);
  for_each_vector<T>(
      a.n, [&](int64_t i, int lanes) { store_mask<T>(dst + i, f(x.at(i, lanes), y.at(i, lanes)), lanes); });
}

// Element by element, for integers and what has no vector form.
template <class T, class F>
PRONGHORN_INLINE void each2(const TileArguments& a, const F& f) {
  const auto *x = static_cast<const T*>(a.src[0]), *y = static_cast<const T*>(a.src[1]);
  for (int64_t i = 0; i < a.n; i++) static_cast<T*>(a.dst)[i] = f(x[i * a.step[0]], y[i * a.step[1]]);
}

template <class T>
PRONGHORN_INLINE Vec<T> immediate(const TileArguments& a, int k) {
  return broadcast(static_cast<T>(a.immediate[k]));
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
