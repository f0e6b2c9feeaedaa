// The microkernels: every product of the library ends here.
#include "kernels/gemm/tile.h"

#include <utility>

#include "simd/math.h"
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Tile sizes fill the register file: rows × vectors accumulators, the vectors of B and one broadcast of A.
#if defined(PRONGHORN_ISA_avx512)
#define PRONGHORN_TILE_ROWS 1, 2, 4, 8, 14
constexpr int panel_vectors = 2;
#elif defined(PRONGHORN_ISA_avx2)
#define PRONGHORN_TILE_ROWS 1, 2, 4, 6
constexpr int panel_vectors = 2;
#elif defined(PRONGHORN_ISA_neon)
#define PRONGHORN_TILE_ROWS 1, 2, 4, 8
constexpr int panel_vectors = 3;
#else
#define PRONGHORN_TILE_ROWS 1, 2, 4
constexpr int panel_vectors = 2;
#endif

constexpr int prefetch_rows = 12;  // of B, ahead of the sum

template <class T>
PRONGHORN_INLINE Vec<T> load_columns(const T* p, int64_t columns) {
  if (columns >= width<T>) return load(p);
  return columns > 0 ? load_part(p, static_cast<int>(columns)) : zero<T>();
}

template <class T>
PRONGHORN_INLINE void store_columns(T* p, Vec<T> v, int64_t columns) {
  if (columns >= width<T>)
    store(p, v);
  else if (columns > 0)
    store_part(p, v, static_cast<int>(columns));
}

template <class T>
PRONGHORN_INLINE Vec<T> activate(Vec<T> v, Activation activation) {
  switch (activation) {
    case Activation::Relu:
      return v < zero<T>() ? zero<T>() : v;  // NaN stays NaN
    case Activation::Sigmoid:
      return sigmoid(v);
    case Activation::Tanh:
      return tanh(v);
    default:
      return v;
  }
}

template <class T>
void finish(T* dst, int64_t count, Activation activation) {
  if (activation == Activation::Linear) return;
  for (int64_t i = 0; i < count; i += width<T>)
    store_columns(dst + i, activate<T>(load_columns(dst + i, count - i), activation), count - i);
}

template <class T>
PRONGHORN_INLINE Vec<T> masked(const TileArguments<T>& t, Vec<T> mask, Vec<T> v) {
  return mask > zero<T>() ? v * broadcast(t.mask_factor) : zero<T>();
}

// The rare ends of a tile, kept out of the hot code: columns that do not fill the vectors, costly
// activations. Everything is read before anything is written, because rows may repeat.
template <class T, int V>
__attribute__((noinline)) void store_slowly(const TileArguments<T>& t, T* const* rows, Vec<T> (*sums)[V],
                                            int count) {
  for (int i = 0; i < count; i++)
    for (int v = 0; v < V; v++) {
      const int64_t left = t.columns - v * width<T>;
      const T* dst = rows[i] + v * width<T>;
      Vec<T> value = sums[i][v];
      if (t.accumulate) value = value + load_columns(dst, left);
      if (t.residual) value = value + load_columns(t.residual + (dst - t.dst_base), left);
      value = activate<T>(value, t.activation);
      if (t.mask) value = masked<T>(t, load_columns(t.mask + (dst - t.dst_base), left), value);
      sums[i][v] = value;
    }
  for (int i = 0; i < count; i++)
    for (int v = 0; v < V; v++) store_columns(rows[i] + v * width<T>, sums[i][v], t.columns - v * width<T>);
}

// The sums begin with the bias. What is needed at their end is let come meanwhile.
template <class T, int Rows, int V, class Dst>
PRONGHORN_INLINE void begin_sums(const TileArguments<T>& t, const Dst& dst, Vec<T> (&sums)[Rows][V]) {
  constexpr int W = width<T>;
  unroll<V>([&](auto v) {
    Vec<T> start = zero<T>();
    if (t.bias)
      start = t.bias_scalar ? broadcast<T>(*t.bias) : load_columns(t.bias + v * W, t.columns - v * W);
    unroll<Rows>([&](auto i) { sums[i][v] = start; });
  });
  unroll<Rows>([&](auto i) {
    __builtin_prefetch(dst(i), 1);
    __builtin_prefetch(dst(i) + V * W - 1, 1);
  });
  if (t.residual) unroll<Rows>([&](auto i) { __builtin_prefetch(t.residual + (dst(i) - t.dst_base)); });
  if (t.mask) unroll<Rows>([&](auto i) { __builtin_prefetch(t.mask + (dst(i) - t.dst_base)); });
}

