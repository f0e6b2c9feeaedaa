// The tiles of the gradient by the weights: sums over pixels of products of what lies at each in a copy of
// the image with what lies at it in the gradient of the result. Where the image is read at a pixel stands in
// a table, so that rows, images and strides do not interrupt a sum. Internal to each file compiled per
// instruction set.
#pragma once
#include "kernels/conv/chunks.h"
#include "kernels/conv/registers.h"
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Rows of a tile of one vector: more than fit beside two, but no more than the loads keep up with.
constexpr int most_rows_of_one = most_rows > 12 ? most_rows : most_rows == 12 ? 12 : 2 * most_rows;

template <class T>
PRONGHORN_INLINE void put(T* to, Vec<T> sum, bool first) {
  store(to, first ? sum : load(to) + sum);
}

// Channels of the image down, of the result across: to[i][o] (+)= sum over x of image[at[x] + i] ·
// diff[x][o].
template <class T, int Rows, int Vectors>
void plain_tile(const T* image, const int64_t* at, const T* diff, int64_t pixels, T* to, int64_t to_step,
                bool first) {
  Vec<T> sums[Rows][Vectors];
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) { sums[i][v] = zero<T>(); });
  });
  unroll<Rows>([&](auto i) __attribute__((always_inline)) { __builtin_prefetch(to + i * to_step, 1); });
  for (const int64_t* const end = at + pixels; at != end; at++, diff += Vectors * width<T>) {
    const T* a = image + *at;
    Vec<T> factors[Vectors];
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) { factors[v] = load(diff + v * width<T>); });
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      const Vec<T> element = broadcast(a[i]);
      unroll<Vectors>(
          [&](auto v) __attribute__((always_inline)) { sums[i][v] = fma(element, factors[v], sums[i][v]); });
    });
  }
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
      put(to + i * to_step + v * width<T>, sums[i][v], first);
    });
  });
}

// Channels of the result down, of the image across, for few of the former: to[o][v] (+)= sum over x of
// diff[x * diff_step + o] · the vector at image[at[x] + vectors[v]].
template <class T, int Rows, int Vectors>
void turned_tile(const T* image, const int64_t* at, const int64_t* vectors, const T* diff, int64_t diff_step,
                 int64_t pixels, T* to, int64_t to_step, bool first) {
  const T* from[Vectors];
  unroll<Vectors>([&](auto v) __attribute__((always_inline)) { from[v] = image + vectors[v]; });
  Vec<T> sums[Rows][Vectors];
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) { sums[i][v] = zero<T>(); });
  });
  for (const int64_t* const end = at + pixels; at != end; at++, diff += diff_step) {
    const int64_t x = *at;
    Vec<T> factors[Rows];
    unroll<Rows>([&](auto i) __attribute__((always_inline)) { factors[i] = broadcast(diff[i]); });
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
      const Vec<T> elements = load(from[v] + x);
      unroll<Rows>(
          [&](auto i) __attribute__((always_inline)) { sums[i][v] = fma(factors[i], elements, sums[i][v]); });
    });
  }
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
      put(to + i * to_step + v * width<T>, sums[i][v], first);
    });
  });
}

// The most vectors across beside so many rows of a turned tile.
constexpr int most_vectors(int rows) {
#if defined(PRONGHORN_ISA_avx512) || defined(PRONGHORN_ISA_neon)
  constexpr int registers = 31;
#else
  constexpr int registers = 15;
#endif
  const int fit = (registers - rows) / rows;
  return fit > 6 ? 6 : fit < 1 ? 1 : fit;
}
constexpr int most_turned_rows = most_rows > 12 ? 9 : most_rows > 6 ? 6 : most_rows;

template <class T>
using PlainTile = void (*)(const T*, const int64_t*, const T*, int64_t, T*, int64_t, bool);
template <class T>
using TurnedTile = void (*)(const T*, const int64_t*, const int64_t*, const T*, int64_t, int64_t, T*, int64_t,
                            bool);

// By rows, less one; the turned ones by vectors, less one, too.
template <class T>
struct Tiles {
  PlainTile<T> one[most_rows_of_one], two[most_rows];
  TurnedTile<T> turned[most_turned_rows][6];
};
template <class T, int Rows, int Vectors>
constexpr TurnedTile<T> turned_or_null() {
  if constexpr (Vectors <= most_vectors(Rows)) return turned_tile<T, Rows, Vectors>;
  return nullptr;
}
template <class T, int... One, int... Two, int... Turned>
constexpr Tiles<T> tiles_of(std::integer_sequence<int, One...>, std::integer_sequence<int, Two...>,
                            std::integer_sequence<int, Turned...>) {
  return {{plain_tile<T, One + 1, 1>...},
          {plain_tile<T, Two + 1, 2>...},
          {{turned_or_null<T, Turned + 1, 1>(), turned_or_null<T, Turned + 1, 2>(),
            turned_or_null<T, Turned + 1, 3>(), turned_or_null<T, Turned + 1, 4>(),
            turned_or_null<T, Turned + 1, 5>(), turned_or_null<T, Turned + 1, 6>()}...}};
}
template <class T>
constexpr Tiles<T> all_tiles = tiles_of<T>(std::make_integer_sequence<int, most_rows_of_one>{},
                                           std::make_integer_sequence<int, most_rows>{},
                                           std::make_integer_sequence<int, most_turned_rows>{});

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
