// Convolution as a product of matrices that is never laid out: each row of A is a pixel of the result, its
// terms are the taps' channels, read through pointers into the image, and padding is a shared row of zeros.
// The data gradient is the same product for each phase of the stride.
#include "kernels/conv/conv.h"

#include "base/parallel.h"
#include "kernels/conv/taps.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tiling.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int max_block_tiles = 8;
constexpr int max_segments = 32;
// Images of fewer channels are copied tile by tile where their runs are too short for pointers.
constexpr int64_t gathered_channels = 8, pointed_run = 6;

alignas(64) const double zeros[sum_block + 64] = {};

template <class T>
struct Image {
  const T* data;
  int64_t channels, size[3], stride[3], batch_stride;  // strides in elements
};

// One convolution without phases.
template <class T>
struct Grid {
  Image<T> image;
  int64_t batch, size[3], step[3];  // positions computed, and image coordinates from one to the next
  AxisTaps taps[3];
  const T* weights;  // packed: panels of taps × channels rows
  int64_t columns;
  T* dst;
  int64_t dst_stride[3], dst_batch_stride;
  TileArguments<T> end;
  const T* mask;  // null, or as far from end.dst_base as dst: zeros where it is not above zero, and what is
  T mask_factor;  // multiplied by this elsewhere

  int64_t tap_count() const { return taps[0].count * taps[1].count * taps[2].count; }
  int64_t rows() const { return batch * size[0] * size[1] * size[2]; }
};

// A part of the sum: some taps, and all their channels unless those are many.
struct Part {
  int64_t first_tap, taps, first_channel, channels, first_term;
};

// The pixels of one tile.
template <class T>
struct Pixels {
  const T* base[max_tile_rows];  // of the image at the position itself, perhaps outside of it
  int64_t at[3][max_tile_rows];  // coordinates of that
  T* dst[max_tile_rows];
  bool inside;  // no tap of any pixel falls outside of the image
};

// The position of a row of the product.
struct Cursor {
  int64_t sample, at[3];
};

template <class T>
Cursor cursor_at(const Grid<T>& grid, int64_t row) {
  const int64_t line = row / grid.size[2], plane = line / grid.size[1];
  return {plane / grid.size[0], {plane % grid.size[0], line % grid.size[1], row % grid.size[2]}};
}

// The pixels of the next tile, `rows` at most.
template <class T>
void locate(const Grid<T>& grid, Cursor& cursor, int64_t rows, int count, Pixels<T>& pixels) {
  const Image<T>& image = grid.image;
  int64_t& x = cursor.at[2];
  int64_t i = 0;
  const int64_t real = lesser(rows, count);
  const auto reaches_inside = [&](int axis, int64_t at, int64_t last_at) {
    const AxisTaps& t = grid.taps[axis];
    return at + t.first_offset >= 0 &&
           last_at + t.first_offset + (t.count - 1) * t.offset_step < image.size[axis];
  };
  pixels.inside = true;
  while (i < real) {
    const int64_t y = cursor.at[1], z = cursor.at[0], sample = cursor.sample;
    const int64_t at_z = z * grid.step[0], at_y = y * grid.step[1], end = lesser(real, i + grid.size[2] - x);
    const T* base =
        image.data + sample * image.batch_stride + at_z * image.stride[0] + at_y * image.stride[1];
    T* dst = grid.dst + sample * grid.dst_batch_stride + z * grid.dst_stride[0] + y * grid.dst_stride[1];
    const int64_t step = grid.step[2], first = x * step, last = (x + end - i - 1) * step;
    pixels.inside = pixels.inside && reaches_inside(0, at_z, at_z) && reaches_inside(1, at_y, at_y) &&
                    reaches_inside(2, first, last);
    for (; i < end; i++, x++) {
      pixels.at[0][i] = at_z, pixels.at[1][i] = at_y, pixels.at[2][i] = x * step;
      pixels.base[i] = base + x * step * image.stride[2];
      pixels.dst[i] = dst + x * grid.dst_stride[2];
    }
    if (x < grid.size[2]) break;
    x = 0;
    if (++cursor.at[1] < grid.size[1]) continue;
    cursor.at[1] = 0;
    if (++cursor.at[0] == grid.size[0]) cursor.at[0] = 0, cursor.sample++;
  }
  for (; i < count; i++) {  // rows beyond the last repeat it
    for (int axis = 0; axis < 3; axis++) pixels.at[axis][i] = pixels.at[axis][real - 1];
    pixels.base[i] = pixels.base[real - 1];
    pixels.dst[i] = pixels.dst[real - 1];
  }
}