// What tiles do beside summing up, and with what.
enum Extra { nothing = 0, copying_a = 1, copying_b = 2, copying_both = 3, fetching = 4 };
template <class T>
struct Extras {
  T *a_copy, *b_copy;
  Along::Stretch fetch;
};

// a_row(i) is where row i of A begins.
template <class T, int Rows, int V, bool adjacent, int extra, class RowOfA>
PRONGHORN_INLINE void add_products(const RowOfA& a_row, int64_t a_stride, const T* b, int64_t b_stride,
                                   int64_t length, Vec<T> (&sums)[Rows][V], [[maybe_unused]] Extras<T> with) {
  constexpr int W = width<T>, per_line = 64 / static_cast<int>(sizeof(T)),
                lines = (V * W + per_line - 1) / per_line;
  const auto step = [&](const auto& in_row) __attribute__((always_inline)) {
    Vec<T> columns[V];
    unroll<V>([&](auto v) {
      columns[v] = load(b + v * W);
      if constexpr (extra & copying_b) store(with.b_copy + v * W, columns[v]);
    });
    if constexpr (extra & copying_b) with.b_copy += V * W;
    unroll<Rows>([&](auto i) {
      const Vec<T> a = broadcast(in_row(i));
      unroll<V>([&](auto v) { sums[i][v] = fma(a, columns[v], sums[i][v]); });
    });
    if constexpr (extra & fetching) {
      __builtin_prefetch(with.fetch.at);
      with.fetch.at += with.fetch.step;
    } else {
      unroll<lines>([&](auto line) { __builtin_prefetch(b + prefetch_rows * b_stride + line * per_line); });
    }
    b += b_stride;
  };
  if constexpr (adjacent) {
    const T* a = a_row(0);
    for (int64_t k = length; k > 0; k--, a += a_stride) {
      if constexpr (extra & copying_a) {
        unroll<(Rows + W - 1) / W>([&](auto v) { store(with.a_copy + v * W, load(a + v * W)); });
        with.a_copy += Rows;
        __builtin_prefetch(a + prefetch_rows * a_stride);
      }
      step([&](auto i) __attribute__((always_inline)) { return a[i]; });
    }
  } else {
    const T* rows[Rows];
    unroll<Rows>([&](auto i) { rows[i] = a_row(i); });
    int64_t at = 0;
    for (int64_t k = length; k > 0; k--, at += a_stride)
      step([&](auto i) __attribute__((always_inline)) { return rows[i][at]; });
  }
}

template <class T, int Rows, int V, class Dst>
PRONGHORN_INLINE void store_sums(const TileArguments<T>& t, const Dst& dst, Vec<T> (&sums)[Rows][V]) {
  constexpr int W = width<T>;
  if (t.columns >= V * W && t.activation <= Activation::Relu) {
    if (t.accumulate)
      unroll<Rows>(
          [&](auto i) { unroll<V>([&](auto v) { sums[i][v] = sums[i][v] + load(dst(i) + v * W); }); });
    if (t.residual)
      unroll<Rows>([&](auto i) {
        const T* residual = t.residual + (dst(i) - t.dst_base);
        unroll<V>([&](auto v) { sums[i][v] = sums[i][v] + load(residual + v * W); });
      });
    if (t.activation == Activation::Relu)
      unroll<Rows>([&](auto i) {
        unroll<V>([&](auto v) { sums[i][v] = sums[i][v] < zero<T>() ? zero<T>() : sums[i][v]; });
      });
    if (t.mask)
      unroll<Rows>([&](auto i) {
        const T* mask = t.mask + (dst(i) - t.dst_base);
        unroll<V>([&](auto v) { sums[i][v] = masked<T>(t, load(mask + v * W), sums[i][v]); });
      });
    unroll<Rows>([&](auto i) { unroll<V>([&](auto v) { store(dst(i) + v * W, sums[i][v]); }); });
  } else {
    T* rows[Rows];
    Vec<T> end[Rows][V];
    unroll<Rows>([&](auto i) {
      rows[i] = dst(i);
      unroll<V>([&](auto v) { end[i][v] = sums[i][v]; });
    });
    store_slowly<T, V>(t, rows, end, Rows);
  }
}

