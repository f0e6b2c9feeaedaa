// The products in the middle of minimal filtering, on operands laid out for them: every stride is a constant,
// so that a row costs no pointer.
#pragma once
#include "kernels/conv/registers.h"
#include "kernels/conv/winograd_transforms.h"
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t block_bytes = vector_bytes == 64 ? 640 << 10 : 384 << 10;

// Terms summed in registers: what rounding adds to a sum grows with their number.
constexpr int64_t terms_together = 64;

constexpr int lanes = width<float>;
constexpr int panel = panel_vectors * lanes;

// A distance between the a² numbers of a transform that spreads them over the sets of a cache.
PRONGHORN_INLINE int64_t spread(int64_t floats) {
  return round_up(floats, 16) | 16;
}

// Sums in registers: Rows rows by Vectors vectors.
template <int Rows, int Vectors>
struct Sums {
  Floats at[Rows][Vectors];

  static inline __attribute__((always_inline)) void clear(Sums& s) {
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      unroll<Vectors>([&](auto v) __attribute__((always_inline)) { s.at[i][v] = zero<float>(); });
    });
  }
  // Row i of A is at a[i * stride].
  template <int stride>
  static inline __attribute__((always_inline)) void add_product(Sums& s, const float* a, const float* b) {
    Floats columns[Vectors];
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) { columns[v] = load(b + v * lanes); });
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      const Floats x = broadcast(a[i * stride]);
      unroll<Vectors>([&](auto v)
                          __attribute__((always_inline)) { s.at[i][v] = fma(x, columns[v], s.at[i][v]); });
    });
  }
  static inline __attribute__((always_inline)) void write(const Sums& s, float* c, bool add) {
    if (add)
      unroll<Rows>([&](auto i) __attribute__((always_inline)) {
        unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
          float* to = c + (i * Vectors + v) * lanes;
          store(to, s.at[i][v] + load(to));
        });
      });
    else
      unroll<Rows>([&](auto i) __attribute__((always_inline)) {
        unroll<Vectors>(
            [&](auto v) __attribute__((always_inline)) { store(c + (i * Vectors + v) * lanes, s.at[i][v]); });
      });
  }
};

// c[t][o] = sum over k of a[k / lanes][t][k % lanes] · b[k][o], t < Rows, o < Vectors · lanes; a_step floats
// from one block of lanes to the next.
template <int Rows, int Vectors>
void tile_product(const float* a, int64_t a_step, const float* b, int64_t terms, float* c, bool add) {
  using S = Sums<Rows, Vectors>;
  S sums;
  S::clear(sums);
  for (; terms >= lanes; terms -= lanes, a += a_step) {
#pragma GCC unroll 4
    for (int k = 0; k < lanes; k++, b += Vectors * lanes) S::template add_product<lanes>(sums, a + k, b);
  }
#pragma GCC unroll 1
  for (int k = 0; k < terms; k++, b += Vectors * lanes) S::template add_product<lanes>(sums, a + k, b);
  S::write(sums, c, add);
}

// c[i][o] = (add ? c[i][o] : 0) + sum over t of a[t][i] · b[t][o], i < Rows; a_step floats from one t to the
// next.
template <int Rows, int Vectors>
void sum_product(const float* a, int64_t a_step, const float* b, int64_t terms, float* c, bool add) {
  using S = Sums<Rows, Vectors>;
  S sums;
  S::clear(sums);
#pragma GCC unroll 2
  for (int64_t t = 0; t < terms; t++, a += a_step, b += Vectors * lanes)
    S::template add_product<1>(sums, a, b);
  S::write(sums, c, add);
}

using Product = void (*)(const float*, int64_t, const float*, int64_t, float*, bool);

struct ProductsByRows {
  Product one_vector[most_rows], two_vectors[most_rows];
};
template <int... I>
constexpr ProductsByRows tile_products_of(std::integer_sequence<int, I...>) {
  return {{tile_product<I + 1, 1>...}, {tile_product<I + 1, 2>...}};
}
template <int... I>
constexpr ProductsByRows sum_products_of(std::integer_sequence<int, I...>) {
  return {{sum_product<I + 1, 1>...}, {sum_product<I + 1, 2>...}};
}
using EachRow = std::make_integer_sequence<int, most_rows>;

// Calls f(product for that many rows, first row) over `rows` rows, in parts as even as possible.
template <class F>
PRONGHORN_INLINE void for_row_parts(const Product (&products)[most_rows], int64_t rows, const F& f) {
  const int64_t parts = ceil_div(rows, most_rows);
  for (int64_t i = 0, first = 0, end; i < parts; i++, first = end) {
    end = (i + 1) * rows / parts;
    f(products[end - first - 1], first);
  }
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
