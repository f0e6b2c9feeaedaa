// The gradient by the weights by minimal filtering: sums over the tiles of products of the transformed image
// and the transformed gradient of the result. The tiles are cut into slices, whose sums are added in order;
// where these sums would be larger than the transformed operands, all of those are made first, and then each
// of the a² sums at once.
#include "base/parallel.h"
#include "kernels/conv/winograd.h"
#include "kernels/conv/winograd_patches.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t most_tasks = 8, most_partial_bytes = 24 << 20;
constexpr ProductsByRows products = sum_products_of(EachRow{});

template <int m, int r>
struct Layout {
  static constexpr int a = m + r - 1, points = a * a;
  Tiling tiling;
  int64_t ic, oc, workers;
  int64_t depth;                      // ic in whole vectors
  int64_t tiles, blocks, slices;      // tiles in a block, blocks in all
  int64_t groups, group_columns;      // of output channels
  int64_t u_point, v_point, d_point;  // floats from one of the a² numbers to the next
  int64_t slice_floats;               // the products' sums and the gradient's
  bool whole;                         // one block of all tiles, whose operands the threads share
  int64_t u_floats, v_floats, d_floats, patch_floats;

  explicit Layout(const ConvProblem& p)
      : tiling(Tiling::of_result(m, p)), ic(p.ic), oc(p.oc), workers(p.workers) {
    depth = round_up(ic, lanes);
    const int64_t padded = round_up(oc, lanes);
    u_point = spread(ic * padded), u_floats = points * u_point;
    slice_floats = u_floats + round_up(oc, panel);
    const int64_t affordable = greater(1, most_partial_bytes / (slice_floats * 4));
    const int64_t wanted = lesser(most_tasks, affordable);
    const int64_t operand_floats = points * tiling.count * (depth + padded);
    tiles = greater(16, tiles_together(tiling.count, points * 4 * (depth + padded), wanted, 8));
    whole = operand_floats < lesser(wanted, ceil_div(tiling.count, tiles)) * slice_floats;
    if (whole) tiles = greater(8, round_up(tiling.count, 8));
    blocks = ceil_div(tiling.count, tiles);
    slices = greater(1, lesser(wanted, blocks));
    const int64_t panels = ceil_div(oc, panel);
    const int64_t parts = whole ? 1 : lesser(panels, ceil_div(most_tasks / 2, slices));
    group_columns = ceil_div(panels, parts) * panel;
    groups = ceil_div(oc, group_columns);
    v_point = spread(depth * tiles);
    d_point = spread(group_columns * tiles);
    v_floats = points * v_point, d_floats = points * d_point;
    patch_floats = round_up(points * greater(ic, oc) + lanes, 16);
  }
  int64_t operand_floats() const { return v_floats + d_floats; }
  int64_t scratch_floats() const {
    return slices * slice_floats + (whole ? 1 : workers) * operand_floats() + workers * patch_floats;
  }
};

template <int m, int r>
void transform_image(const Layout<m, r>& l, const Plane& image, int64_t pad_y, int64_t pad_x, int64_t first,
                     int64_t count, int64_t at, float* v, float* copy) {
  transform_patches<m + r - 1>(l.tiling, image, pad_y, pad_x, first, count, l.v_point, copy,
                               [&](int64_t t, int64_t c)
                                   __attribute__((always_inline)) { return v + (at + t) * l.depth + c; });
}

// Channels [column, column + columns).
template <int m, int r>
void transform_gradient(const Layout<m, r>& l, const Plane& diff, int64_t first, int64_t count,
                        int64_t column, int64_t columns, int64_t at, float* d, float* copy) {
  constexpr int a = m + r - 1;
  TilePlace place(l.tiling, first);
  for (int64_t t = 0; t < count; t++, place.next(l.tiling)) {
    const Patch patch = patch_at<m>(diff, l.tiling, place.image, place.y, place.x, copy);
    const auto transform = [&](int64_t c, const auto& read) __attribute__((always_inline)) {
      const int64_t in_panel = c % panel, panel_width = columns - (c - in_panel) > lanes ? panel : lanes;
      float* to = d + (c - in_panel) * l.tiles + (at + t) * panel_width + in_panel;
      const float* from = patch.data + column + c;
      both_axes<m, a>([](const auto& y, auto& o) __attribute__((always_inline)) { expand_axis(y, o); },
                      [&](int64_t i, int64_t j) __attribute__((always_inline)) {
                        return read(from + i * patch.row + j * patch.pixel);
                      },
                      [&](int64_t i, int64_t j, Floats value)
                          __attribute__((always_inline)) { store(to + (i * a + j) * l.d_point, value); });
    };
    int64_t c = 0;
    for (; c + lanes <= columns; c += lanes)
      transform(c, [](const float* p) __attribute__((always_inline)) { return load(p); });
    if (c < columns)
      transform(c, [&](const float* p) __attribute__((always_inline)) {
        return load_part(p, static_cast<int>(columns - c));
      });
  }
}