template <class T, int Rows, int V, bool adjacent, int extra = nothing>
__attribute__((flatten)) void tile(const TileArguments<T>& t) {
  const auto dst = [&](auto i) __attribute__((always_inline)) { return t.dst[i]; };
  Vec<T> sums[Rows][V];
  begin_sums<T>(t, dst, sums);
  for (const Segment<T>*s = t.segments, *end = s + t.segment_count; s != end; s++)
    add_products<T, Rows, V, adjacent, extra>(
        [&](auto i) __attribute__((always_inline)) { return s->rows[i]; }, t.a_stride, s->b, t.b_stride,
        s->length, sums, {t.a_copy, t.b_copy, {}});
  store_sums<T>(t, dst, sums);
}

template <class T, int Rows, int V, bool adjacent, int extra = nothing, class Fetched>
__attribute__((flatten)) void tile_series(const TileArguments<T>& common, const TileSeries<T>& series,
                                          Fetched ahead) {
  TileArguments<T> t = common;
  const T *a = series.a, *b = series.b;
  T* c = series.dst;
  for (int64_t n = series.count; n > 0; n--, a += series.a_step, b += series.b_step, c += series.dst_step) {
    const auto dst = [&](auto i) __attribute__((always_inline)) { return c + i * series.dst_stride; };
    Extras<T> with = {};
    if constexpr (extra == fetching) with.fetch = ahead.next(series.length, b);
    Vec<T> sums[Rows][V];
    begin_sums<T>(t, dst, sums);
    add_products<T, Rows, V, adjacent, extra>(
        [&](auto i) __attribute__((always_inline)) { return a + i * series.a_row_stride; }, t.a_stride, b,
        t.b_stride, series.length, sums, with);
    store_sums<T>(t, dst, sums);
    if (t.bias) t.bias += series.bias_step;
    if constexpr (extra != fetching) {
      ahead[0].some();
      ahead[1].some();
    }
  }
}

template <class T, int... Rows>
constexpr TileSet<T> tile_set() {
  constexpr int each[] = {Rows...};
  constexpr int largest = each[sizeof...(Rows) - 1];
  return {panel_vectors * width<T>,
          largest,
          {{tile<T, Rows, panel_vectors, false>, tile<T, Rows, panel_vectors, true>, Rows}...},
          {{tile<T, Rows, 1, false>, tile<T, Rows, 1, true>, Rows}...},
          tile_series<T, largest, panel_vectors, false, nothing, Ahead*>,
          tile_series<T, largest, panel_vectors, true, nothing, Ahead*>,
          tile_series<T, largest, panel_vectors, false, fetching, Along&>,
          tile_series<T, largest, panel_vectors, true, fetching, Along&>,
          {tile<T, largest, panel_vectors, false, copying_b>,
           tile<T, largest, panel_vectors, true, copying_b>, largest},
          {nullptr, tile<T, largest, panel_vectors, true, copying_a>, largest},
          {nullptr, tile<T, largest, panel_vectors, true, copying_both>, largest},
          {tile<T, 1, 4 * panel_vectors, false>, tile<T, 1, 4 * panel_vectors, true>, 1},
          {tile<T, 2, 2 * panel_vectors, false>, tile<T, 2, 2 * panel_vectors, true>, 2},
          finish<T>};
}

}  // namespace

extern const TileSet<float> float_tiles = tile_set<float, PRONGHORN_TILE_ROWS>();
extern const TileSet<double> double_tiles = tile_set<double, PRONGHORN_TILE_ROWS>();

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