struct Tap {
  int64_t at[3];
};

template <class T>
PRONGHORN_INLINE int64_t offset_of(const Grid<T>& grid, const Tap& tap, int axis) {
  return grid.taps[axis].first_offset + tap.at[axis] * grid.taps[axis].offset_step;
}

template <class T>
PRONGHORN_INLINE int64_t element_offset(const Grid<T>& grid, const Tap& tap) {
  return offset_of(grid, tap, 0) * grid.image.stride[0] + offset_of(grid, tap, 1) * grid.image.stride[1] +
         offset_of(grid, tap, 2) * grid.image.stride[2];
}

template <class T>
PRONGHORN_INLINE Tap tap_at(const Grid<T>& grid, int64_t index) {
  if (index == 0) return {};
  return {{index / grid.taps[2].count / grid.taps[1].count, index / grid.taps[2].count % grid.taps[1].count,
           index % grid.taps[2].count}};
}

template <class T>
PRONGHORN_INLINE void advance(const Grid<T>& grid, Tap& tap, int64_t by) {
  tap.at[2] += by;
  if (tap.at[2] < grid.taps[2].count) return;
  tap.at[2] = 0;
  if (++tap.at[1] < grid.taps[1].count) return;
  tap.at[1] = 0, tap.at[0]++;
}

// Whether the tap reads inside of the image along one axis.
template <class T>
PRONGHORN_INLINE bool tap_inside(const Grid<T>& grid, const Tap& tap, int axis, int64_t at) {
  return static_cast<uint64_t>(at + offset_of(grid, tap, axis)) <
         static_cast<uint64_t>(grid.image.size[axis]);
}

// How many taps from `tap` on, of the `left` that are wanted, follow one another in memory.
template <class T>
PRONGHORN_INLINE int64_t joined(const Grid<T>& grid, const Tap& tap, const Part& part, int64_t left) {
  if (part.channels != grid.image.channels || grid.taps[2].offset_step != 1) return 1;
  return lesser(left, grid.taps[2].count - tap.at[2]);
}

template <class T>
struct Segments {
  const T* rows[max_segments][max_tile_rows];
  int64_t terms[max_segments];  // rows of the packed weights before the segment
  int64_t lengths[max_segments];
  int count;
};

// Pointers to the taps of a part for the pixels of a tile.
template <class T>
void point(const Grid<T>& grid, const Part& part, const Pixels<T>& pixels, int count, Segments<T>& segments) {
  segments.count = 0;
  if (part.taps == 0) return;
  Tap tap = tap_at(grid, part.first_tap);
  bool kernel_row_inside[max_tile_rows];
  for (int64_t done = 0, taps; done < part.taps; done += taps, advance(grid, tap, taps)) {
    taps = pixels.inside ? joined(grid, tap, part, part.taps - done) : 1;
    const int64_t offset = element_offset(grid, tap) + part.first_channel;
    const T** rows = segments.rows[segments.count];
    bool any = pixels.inside;
    if (pixels.inside) {
      for (int i = 0; i < count; i++) rows[i] = pixels.base[i] + offset;
    } else {
      if (done == 0 || tap.at[2] == 0)
        for (int i = 0; i < count; i++)
          kernel_row_inside[i] =
              tap_inside(grid, tap, 0, pixels.at[0][i]) & tap_inside(grid, tap, 1, pixels.at[1][i]);
      for (int i = 0; i < count; i++) {
        const bool inside = kernel_row_inside[i] & tap_inside(grid, tap, 2, pixels.at[2][i]);
        rows[i] = inside ? pixels.base[i] + offset : reinterpret_cast<const T*>(zeros);
        any |= inside;
      }
    }
    if (!any) continue;
    segments.terms[segments.count] = part.first_term + done * part.channels;
    segments.lengths[segments.count++] = taps * part.channels;
  }
}