// Adds the products of a block of tiles for one of the a² numbers to columns [column, column + columns) of
// the sums, or starts them.
template <int m, int r>
void multiply(const Layout<m, r>& l, int64_t point, int64_t count, int64_t column, int64_t columns,
              const float* v, const float* d, float* u, bool add) {
  for (int64_t c = 0; c < columns; c += panel) {
    const int64_t wide = columns - c > lanes ? panel : lanes;
    const Product(&by_rows)[most_rows] = wide == panel ? products.two_vectors : products.one_vector;
    float* const to = u + point * l.u_point + (column + c) * l.ic;
    for (int64_t t = 0; t < count; t += sum_block) {
      const float* b = d + point * l.d_point + c * l.tiles + t * wide;
      const float* from = v + point * l.v_point + t * l.depth;
      for_row_parts(by_rows, l.ic, [&](Product product, int64_t row) __attribute__((always_inline)) {
        product(from + row, l.depth, b, lesser(sum_block, count - t), to + row * wide, add || t > 0);
      });
    }
  }
}

// Adds a block's part of the gradient by the bias: with the point 1 along both axes A y Aᵀ is the sum of a
// tile.
template <int m, int r>
void sum_gradient(const Layout<m, r>& l, int64_t count, int64_t column, int64_t columns, const float* d,
                  float* bias, bool add) {
  constexpr int ones = m + r - 1 + 1;
  for (int64_t c = 0; c < columns; c += lanes) {
    const int64_t in_panel = c % panel, wide = columns - (c - in_panel) > lanes ? panel : lanes;
    const float* from = d + ones * l.d_point + (c - in_panel) * l.tiles + in_panel;
    Floats total = add ? load(bias + column + c) : zero<float>();
    Floats sum = zero<float>();
    for (int64_t t = 0; t < count; t++) sum = sum + load(from + t * wide);
    store(bias + column + c, total + sum);
  }
}

// The slices' sums added up and transformed back.
template <int m, int r>
void transform_back(const Layout<m, r>& l, const float* u, float* weights) {
  constexpr int a = m + r - 1;
  const int64_t panels = ceil_div(l.oc, panel);
  parallel_for(0, panels * l.ic, 1 + 512 / l.slices, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) {
      const int64_t column = i / l.ic * panel, row = i % l.ic, columns = lesser(panel, l.oc - column);
      const int64_t wide = columns > lanes ? panel : lanes;
      for (int64_t c = 0; c < columns; c += lanes) {
        const float* from = u + column * l.ic + row * wide + c;
        float* to = weights + row * l.oc + column + c;
        both_axes<a, r>([](const auto& x, auto& o)
                            __attribute__((always_inline)) { kernel_gradient_axis(x, o); },
                        [&](int64_t y, int64_t x) __attribute__((always_inline)) {
                          const float* at = from + (y * a + x) * l.u_point;
                          Floats total = load(at);
                          for (int64_t s = 1; s < l.slices; s++)
                            total = total + load(at + s * l.slice_floats);
                          return total;
                        },
                        [&](int64_t y, int64_t x, Floats value) __attribute__((always_inline)) {
                          store_upto(to + (y * r + x) * l.ic * l.oc, value, columns - c);
                        });
      }
    }
  });
}

