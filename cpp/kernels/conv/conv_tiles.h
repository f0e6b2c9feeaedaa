// The tiles of direct convolution: a few pixels of the result by a few of its channels. Where each pixel and
// each term of its sum lie in the image stands in tables, so that rows, taps and strides do not interrupt a
// sum. Internal to each file compiled per instruction set.
#pragma once
#include "kernels/conv/registers.h"
#include "kernels/gemm/tiling.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class T>
struct TileTask {
  const T* image;
  const int64_t* places;  // of the pixels in the image
  const int32_t* terms;   // from a pixel to the terms of its sum; of turned tiles to vectors of terms
  int64_t count;          // of terms or vectors
  int64_t tails, tail;    // turned: how many more vectors there are that hold `tail` terms only
  const T* weights;
  T* dst;
  const int64_t* dst_places;
  int64_t columns;  // how many of the tile's columns exist
  const T *bias, *residual, *mask;
  T mask_factor;  // of what the mask keeps
  bool relu;
};

template <class T>
PRONGHORN_INLINE Vec<T> finished(const TileTask<T>& t, Vec<T> sum, int64_t at, int64_t left) {
  if (t.residual) sum = sum + load_upto(t.residual + at, left);
  if (t.relu) sum = sum < zero<T>() ? zero<T>() : sum;  // NaN stays NaN
  if (t.mask) sum = load_upto(t.mask + at, left) > zero<T>() ? sum * broadcast(t.mask_factor) : zero<T>();
  return sum;
}

constexpr int rows_ahead = 12;  // of the weights, fetched before they are needed

template <class T, int Rows, int Vectors>
void plain_tile(const TileTask<T>& t) {
  constexpr int W = width<T>, lines = (Vectors * vector_bytes + 63) / 64;
  Vec<T> sums[Rows][Vectors];
  unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
    const int64_t left = t.columns - v * W;
    const Vec<T> start = t.bias && left > 0 ? load_upto(t.bias + v * W, left) : zero<T>();
    unroll<Rows>([&](auto i) __attribute__((always_inline)) { sums[i][v] = start; });
  });
  const T* rows[Rows];
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    rows[i] = t.image + t.places[i];
    __builtin_prefetch(t.dst + t.dst_places[i], 1);
    __builtin_prefetch(t.dst + t.dst_places[i] + Vectors * W - 1, 1);
  });
  const T* b = t.weights;
  for (const int32_t *term = t.terms, *const end = term + t.count; term != end; term++, b += Vectors * W) {
    const int64_t at = *term;
    Vec<T> factors[Vectors];
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) { factors[v] = load(b + v * W); });
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      const Vec<T> element = broadcast(rows[i][at]);
      unroll<Vectors>(
          [&](auto v) __attribute__((always_inline)) { sums[i][v] = fma(element, factors[v], sums[i][v]); });
    });
    unroll<lines>([&](auto line) __attribute__((always_inline)) {
      __builtin_prefetch(b + rows_ahead * Vectors * W + line * (64 / static_cast<int>(sizeof(T))));
    });
  }
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    const int64_t place = t.dst_places[i];
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
      const int64_t left = t.columns - v * W, at = place + v * W;
      if (left > 0) store_upto(t.dst + at, finished(t, sums[i][v], at, left), left);
    });
  });
}

// The same for few columns: terms lie across the vectors, whose lanes are added up at the end.
template <class T, int Rows, int Columns>
void turned_tile(const TileTask<T>& t) {
  constexpr int W = width<T>;
  Vec<T> sums[Rows][Columns];
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    unroll<Columns>([&](auto c) __attribute__((always_inline)) { sums[i][c] = zero<T>(); });
  });
  const T* rows[Rows];
  unroll<Rows>([&](auto i) __attribute__((always_inline)) { rows[i] = t.image + t.places[i]; });
  const T* b = t.weights;
  const int32_t* term = t.terms;
  const auto step = [&](const auto& read) __attribute__((always_inline)) {
    const int64_t at = *term++;
    Vec<T> factors[Columns];
    unroll<Columns>([&](auto c) __attribute__((always_inline)) { factors[c] = load(b + c * W); });
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      const Vec<T> elements = read(rows[i] + at);
      unroll<Columns>(
          [&](auto c) __attribute__((always_inline)) { sums[i][c] = fma(elements, factors[c], sums[i][c]); });
    });
    b += Columns * W;
  };
  for (int64_t k = t.count; k > 0; k--)
    step([](const T* p) __attribute__((always_inline)) { return load(p); });
  const int tail = static_cast<int>(t.tail);
  for (int64_t k = t.tails; k > 0; k--)
    step([&](const T* p) __attribute__((always_inline)) { return load_part(p, tail); });
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    unroll<Columns>([&](auto c) __attribute__((always_inline)) {
      const int64_t at = t.dst_places[i] + c;
      T total = sum(sums[i][c]);
      if (t.bias) total += t.bias[c];
      if (t.residual) total += t.residual[at];
      if (t.relu && total < 0) total = 0;
      if (t.mask) total = t.mask[at] > 0 ? total * t.mask_factor : 0;
      t.dst[at] = total;
    });
  });
}

// The most rows of a tile of one vector, and of turned ones by columns, less one.
constexpr int most_rows_of_one = most_rows > 8 ? most_rows : 8;
constexpr int most_turned_columns = 4;
#if defined(PRONGHORN_ISA_avx512) || defined(PRONGHORN_ISA_neon)
constexpr int most_turned_rows[most_turned_columns] = {8, 8, 6, 5};
#else
constexpr int most_turned_rows[most_turned_columns] = {8, 6, 4, 2};
#endif

template <class T>
using Tile = void (*)(const TileTask<T>&);
// By rows, less one.
template <class T>
struct Tiles {
  Tile<T> one[most_rows_of_one], two[most_rows];
  Tile<T> turned[most_turned_columns][8];
};
template <class T, int Rows, int Columns>
constexpr Tile<T> turned_or_null() {
  if constexpr (Rows <= most_turned_rows[Columns - 1]) return turned_tile<T, Rows, Columns>;
  return nullptr;
}
template <class T, int... One, int... Two, int... Turned>
constexpr Tiles<T> tiles_of(std::integer_sequence<int, One...>, std::integer_sequence<int, Two...>,
                            std::integer_sequence<int, Turned...>) {
  return {{plain_tile<T, One + 1, 1>...},
          {plain_tile<T, Two + 1, 2>...},
          {{turned_or_null<T, Turned + 1, 1>()...},
           {turned_or_null<T, Turned + 1, 2>()...},
           {turned_or_null<T, Turned + 1, 3>()...},
           {turned_or_null<T, Turned + 1, 4>()...}}};
}
template <class T>
constexpr Tiles<T> all_tiles =
    tiles_of<T>(std::make_integer_sequence<int, most_rows_of_one>{},
                std::make_integer_sequence<int, most_rows>{}, std::make_integer_sequence<int, 8>{});

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