// `length` elements, one vector at least: writes up to a vector beyond them.
template <class T>
PRONGHORN_INLINE void copy_loosely(const T* from, int64_t length, T* to) {
  int64_t k = 0;
  for (; k + width<T> <= length; k += width<T>) store(to + k, load(from + k));
  if (k < length) store(to + k, load_part(from + k, static_cast<int>(length - k)));
}

// The same for images of few channels: the taps are copied side by side.
template <class T>
void gather(const Grid<T>& grid, const Part& part, const Pixels<T>& pixels, int count, T* copy,
            Segments<T>& segments) {
  constexpr int64_t row_stride = sum_block + width<T>;
  segments.count = part.taps > 0;
  if (part.taps == 0) return;
  for (int i = 0; i < count; i++) segments.rows[0][i] = copy + i * row_stride;
  segments.terms[0] = part.first_term;
  segments.lengths[0] = part.taps * part.channels;
  Tap tap = tap_at(grid, part.first_tap);
  for (int64_t done = 0, taps; done < part.taps; done += taps, advance(grid, tap, taps)) {
    taps = pixels.inside ? joined(grid, tap, part, part.taps - done) : 1;
    const int64_t length = taps * part.channels, offset = element_offset(grid, tap);
    T* to = copy + done * part.channels;
    for (int i = 0; i < count; i++, to += row_stride) {
      const bool inside = pixels.inside || (tap_inside(grid, tap, 0, pixels.at[0][i]) &&
                                            tap_inside(grid, tap, 1, pixels.at[1][i]) &&
                                            tap_inside(grid, tap, 2, pixels.at[2][i]));
      if (inside)
        copy_loosely(pixels.base[i] + offset, length, to);
      else
        for (int64_t k = 0; k < length; k++) to[k] = 0;
    }
  }
}

template <class T>
void run_tile(const Grid<T>& grid, const Pixels<T>& pixels, const Segments<T>& segments, int64_t rows,
              int64_t panel, const TileArguments<T>& end) {
  const TileSet<T>& set = tiles<T>();
  const int64_t column = panel * set.panel, columns = lesser(set.panel, grid.columns - column);
  const T* weights = grid.weights + column * grid.tap_count() * grid.image.channels;
  Segment<T> list[max_segments];
  for (int s = 0; s < segments.count; s++)
    list[s] = {segments.rows[s], weights + segments.terms[s] * set.panel, segments.lengths[s]};
  T* dst[max_tile_rows];
  for (int i = 0; i < set.rows; i++) dst[i] = pixels.dst[i] + column;
  TileArguments<T> t = end;
  t.segments = list;
  t.segment_count = segments.count;
  t.a_stride = 1;
  t.b_stride = set.panel;
  t.dst = dst;
  t.columns = columns;
  if (t.bias) t.bias += column;
  shape_for<T>(rows, columns).run(t);
}

// `rows` results of a tile, columns [column, end) of them.
template <class T>
void apply_mask(const Grid<T>& grid, const Pixels<T>& pixels, int64_t rows, int64_t column, int64_t end) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t c = column; c < end; c += width<T>) {
      T* const dst = pixels.dst[i] + c;
      const Vec<T> mask = load_upto(grid.mask + (dst - grid.end.dst_base), end - c);
      const Vec<T> value = load_upto(dst, end - c) * broadcast(grid.mask_factor);
      store_upto(dst, mask > zero<T>() ? value : zero<T>(), end - c);
    }
}