// The sums of each slice, a block of tiles at a time.
template <int m, int r>
void sum_slices(const Layout<m, r>& l, const ConvProblem& p, const Plane& image, const Plane& diff,
                float* u) {
  float* const operands = u + l.slices * l.slice_floats;
  const auto run_tasks = [&](int64_t first_task, int64_t last_task, int64_t lent) {
    float* const v = operands + lent * (l.operand_floats() + l.patch_floats);
    float* const d = v + l.v_floats;
    float* const copy = d + l.d_floats;
    for (int64_t task = first_task; task < last_task; task++) {
      const int64_t slice = task / l.groups, column = task % l.groups * l.group_columns;
      const int64_t columns = lesser(l.group_columns, l.oc - column);
      const int64_t begin = slice * l.blocks / l.slices, end = (slice + 1) * l.blocks / l.slices;
      float* const sums = u + slice * l.slice_floats;
      for (int64_t block = begin; block < end; block++) {
        const int64_t first = block * l.tiles, count = lesser(l.tiles, l.tiling.count - first);
        transform_image(l, image, p.pad[1], p.pad[2], first, count, 0, v, copy);
        transform_gradient(l, diff, first, count, column, columns, 0, d, copy);
        for (int64_t point = 0; point < l.points; point++)
          multiply(l, point, count, column, columns, v, d, sums, block > begin);
        if (p.has_diff_bias) sum_gradient(l, count, column, columns, d, sums + l.u_floats, block > begin);
      }
    }
  };
  parallel_for_lent(l.workers, l.slices * l.groups, 1, flops(l.points, l.tiling.count, l.ic, l.oc),
                    run_tasks);
}

// The same with all operands made first.
template <int m, int r>
void sum_whole(const Layout<m, r>& l, const ConvProblem& p, const Plane& image, const Plane& diff, float* u) {
  constexpr int64_t together = 8;
  const int64_t count = l.tiling.count;
  float* const v = u + l.slice_floats;
  float* const d = v + l.v_floats;
  float* const copies = d + l.d_floats;
  parallel_for_lent(l.workers, count, together, 0, [&](int64_t first, int64_t last, int64_t lent) {
    float* const copy = copies + lent * l.patch_floats;
    transform_image(l, image, p.pad[1], p.pad[2], first, last - first, first, v, copy);
    transform_gradient(l, diff, first, last - first, 0, l.oc, first, d, copy);
  });
  parallel_for(
      0, l.points, 1,
      [&](int64_t first, int64_t last) {
        for (int64_t point = first; point < last; point++) multiply(l, point, count, 0, l.oc, v, d, u, false);
      },
      flops(l.points, count, l.ic, l.oc));
  if (p.has_diff_bias) sum_gradient(l, count, 0, l.oc, d, u + l.u_floats, false);
}

template <int m, int r>
void run(const ConvProblem& p, const ConvOperands<float>& o, void* scratch) {
  const Layout<m, r> l(p);
  if (l.tiling.count * l.ic * l.oc == 0) {
    __builtin_memset(o.c, 0, static_cast<size_t>(r * r * l.ic * l.oc) * sizeof(float));
    if (p.has_diff_bias) __builtin_memset(o.diff_bias, 0, static_cast<size_t>(l.oc) * sizeof(float));
    return;
  }
  float* const u = static_cast<float*>(scratch);
  const Plane image = {o.a, p.src[1], p.src[2], p.ic, 1, nullptr, p.dilation[1], p.dilation[2]},
              diff = {o.b, p.dst[1], p.dst[2], p.oc, p.pool[1], o.diff_places, p.dilation[1], p.dilation[2]};
  if (l.whole)
    sum_whole(l, of_phases(p), image, diff, u);
  else
    sum_slices(l, of_phases(p), image, diff, u);
  transform_back(l, u, o.c);
  if (!p.has_diff_bias) return;
  for (int64_t c = 0; c < l.oc; c += lanes) {
    Floats total = load(u + l.u_floats + c);
    for (int64_t s = 1; s < l.slices; s++) total = total + load(u + s * l.slice_floats + l.u_floats + c);
    store_upto(o.diff_bias + c, total, l.oc - c);
  }
}

template <int m, int r>
size_t scratch_bytes(const ConvProblem& p) {
  const Layout<m, r> l(p);
  return static_cast<size_t>(l.scratch_floats()) * sizeof(float);
}

template <int m, int r>
constexpr ConvKernel backward_weights(const char* name) {
  return {scratch_bytes<m, r>, nullptr, run<m, r>, nullptr, name, m};
}

}  // namespace

extern const WinogradWeightsTable winograd_weights_table = {{
    backward_weights<4, 3>("conv_backward_weights:winograd_4x4_3x3"),
    backward_weights<2, 3>("conv_backward_weights:winograd_2x2_3x3"),
    backward_weights<2, 5>("conv_backward_weights:winograd_2x2_5x5"),
    backward_weights<4, 5>("conv_backward_weights:winograd_4x4_5x5"),
    backward_weights<6, 3>("conv_backward_weights:winograd_6x6_3x3"),
}};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
