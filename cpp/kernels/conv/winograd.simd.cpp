// The forward direction by minimal filtering, and the gradient by the image, which is the same with the
// kernel turned round. A block of tiles is transformed, multiplied and transformed back while the caches hold
// it.
#include "kernels/conv/winograd.h"

#include "base/parallel.h"
#include "kernels/conv/winograd_patches.h"
#include "kernels/gemm/pack.h"
#include "kernels/pool/places.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t group_columns = panel < 32 ? 32 : panel;  // output channels transformed back together
constexpr int64_t line = 64 / sizeof(float);                // of a cache
constexpr ProductsByRows products = tile_products_of(EachRow{});

template <int m, int r>
struct Layout {
  static constexpr int a = m + r - 1, points = a * a;
  Tiling tiling;
  int64_t terms, columns, workers;
  int64_t tiles;                      // in a block
  int64_t u_point, v_point, m_point;  // floats from one of the a² numbers to the next
  int64_t u_floats, v_floats, m_floats, patch_floats;

  Layout(const Tiling& tiling, int64_t terms, int64_t columns, int64_t workers)
      : tiling(tiling), terms(terms), columns(columns), workers(workers) {
    const int64_t depth = round_up(terms, lanes);
    tiles = tiles_together(tiling.count, points * 4 * (depth + group_columns), 12, most_rows);
    u_point = spread(terms * round_up(columns, lanes));
    v_point = spread(depth * tiles);
    m_point = spread(group_columns * tiles);
    u_floats = points * u_point, v_floats = points * v_point, m_floats = points * m_point;
    patch_floats = round_up(points * terms + lanes, 16);
  }
  int64_t worker_floats() const { return v_floats + m_floats + patch_floats; }
};

struct Task {
  Plane image;
  int64_t pad_y, pad_x;
  int64_t height, width;  // of the result
  float* dst;
  const float* bias;
  const float* residual;
  Activation activation;
  const float* mask = nullptr;
  float mask_factor = 1;
  int64_t window = 1;  // of window × window results the maximum alone is kept
  uint8_t* places = nullptr;
};

template <int m, int r>
void transform_image(const Layout<m, r>& l, const Task& task, int64_t first, int64_t count, float* v,
                     float* copy) {
  transform_patches<m + r - 1>(l.tiling, task.image, task.pad_y, task.pad_x, first, count, l.v_point, copy,
                               [&](int64_t t, int64_t c)
                                   __attribute__((always_inline)) { return v + c * l.tiles + t * lanes; });
}

// The results of tile t, channels from c on, of `columns` whose products `sums` holds.
template <int m, int r, class Put>
PRONGHORN_INLINE void results_of(const Layout<m, r>& l, const float* sums, int64_t t, int64_t c,
                                 int64_t columns, const Put& put) {
  constexpr int a = m + r - 1;
  const int64_t in_panel = c % panel, panel_width = columns - (c - in_panel) > lanes ? panel : lanes;
  const float* from = sums + (c - in_panel) * l.tiles + t * panel_width + in_panel;
  both_axes<a, m>([](const auto& x, auto& o) __attribute__((always_inline)) { output_axis(x, o); },
                  [&](int64_t i, int64_t j)
                      __attribute__((always_inline)) { return load(from + (i * a + j) * l.m_point); },
                  put);
}

// The columns [column, column + columns) of the maxima of windows of w × w results. A relu may as well be
// taken of the maximum.
template <int m, int r, int w>
void pool_back(const Layout<m, r>& l, const Task& task, int64_t first, int64_t count, int64_t column,
               int64_t columns, const float* sums) {
  const Floats low = broadcast(task.activation == Activation::Relu ? 0.f : -__builtin_inff());
  const int64_t height = task.height / w, width = task.width / w, row = width * l.columns;
  TilePlace place(l.tiling, first);
  for (int64_t t = 0; t < count; t++, place.next(l.tiling)) {
    const int64_t y = place.y / w, x = place.x / w;
    const int64_t start = ((place.image * height + y) * width + x) * l.columns + column;
    for (int64_t c = 0; c < columns; c += lanes) {
      const int64_t left = columns - c;
      const Floats bias = task.bias ? load_upto(task.bias + column + c, left) : zero<float>();
      Maximum<float> maxima[m / w];
      results_of(l, sums, t, c, columns, [&](int64_t i, int64_t j, Floats v) __attribute__((always_inline)) {
        Maximum<float>& maximum = maxima[j / w];
        if (i % w == 0 && j % w == 0) maximum = Maximum<float>();
        Maximum<float>::take(maximum, v + bias, static_cast<int>(i % w * w + j % w));
        if (i % w < w - 1 || j % w < w - 1 || y + i / w >= height || x + j / w >= width) return;
        const int64_t to = start + i / w * row + j / w * l.columns + c;
        store_upto(task.dst + to, maximum.best < low ? low : maximum.best, left);
        if (task.places) store_places<float>(task.places + to, Maximum<float>::place_or_none(maximum), left);
      });
    }
  }
}

