// Products of a few rows with a matrix that is packed once and used at every time step.
#pragma once
#include "base/parallel.h"
#include "kernels/gemm/pack.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// A matrix whose columns belong to some gates, `units` to each. Its vectors of columns go together in groups:
// a group has the same few units of all gates, so that what a step makes of their sums can follow at once.
// In a group, vector b of gate g is number g blocks + b. Panels of two vectors are stored one after another,
// each row after row, filled up with zeros.
template <class T>
struct Panels {
  static constexpr int64_t most_vectors = 24;                  // of a group: divisible by 1, 2, 3 and 4 gates
  static constexpr int64_t columns = most_vectors * width<T>;  // from row to row of sums
  static constexpr int64_t panel = 2 * width<T>, together = 3;  // panels that all rows go by together
  static constexpr int64_t terms = 24576 / (together * 2 * vector_bytes);  // for which they fit the cache

  static constexpr int most_rows = vector_registers == 32 ? 8 : 6;  // of a tile

  const T* packed;
  int64_t depth, units;
  int gates;
  int64_t groups = (vectors_of(units) * gates + most_vectors - 1) / most_vectors;
  // Vectors of units in all groups but the last: as many in each, but even, as groups begin with a panel.
  int64_t most_blocks = (vectors_of(units) + 2 * groups - 1) / (2 * groups) * 2;

  static int64_t vectors_of(int64_t units) { return (units + width<T> - 1) / width<T>; }
  static int64_t size(int64_t depth, int64_t units, int gates) {
    return (vectors_of(units) * gates + 1) / 2 * panel * depth;
  }

  int64_t first_unit(int64_t group) const { return group * most_blocks * width<T>; }
  int64_t blocks(int64_t group) const {
    const int64_t left = vectors_of(units) - group * most_blocks;
    return left < most_blocks ? left : most_blocks;
  }

