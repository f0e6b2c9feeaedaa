// The transforms of minimal filtering along one axis and both, a vector of channels at a time. With the
// points x_i (0, ±1, ±2, ±1/2 and infinity, or the first five or three of these and infinity) the matrices
// are A_ij = x_i^j and G_ij = s_i x_i^j, whose last rows, for infinity, are 0, …, 0, 1. Bᵀ depends on the
// points alone.
#pragma once
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

using Floats = Vec<float>;

PRONGHORN_INLINE Floats times(float factor, Floats v, Floats to) {
  return fma(broadcast(factor), v, to);
}

// Bᵀ d
PRONGHORN_INLINE void input_axis(const Floats (&d)[8], Floats (&o)[8]) {
  o[0] = times(-5.25f, d[4] - d[2], d[6] - d[0]);
  o[7] = times(5.25f, d[3] - d[5], d[7] - d[1]);
  const Floats even1 = times(-4.25f, d[4], d[2] + d[6]), odd1 = times(-4.25f, d[3], d[1] + d[5]);
  o[1] = even1 + odd1;
  o[2] = even1 - odd1;
  const Floats even2 = times(-1.25f, d[4], times(0.25f, d[2], d[6])),
               odd2 = times(-1.25f, d[3], times(0.25f, d[1], d[5]));
  o[3] = times(2, odd2, even2);
  o[4] = times(-2, odd2, even2);
  const Floats even3 = times(-5, d[4], times(4, d[2], d[6])), odd3 = times(-5, d[3], times(4, d[1], d[5]));
  o[5] = times(0.5f, odd3, even3);
  o[6] = times(-0.5f, odd3, even3);
}
PRONGHORN_INLINE void input_axis(const Floats (&d)[6], Floats (&o)[6]) {
  const Floats even = d[4] - d[2], odd = d[3] - d[1];
  o[0] = times(4, d[0] - d[2], even);
  o[3] = times(2, odd, even);
  o[4] = times(-2, odd, even);
  o[5] = times(-4, odd, d[5] - d[3]);
  const Floats even1 = times(-4, d[2], d[4]), odd1 = times(-4, d[1], d[3]);
  o[1] = even1 + odd1;
  o[2] = even1 - odd1;
}
PRONGHORN_INLINE void input_axis(const Floats (&d)[4], Floats (&o)[4]) {
  o[0] = d[0] - d[2];
  o[1] = d[2] + d[1];
  o[2] = d[2] - d[1];
  o[3] = d[3] - d[1];
}

// Aᵀ x
PRONGHORN_INLINE void output_axis(const Floats (&x)[8], Floats (&o)[6]) {
  const Floats s1 = x[1] + x[2], d1 = x[1] - x[2], s2 = x[3] + x[4], d2 = x[3] - x[4], s3 = x[5] + x[6],
               d3 = x[5] - x[6];
  o[0] = x[0] + s1 + (s2 + s3);
  o[1] = times(2, d2, times(1.f / 2, d3, d1));
  o[2] = times(4, s2, times(1.f / 4, s3, s1));
  o[3] = times(8, d2, times(1.f / 8, d3, d1));
  o[4] = times(16, s2, times(1.f / 16, s3, s1));
  o[5] = times(32, d2, times(1.f / 32, d3, d1)) + x[7];
}
PRONGHORN_INLINE void output_axis(const Floats (&x)[8], Floats (&o)[4]) {
  const Floats s1 = x[1] + x[2], d1 = x[1] - x[2], s2 = x[3] + x[4], d2 = x[3] - x[4], s3 = x[5] + x[6],
               d3 = x[5] - x[6];
  o[0] = x[0] + s1 + (s2 + s3);
  o[1] = times(2, d2, times(0.5f, d3, d1));
  o[2] = times(4, s2, times(0.25f, s3, s1));
  o[3] = times(8, d2, times(0.125f, d3, d1)) + x[7];
}
PRONGHORN_INLINE void output_axis(const Floats (&x)[6], Floats (&o)[4]) {
  const Floats s1 = x[1] + x[2], d1 = x[1] - x[2], s2 = x[3] + x[4], d2 = x[3] - x[4];
  o[0] = x[0] + s1 + s2;
  o[1] = times(2, d2, d1);
  o[2] = times(4, s2, s1);
  o[3] = times(8, d2, d1) + x[5];
}
PRONGHORN_INLINE void output_axis(const Floats (&x)[6], Floats (&o)[2]) {
  o[0] = x[0] + (x[1] + x[2]) + (x[3] + x[4]);
  o[1] = times(2, x[3] - x[4], x[1] - x[2]) + x[5];
}
PRONGHORN_INLINE void output_axis(const Floats (&x)[4], Floats (&o)[2]) {
  o[0] = x[0] + x[1] + x[2];
  o[1] = x[1] - x[2] + x[3];
}