// Where a tile's results lie, in floats.
template <int m>
struct Spots {
  int64_t first;
  bool together;                // all are in one image
  int64_t row, pixel;           // from one to the next in an image
  int64_t rows[m], columns[m];  // of each from the first image on, or less than 0

  Spots(const Tiling& t, const TilePlace& place, const Task& task, int64_t channels)
      : row(task.width * channels), pixel(channels) {
    const int64_t phases_y = task.image.phases_y, phases_x = task.image.phases_x;
    if (phases_y * phases_x > 1) {
      const Phase phase(phases_y, phases_x, task.height, task.width, channels, place.image);
      base_ = phase.first, row = phase.row, pixel = phase.pixel;
      for (int64_t i = 0; i < m; i++) {
        rows[i] = place.y + i < phase.height ? (place.y + i) * row : -1;
        columns[i] = place.x + i < phase.width ? (place.x + i) * pixel : -1;
      }
      together = rows[m - 1] >= 0 && columns[m - 1] >= 0;
    } else {
      const int64_t image = t.height * t.width * channels;
      const auto lay = [](int64_t at, int64_t pitch, int64_t joined, int64_t size, int64_t step,
                          int64_t image_step, int64_t (&to)[m]) {
        int64_t in_front = 0;
        while (in_front < joined - 1 && at >= pitch) in_front++, at -= pitch;
        const bool whole = at + m <= size;
        for (int64_t i = 0; i < m; i++, at++) {
          if (in_front < joined - 1 && at == pitch) in_front++, at = 0;
          to[i] = at < size ? in_front * image_step + at * step : -1;
        }
        return whole;
      };
      const bool high = lay(place.y, t.pitch_y, t.joined_y, t.height, row, t.joined_x * image, rows);
      const bool wide = lay(place.x, t.pitch_x, t.joined_x, t.width, channels, image, columns);
      together = high && wide;
      base_ = place.image * image;
    }
    first = base_ + rows[0] + columns[0];
  }
  bool has(int64_t i, int64_t j) const { return rows[i] >= 0 && columns[j] >= 0; }
  int64_t at(int64_t i, int64_t j) const { return base_ + rows[i] + columns[j]; }

 private:
  int64_t base_;
};

// The columns [column, column + columns) of the results; `sums` holds the products.
template <int m, int r>
void transform_back(const Layout<m, r>& l, const Task& task, int64_t first, int64_t count, int64_t column,
                    int64_t columns, const float* sums) {
  const Floats factor = broadcast(task.mask_factor);
  const Floats low = broadcast(task.activation == Activation::Relu ? 0.f : -__builtin_inff());
  TilePlace place(l.tiling, first);
  for (int64_t t = 0; t < count; t++, place.next(l.tiling)) {
    const Spots<m> spots(l.tiling, place, task, l.columns);
    const int64_t start = spots.first + column, row = spots.row, pixel = spots.pixel;
    for (int64_t c = 0; c < columns; c += lanes) {
      const int64_t left = columns - c;
      const Floats bias = task.bias ? load_upto(task.bias + column + c, left) : zero<float>();
      if (left >= lanes && spots.together && !task.residual) {
        float* to = task.dst + start + c;
        const float* const mask = task.mask ? task.mask + start + c : nullptr;
        for (int64_t i = 0; i < m && c % line == 0; i++)
          for (int64_t j = 0; j < m; j++) {
            const int64_t next = i * row + (m + j) * pixel;
            __builtin_prefetch(to + next, 1);
            if (mask) __builtin_prefetch(mask + next);
          }
        results_of(l, sums, t, c, columns,
                   [&](int64_t i, int64_t j, Floats v) __attribute__((always_inline)) {
                     const int64_t at = i * row + j * pixel;
                     v = v + bias;
                     if (mask) v = load(mask + at) > zero<float>() ? v * factor : zero<float>();
                     store(to + at, v < low ? low : v);
                   });
      } else {
        results_of(l, sums, t, c, columns,
                   [&](int64_t i, int64_t j, Floats v) __attribute__((always_inline)) {
                     if (!spots.has(i, j)) return;
                     const int64_t at = spots.at(i, j) + column + c;
                     v = v + bias;
                     if (task.residual) v = v + load_upto(task.residual + at, left);
                     if (task.mask)
                       v = load_upto(task.mask + at, left) > zero<float>() ? v * factor : zero<float>();
                     store_upto(task.dst + at, v < low ? low : v, left);
                   });
      }
    }
    if (task.activation > Activation::Relu)
      for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < m; j++)
          if (spots.has(i, j))
            float_tiles.finish(task.dst + spots.at(i, j) + column, columns, task.activation);
  }
}