// Rows [row, row_end) of the product times panels [panel, panel_end).
template <class T>
void run_block(const Grid<T>& grid, int64_t row, int64_t row_end, int64_t panel, int64_t panel_end) {
  const TileSet<T>& set = tiles<T>();
  const int64_t channels = grid.image.channels, taps = grid.tap_count();
  const bool gathered = channels < gathered_channels;
  const bool long_runs =
      grid.taps[2].offset_step == 1 && channels * grid.taps[2].count >= pointed_run && taps <= max_segments;
  alignas(64) T copy[max_tile_rows * (sum_block + width<T>)];
  Pixels<T> pixels[max_block_tiles];
  Segments<T> segments[max_block_tiles];
  const int block = gathered ? 1 : max_block_tiles;
  // parts of about sum_block terms, as even as taps allow
  const int64_t parts = greater(1, (taps * channels + sum_block / 2) / sum_block);
  const int64_t taps_together = gathered ? lesser(taps, sum_block / channels)
                                         : lesser(taps, lesser(max_segments, ceil_div(taps, parts)));
  Cursor cursor = cursor_at(grid, row);
  for (int64_t r = row; r < row_end; r += block * set.rows) {
    int count = 0;
    for (int64_t at = r; at < row_end && count < block; at += set.rows, count++)
      locate(grid, cursor, row_end - at, set.rows, pixels[count]);
    Part part = {0, taps_together, 0, lesser(channels, sum_block), 0};
    while (true) {
      const bool last = part.first_tap + part.taps >= taps && part.first_channel + part.channels >= channels;
      TileArguments<T> end = grid.end;
      if (part.first_term) end.accumulate = true, end.bias = nullptr;
      if (!last) end.residual = nullptr, end.activation = Activation::Linear;
      for (int i = 0; i < count; i++) {
        if (gathered && !(long_runs && pixels[i].inside))
          gather(grid, part, pixels[i], set.rows, copy, segments[i]);
        else
          point(grid, part, pixels[i], set.rows, segments[i]);
      }
      for (int64_t p = panel; p < panel_end; p++)
        for (int i = 0; i < count; i++)
          run_tile(grid, pixels[i], segments[i], lesser(set.rows, row_end - r - i * set.rows), p, end);
      if (last) break;
      part.first_term += part.taps * part.channels;
      part.first_channel += part.channels;
      if (part.first_channel >= channels) part.first_channel = 0, part.first_tap += part.taps;
      part.channels = lesser(lesser(channels, sum_block), channels - part.first_channel);
      part.taps = lesser(taps_together, taps - part.first_tap);
    }
    if (grid.mask)
      for (int i = 0; i < count; i++)
        apply_mask(grid, pixels[i], lesser(set.rows, row_end - r - i * set.rows), panel * set.panel,
                   lesser(panel_end * set.panel, grid.columns));
  }
}

template <class T>
void run_grid(const Grid<T>& grid) {
  const TileSet<T>& set = tiles<T>();
  const int64_t rows = grid.rows(), row_tiles = ceil_div(rows, set.rows),
                panels = ceil_div(grid.columns, set.panel);
  const double tile_flops =
      2.0 * static_cast<double>(set.rows * set.panel * (grid.tap_count() * grid.image.channels + 1));
  const int64_t block_rows = lesser(max_block_tiles, ceil_div(row_tiles, 32)) * set.rows;
  const int64_t row_blocks = ceil_div(rows, block_rows);
  const double block_flops = tile_flops * static_cast<double>(block_rows / set.rows);
  int64_t group = panels;
  while (group > 1 && row_blocks * ceil_div(panels, group) < 16 &&
         static_cast<double>(group) * block_flops > 2 * task_flops)
    group = (group + 1) / 2;
  const int64_t groups = ceil_div(panels, group);
  const int64_t grain = 1 + static_cast<int64_t>(task_flops / (static_cast<double>(group) * block_flops));
  parallel_for(
      0, row_blocks * groups, grain,
      [&](int64_t first, int64_t last) {
        for (int64_t task = first; task < last; task++) {
          const int64_t row = task / groups * block_rows, panel = task % groups * group;
          run_block(grid, row, lesser(row + block_rows, rows), panel, lesser(panel + group, panels));
        }
      },
      tile_flops * static_cast<double>(row_tiles * panels));
}

// Packs the weights of the grid's taps: terms are input channels forward, output channels backward.
template <class T>
void pack_weights(const Grid<T>& grid, const ConvProblem& p, const T* weights, bool backward, T* packed) {
  const int64_t panel = tiles<T>().panel, channels = grid.image.channels, taps = grid.tap_count();
  parallel_for(0, ceil_div(grid.columns, panel) * taps, greater(1, 16384 / (channels * panel)),
               [&](int64_t first, int64_t last) {
                 for (int64_t i = first; i < last; i++) {
                   const int64_t column = i / taps * panel, filled = lesser(panel, grid.columns - column);
                   const Tap tap = tap_at(grid, i % taps);
                   int64_t index = 0;
                   for (int axis = 0; axis < 3; axis++)
                     index = index * p.kernel[axis] + grid.taps[axis].first_index +
                             tap.at[axis] * grid.taps[axis].index_step;
                   const T* from = weights + index * p.ic * p.oc;
                   T* to = packed + i * channels * panel;
                   if (backward)
                     pack_transposed(from + column * p.oc, p.oc, filled, channels, to, panel);
                   else
                     pack_rows(from + column, p.oc, filled, channels, to, panel);
                 }
               });
}