  // Packs the matrix (depth, gates units), or (units, depth) of one gate if it is transposed, stored with a
  // stride from row to row.
  static Panels pack(const T* matrix, int64_t stride, int64_t depth, int64_t units, int gates,
                     bool transposed, T* to) {
    const Panels panels = {to, depth, units, gates};
    const double work = 8.0 * static_cast<double>(depth * gates * units);
    parallel_for(
        0, (vectors_of(units) * gates + 1) / 2, 4,
        [=](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; i++) {
            T* own = to + i * panel * depth;
            const int64_t group = 2 * i / (gates * panels.most_blocks);
            if (transposed) {
              const int64_t left = units - i * panel;
              pack_transposed(matrix + i * panel * stride, stride, left < panel ? left : panel, depth, own,
                              panel);
              continue;
            }
            for (int64_t v = 0; v < 2; v++) {
              const int64_t number = 2 * i + v - group * gates * panels.most_blocks,
                            blocks = panels.blocks(group), gate = number / blocks,
                            unit = panels.first_unit(group) + number % blocks * width<T>;
              for (int64_t k = 0; k < depth; k++)
                store(own + k * panel + v * width<T>,
                      gate < gates ? load_upto(matrix + k * stride + gate * units + unit, units - unit)
                                   : zero<T>());
            }
          }
        },
        work);
    return panels;
  }

  // dst = start + src · matrix; dst may be start. The strides lead from row to row; `sums` has room for
  // `columns` values of each row.
  void add(int64_t rows, const T* src, int64_t src_stride, const T* start, int64_t start_stride, T* dst,
           int64_t dst_stride, T* sums) const {
    for (int64_t group = 0; group < groups; group++) {
      multiply(group, rows, src, src_stride, sums, [](int64_t, int64_t) {});
      const int64_t from = first_unit(group), count = blocks(group) * width<T>;
      for (int64_t row = 0; row < rows; row++)
        for (int64_t gate = 0; gate < gates; gate++)
          for (int64_t j = 0; j < count; j += width<T>) {
            const int64_t at = gate * units + from + j, left = units - from - j;
            const Vec<T> sum = load(sums + row * columns + gate * count + j);
            store_upto(dst + row * dst_stride + at, sum + load_upto(start + row * start_stride + at, left),
                       left);
          }
    }
  }

  // sums[row * columns + …] = src · group. The stride leads from row to row. Before a tile is begun,
  // expect(row, i) is called for each row and each panel of it, i counting the panels of all groups: what
  // follows on the sums can have its operands fetched meanwhile.
  template <class F>
  void multiply(int64_t group, int64_t rows, const T* src, int64_t stride, T* sums, const F& expect) const {
    const int64_t start = group * gates * most_blocks / 2;
    const T* own = packed + start * panel * depth;
    const int64_t panels = (blocks(group) * gates + 1) / 2, parts = (panels + together - 1) / together,
                  passes = rows > most_rows ? (depth + terms - 1) / terms : 1;
    for (int64_t part = 0; part < parts; part++)
      for (int64_t pass = 0; pass < passes; pass++) {
        const int64_t i = panels * part / parts, next_panel = panels * (part + 1) / parts,
                      k = depth * pass / passes, next = depth * (pass + 1) / passes;
        const Stretch stretch = {depth * panel, stride, next - k, pass > 0};
        multiply_rows(rows, next_panel - i, own + i * depth * panel + k * panel, src + k, stretch,
                      sums + i * panel, [&](int64_t row, int64_t more) __attribute__((always_inline)) {
                        if (pass == 0) expect(row, start + i + more);
                      });
      }
  }

 private:
  struct Stretch {
    int64_t panel_stride, src_stride, length;
    bool continued;
  };

  // By tiles of about as many sums as hide the latency of fma: the fewer rows, the more panels.
  template <class F>
  PRONGHORN_INLINE void multiply_rows(int64_t rows, int64_t panels, const T* weights, const T* src,
                                      const Stretch& s, T* sums, const F& expect) {
    constexpr int most = most_rows, half = most / 2;
    int64_t row = 0;
    const auto by = [&]<int n, int wide>() __attribute__((always_inline)) {
      for (; rows - row >= n; row += n)
        multiply_panels<n, wide>(row, 0, panels, weights, src, s, sums, expect);
    };
    by.template operator()<most, 1>();
    by.template operator()<half, vector_registers == 32 ? 3 : 2>();
    by.template operator()<2, 3>();
    by.template operator()<1, 3>();
  }

  template <int rows, int most, class F>
  PRONGHORN_INLINE void multiply_panels(int64_t row, int64_t first, int64_t panels, const T* weights,
                                        const T* src, const Stretch& s, T* sums, const F& expect) {
    for (; panels - first >= most; first += most) {
      for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < most; i++) expect(row + r, first + i);
      multiply_tile<rows, most>(weights + first * s.panel_stride, src + row * s.src_stride, s,
                                sums + row * columns + first * panel);
    }
    if constexpr (most > 1)
      if (first < panels) multiply_panels<rows, most - 1>(row, first, panels, weights, src, s, sums, expect);
  }

  template <int rows, int panels>
  __attribute__((noinline)) static void multiply_tile(const T* weights, const T* src, const Stretch& s,
                                                      T* sums) {
    constexpr int vectors = 2 * panels;
    const int64_t panel_stride = s.panel_stride, src_stride = s.src_stride;
    Vec<T> sum[rows][vectors] = {};
    if (s.continued)
      unroll<rows>([&](auto r) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v) __attribute__((always_inline)) {
          sum[r][v] = load(sums + r * columns + v * width<T>);
        });
      });
    const auto weight = [&](auto v) __attribute__((always_inline)) {
      return load(weights + v / 2 * panel_stride + v % 2 * width<T>);
    };
    const auto factor = [&](auto r) __attribute__((always_inline)) { return broadcast(src[r * src_stride]); };
    for (int64_t k = s.length; k > 0; k--, weights += panel, src++) {
      // The fewer of the operands stay in registers.
      if constexpr (rows > vectors) {
        Vec<T> held[vectors];
        unroll<vectors>([&](auto v) __attribute__((always_inline)) { held[v] = weight(v); });
        unroll<rows>([&](auto r) __attribute__((always_inline)) {
          const Vec<T> other = factor(r);
          unroll<vectors>([&](auto v)
                              __attribute__((always_inline)) { sum[r][v] = fma(other, held[v], sum[r][v]); });
        });
      } else {
        Vec<T> held[rows];
        unroll<rows>([&](auto r) __attribute__((always_inline)) { held[r] = factor(r); });
        unroll<vectors>([&](auto v) __attribute__((always_inline)) {
          const Vec<T> other = weight(v);
          unroll<rows>([&](auto r)
                           __attribute__((always_inline)) { sum[r][v] = fma(held[r], other, sum[r][v]); });
        });
      }
    }
    unroll<rows>([&](auto r) __attribute__((always_inline)) {
      unroll<vectors>([&](auto v) __attribute__((always_inline)) {
        store(sums + r * columns + v * width<T>, sum[r][v]);
      });
    });
  }
};

// Brings the values of a panel near.
template <class T>
PRONGHORN_INLINE void fetch(const T* p) {
  for (int64_t i = 0; i < Panels<T>::panel; i += int64_t{64 / sizeof(T)}) __builtin_prefetch(p + i, 0, 2);
}
template <class T>
PRONGHORN_INLINE void fetch_to_write(const T* p) {
  for (int64_t i = 0; i < Panels<T>::panel; i += int64_t{64 / sizeof(T)}) __builtin_prefetch(p + i, 1, 2);
}

// Calls run(j, n) for the vectors of units from `first` to `end`, n units being left at j.
template <class T, class F>
PRONGHORN_INLINE void for_units(int64_t first, int64_t end, int64_t units, const F& run) {
  const int64_t whole = end < units ? end : units;
  int64_t j = first;
  for (; j + width<T> <= whole; j += width<T>) run(j, width<T>);
  if (j < whole) run(j, whole - j);
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