// What takes the maxima of windows, whose size divides m, or the results themselves.
template <int m, int r>
auto back_function(int64_t window) {
  if (window == 1) return transform_back<m, r>;
  if constexpr (m % 3 == 0)
    if (window == 3) return pool_back<m, r, 3>;
  return window == m ? pool_back<m, r, m> : pool_back<m, r, 2>;
}

// Columns [column, end) of the a² products for `count` tiles.
template <int m, int r>
void multiply(const Layout<m, r>& l, int64_t count, int64_t column, int64_t end, const float* v,
              const float* u, float* sums) {
  for (int point = 0; point < l.points; point++)
    for (int64_t c = column; c < end; c += panel) {
      const int64_t wide = end - c > lanes ? panel : lanes;
      const Product(&by_rows)[most_rows] = wide == panel ? products.two_vectors : products.one_vector;
      const float* b = u + point * l.u_point + c * l.terms;
      float* to = sums + point * l.m_point + (c - column) * l.tiles;
      for (int64_t k = 0; k < l.terms; k += terms_together) {
        const float* from = v + point * l.v_point + k * l.tiles;
        for_row_parts(by_rows, count, [&](Product product, int64_t t) __attribute__((always_inline)) {
          product(from + t * lanes, l.tiles * lanes, b + k * wide, lesser(terms_together, l.terms - k),
                  to + t * wide, k > 0);
        });
      }
    }
}

// U of the kernel, or of the kernel turned round and with its channels' parts exchanged.
template <int m, int r>
void transform_kernel(const Layout<m, r>& l, const float* weights, bool turned, float* u) {
  constexpr int a = m + r - 1;
  constexpr int64_t rows = 8;  // at a time
  const int64_t chunks = ceil_div(l.terms, rows);
  parallel_for(0, ceil_div(l.columns, panel) * chunks, 1 + 256 / (r * r), [&](int64_t first, int64_t last) {
    alignas(64) float packed[r * r][rows * panel];
    for (int64_t i = first; i < last; i++) {
      const int64_t column = i / chunks * panel, filled = lesser(panel, l.columns - column);
      const int64_t wide = filled > lanes ? panel : lanes;
      const int64_t k = i % chunks * rows, length = lesser(rows, l.terms - k);
      for (int tap = 0; tap < r * r; tap++) {
        const float* from = weights + (turned ? r * r - 1 - tap : tap) * l.terms * l.columns;
        if (turned)
          pack_transposed(from + column * l.terms + k, l.terms, filled, length, packed[tap], wide);
        else
          pack_rows(from + k * l.columns + column, l.columns, filled, length, packed[tap], wide);
      }
      float* to = u + column * l.terms + k * wide;
      for (int64_t e = 0; e < length * wide; e += lanes) {
        Floats half[a][r];
        unroll<r>([&](auto j) __attribute__((always_inline)) {
          Floats g[r], o[a];
          unroll<r>([&](auto n) __attribute__((always_inline)) { g[n] = load(packed[n * r + j] + e); });
          kernel_axis<r, a>(g, o);
          unroll<a>([&](auto n) __attribute__((always_inline)) { half[n][j] = o[n]; });
        });
#pragma GCC unroll 1
        for (int n = 0; n < a; n++) {
          Floats o[a];
          kernel_axis<r, a>(half[n], o);
          unroll<a>([&](auto j)
                        __attribute__((always_inline)) { store(to + e + (n * a + j) * l.u_point, o[j]); });
        }
      }
    }
  });
}