template <class T>
void set_image(Image<T>& image, const T* data, int64_t channels, const int64_t (&size)[3]) {
  image.data = data;
  image.channels = channels;
  image.stride[2] = channels;
  image.stride[1] = size[2] * image.stride[2];
  image.stride[0] = size[1] * image.stride[1];
  image.batch_stride = size[0] * image.stride[0];
  for (int axis = 0; axis < 3; axis++) image.size[axis] = size[axis];
}

template <class T>
void run_forward(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  Grid<T> grid = {};
  Image<T> dst = {};
  set_image(grid.image, o.a, p.ic, p.src);
  set_image<T>(dst, o.c, p.oc, p.dst);
  grid.batch = p.batch;
  grid.columns = p.oc;
  grid.dst = o.c;
  grid.dst_batch_stride = dst.batch_stride;
  for (int axis = 0; axis < 3; axis++) {
    grid.size[axis] = p.dst[axis];
    grid.step[axis] = p.stride[axis];
    grid.taps[axis] = forward_taps(p.kernel[axis], p.dilation[axis], p.pad[axis]);
    grid.dst_stride[axis] = dst.stride[axis];
  }
  if (grid.rows() * grid.columns == 0) return;
  grid.end.bias = p.has_bias ? o.bias : nullptr;
  grid.end.residual = p.has_residual ? o.residual : nullptr;
  grid.end.dst_base = o.c;
  grid.end.activation = p.activation;
  grid.weights = static_cast<T*>(scratch);
  pack_weights(grid, p, o.b, false, static_cast<T*>(scratch));
  run_grid(grid);
}

template <class T>
void run_backward_data(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  Grid<T> grid = {};
  Image<T> dst = {};
  set_image(grid.image, o.a, p.oc, p.dst);
  set_image<T>(dst, o.c, p.ic, p.src);
  grid.batch = p.batch;
  grid.columns = p.ic;
  grid.dst_batch_stride = dst.batch_stride;
  grid.end.dst_base = o.c;
  grid.mask = p.has_mask ? o.mask : nullptr;
  grid.mask_factor = static_cast<T>(p.mask_factor);
  grid.weights = static_cast<T*>(scratch);
  for (int64_t phase = 0; phase < p.stride[0] * p.stride[1] * p.stride[2]; phase++) {
    const int64_t at[3] = {phase / p.stride[2] / p.stride[1], phase / p.stride[2] % p.stride[1],
                           phase % p.stride[2]};
    grid.dst = o.c;
    for (int axis = 0; axis < 3; axis++) {
      grid.size[axis] = p.src[axis] > at[axis] ? ceil_div(p.src[axis] - at[axis], p.stride[axis]) : 0;
      grid.step[axis] = 1;
      grid.taps[axis] =
          backward_taps(p.kernel[axis], p.dilation[axis], p.pad[axis], p.stride[axis], at[axis]);
      grid.dst_stride[axis] = dst.stride[axis] * p.stride[axis];
      grid.dst += at[axis] * dst.stride[axis];
    }
    if (grid.rows() * grid.columns == 0) continue;
    pack_weights(grid, p, o.b, true, static_cast<T*>(scratch));
    run_grid(grid);
  }
}

template <class T>
size_t packed_bytes(int64_t taps, int64_t channels, int64_t columns) {
  const int64_t panel = tiles<T>().panel;
  return static_cast<size_t>(taps * channels * ceil_div(columns, panel) * panel) * sizeof(T);
}
template <class T>
size_t forward_scratch(const ConvProblem& p) {
  return packed_bytes<T>(p.taps(), p.ic, p.oc);
}
template <class T>
size_t backward_data_scratch(const ConvProblem& p) {
  return packed_bytes<T>(p.taps(), p.oc, p.ic);
}

}  // namespace

extern const ConvTable conv_table = {
    {forward_scratch<float>, forward_scratch<double>, run_forward<float>, run_forward<double>, "conv:direct"},
    {backward_data_scratch<float>, backward_data_scratch<double>, run_backward_data<float>,
     run_backward_data<double>, "conv_backward_data:direct"},
};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