// A y
PRONGHORN_INLINE void expand_axis(const Floats (&y)[6], Floats (&o)[8]) {
  const Floats s1 = y[0] + y[2] + y[4], d1 = y[1] + y[3] + y[5], s2 = times(16, y[4], times(4, y[2], y[0])),
               d2 = times(16, y[5], times(4, y[3], y[1])),
               s3 = times(1.f / 16, y[4], times(1.f / 4, y[2], y[0])),
               d3 = times(1.f / 16, y[5], times(1.f / 4, y[3], y[1]));
  o[0] = y[0];
  o[1] = s1 + d1;
  o[2] = s1 - d1;
  o[3] = times(2, d2, s2);
  o[4] = times(-2, d2, s2);
  o[5] = times(1.f / 2, d3, s3);
  o[6] = times(-1.f / 2, d3, s3);
  o[7] = y[5];
}
PRONGHORN_INLINE void expand_axis(const Floats (&y)[4], Floats (&o)[8]) {
  const Floats s1 = y[0] + y[2], d1 = y[1] + y[3], s2 = times(4, y[2], y[0]), d2 = times(4, y[3], y[1]),
               s3 = times(0.25f, y[2], y[0]), d3 = times(0.25f, y[3], y[1]);
  o[0] = y[0];
  o[1] = s1 + d1;
  o[2] = s1 - d1;
  o[3] = times(2, d2, s2);
  o[4] = times(-2, d2, s2);
  o[5] = times(0.5f, d3, s3);
  o[6] = times(-0.5f, d3, s3);
  o[7] = y[3];
}
PRONGHORN_INLINE void expand_axis(const Floats (&y)[4], Floats (&o)[6]) {
  const Floats s1 = y[0] + y[2], d1 = y[1] + y[3], s2 = times(4, y[2], y[0]),
               d2 = times(8, y[3], y[1] + y[1]);
  o[0] = y[0];
  o[1] = s1 + d1;
  o[2] = s1 - d1;
  o[3] = s2 + d2;
  o[4] = s2 - d2;
  o[5] = y[3];
}
PRONGHORN_INLINE void expand_axis(const Floats (&y)[2], Floats (&o)[6]) {
  o[0] = y[0];
  o[1] = y[0] + y[1];
  o[2] = y[0] - y[1];
  o[3] = times(2, y[1], y[0]);
  o[4] = times(-2, y[1], y[0]);
  o[5] = y[1];
}
PRONGHORN_INLINE void expand_axis(const Floats (&y)[2], Floats (&o)[4]) {
  o[0] = y[0];
  o[1] = y[0] + y[1];
  o[2] = y[0] - y[1];
  o[3] = y[1];
}

// G for a = 8, 6 and 4, with as many columns as the kernel has taps.
template <int a, int r>
constexpr float kernel_matrix(int i, int j) {
  constexpr float points[] = {0, 1, -1, 2, -2, 1.f / 2, -1.f / 2},
                  scales8[] = {-1, -2.f / 9, -2.f / 9, 1.f / 90, 1.f / 90, 32.f / 45, 32.f / 45},
                  scales6[] = {1.f / 4, -1.f / 6, -1.f / 6, 1.f / 24, 1.f / 24},
                  scales4[] = {1, 1.f / 2, 1.f / 2};
  if (i == a - 1) return j == r - 1;
  float power = a == 8 ? scales8[i] : a == 6 ? scales6[i] : scales4[i];
  for (int n = 0; n < j; n++) power *= points[i];
  return power;
}

// G g
template <int r, int a>
PRONGHORN_INLINE void kernel_axis(const Floats (&g)[r], Floats (&o)[a]) {
  unroll<a>([&](auto i) __attribute__((always_inline)) {
    o[i] = broadcast(kernel_matrix<a, r>(i, 0)) * g[0];
    unroll<r - 1>([&](auto j) __attribute__((always_inline)) {
      if constexpr (constexpr float factor = kernel_matrix<a, r>(i, j + 1); factor != 0)
        o[i] = times(factor, g[j + 1], o[i]);
    });
  });
}

// Gᵀ x
template <int r, int a>
PRONGHORN_INLINE void kernel_gradient_axis(const Floats (&x)[a], Floats (&o)[r]) {
  unroll<r>([&](auto j) __attribute__((always_inline)) {
    o[j] = broadcast(kernel_matrix<a, r>(1, j)) * x[1];
    unroll<a>([&](auto i) __attribute__((always_inline)) {
      if constexpr (constexpr float factor = kernel_matrix<a, r>(i, j); i != 1 && factor != 0)
        o[j] = times(factor, x[i], o[j]);
    });
  });
}

// f along both axes of an n × n patch: get(i, j) reads it, put(i, j, v) takes the m × m results. The loops
// over columns and rows stay loops, so that the code stays in the processor's cache of decoded instructions.
template <int n, int m, class F, class Get, class Put>
PRONGHORN_INLINE void both_axes(const F& f, const Get& get, const Put& put) {
  Floats half[m][n];
#pragma GCC unroll 1
  for (int j = 0; j < n; j++) {
    Floats from[n], to[m];
    unroll<n>([&](auto i) __attribute__((always_inline)) { from[i] = get(i, j); });
    f(from, to);
    unroll<m>([&](auto i) __attribute__((always_inline)) { half[i][j] = to[i]; });
  }
#pragma GCC unroll 1
  for (int i = 0; i < m; i++) {
    Floats from[n], to[m];
    unroll<n>([&](auto j) __attribute__((always_inline)) { from[j] = half[i][j]; });
    f(from, to);
    unroll<m>([&](auto j) __attribute__((always_inline)) { put(i, j, to[j]); });
  }
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