template <int m, int r>
void run(const Layout<m, r>& l, const Task& task, const float* weights, bool turned, void* scratch) {
  if (l.tiling.count * l.columns == 0) return;
  float* const u = static_cast<float*>(scratch);
  float* const work = u + l.u_floats;
  transform_kernel(l, weights, turned, u);
  const int64_t blocks = ceil_div(l.tiling.count, l.tiles);
  const auto run_blocks = [&](int64_t first_block, int64_t last_block, int64_t lent) {
    float* const v = work + lent * l.worker_floats();
    float* const sums = v + l.v_floats;
    for (int64_t block = first_block; block < last_block; block++) {
      const int64_t first = block * l.tiles, count = lesser(l.tiles, l.tiling.count - first);
      transform_image(l, task, first, count, v, sums + l.m_floats);
      for (int64_t column = 0; column < l.columns; column += group_columns) {
        const int64_t end = lesser(column + group_columns, l.columns);
        multiply(l, count, column, end, v, u, sums);
        back_function<m, r>(task.window)(l, task, first, count, column, end - column, sums);
      }
    }
  };
  parallel_for_lent(l.workers, blocks, 1, flops(l.points, l.tiling.count, l.terms, l.columns), run_blocks);
}

template <int m, int r>
Layout<m, r> forward_layout(const ConvProblem& p) {
  return {Tiling::of_result(m, p), p.ic, p.oc, p.workers};
}
template <int m, int r>
Layout<m, r> backward_layout(const ConvProblem& p) {
  return {Tiling::of_image(m, p), p.oc, p.ic, p.workers};
}

template <int m, int r>
size_t bytes(const Layout<m, r>& l) {
  return static_cast<size_t>(l.u_floats + l.workers * l.worker_floats()) * sizeof(float);
}
template <int m, int r>
size_t forward_scratch(const ConvProblem& p) {
  return bytes(forward_layout<m, r>(p));
}
template <int m, int r>
size_t backward_scratch(const ConvProblem& p) {
  return bytes(backward_layout<m, r>(p));
}

template <int m, int r>
void run_forward(const ConvProblem& p, const ConvOperands<float>& o, void* scratch) {
  const ConvProblem phases = of_phases(p);
  const Task task = {{o.a, p.src[1], p.src[2], p.ic, 1, nullptr, p.dilation[1], p.dilation[2]},
                     phases.pad[1],
                     phases.pad[2],
                     p.dst[1],
                     p.dst[2],
                     o.c,
                     p.has_bias ? o.bias : nullptr,
                     p.has_residual ? o.residual : nullptr,
                     p.activation,
                     nullptr,
                     1,
                     p.pool[1],
                     o.places};
  run(forward_layout<m, r>(p), task, o.b, false, scratch);
}

template <int m, int r>
void run_backward_data(const ConvProblem& p, const ConvOperands<float>& o, void* scratch) {
  const ConvProblem phases = of_phases(p);
  const Task task = {{o.a, p.dst[1], p.dst[2], p.oc, p.pool[1], o.diff_places, p.dilation[1], p.dilation[2]},
                     r - 1 - phases.pad[1],
                     r - 1 - phases.pad[2],
                     p.src[1],
                     p.src[2],
                     o.c,
                     nullptr,
                     nullptr,
                     Activation::Linear,
                     p.has_mask ? o.mask : nullptr,
                     static_cast<float>(p.mask_factor)};
  run(backward_layout<m, r>(p), task, o.b, true, scratch);
}

template <int m, int r>
constexpr ConvKernel forward(const char* name) {
  return {forward_scratch<m, r>, nullptr, run_forward<m, r>, nullptr, name, m};
}
template <int m, int r>
constexpr ConvKernel backward_data(const char* name) {
  return {backward_scratch<m, r>, nullptr, run_backward_data<m, r>, nullptr, name, m};
}

}  // namespace

extern const WinogradTable winograd_table = {
    {forward<4, 3>("conv:winograd_4x4_3x3"), forward<2, 3>("conv:winograd_2x2_3x3"),
     forward<2, 5>("conv:winograd_2x2_5x5"), forward<4, 5>("conv:winograd_4x4_5x5"),
     forward<6, 3>("conv:winograd_6x6_3x3")},
    {backward_data<4, 3>("conv_backward_data:winograd_4x4_3x3"),
     backward_data<2, 3>("conv_backward_data:winograd_2x2_3x3"),
     backward_data<2, 5>("conv_backward_data:winograd_2x2_5x5"),
     backward_data<4, 5>("conv_backward_data:winograd_4x4_5x5"),
     backward_data<6, 3>("conv_backward_data:winograd_6x6_3x3")},
};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
