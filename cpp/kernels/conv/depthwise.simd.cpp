// Depthwise convolution along vectors of channels. With several filters per channel the image is first
// repeated that many times, so that channel c of the image meets channel c of the result; the data gradient
// adds the repeats up again.
#include "kernels/conv/depthwise.h"

#include "base/parallel.h"
#include "kernels/conv/taps.h"
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int max_taps = 64;  // looked up at a time
constexpr int together = 4;   // pixels that share the loads of the weights
constexpr int64_t task_elements = 16384, most_slices = 16;

// Taps that read inside of the image, in elements from the position and from the first weight.
struct TapList {
  int64_t image[max_taps], weight[max_taps];
  int count;
};

template <class T>
struct Grid {
  const T* image;
  const T* weights;
  T* dst;
  int64_t batch, channels, size[3], step[3], image_size[3], dst_step[3], dst_size[3], dst_origin[3];
  int64_t kernel[3];
  AxisTaps taps[3];
};

PRONGHORN_INLINE bool within(int64_t x, int64_t size) {
  return static_cast<uint64_t>(x) < static_cast<uint64_t>(size);
}

// `Pixels` neighbours of a row: dst (+)= sum over the taps of image · weights.
template <class T, int Pixels>
void add_taps(const T* image, int64_t image_step, const T* weights, const TapList& taps, T* dst,
              int64_t dst_step, int64_t channels, bool first) {
  constexpr int W = width<T>;
  for (int64_t c = 0; c < channels; c += W) {
    const int left = static_cast<int>(lesser(W, channels - c));
    const auto read = [&](const T* p) { return left == W ? load(p + c) : load_part(p + c, left); };
    Vec<T> sums[Pixels];
    for (int i = 0; i < Pixels; i++) sums[i] = first ? zero<T>() : read(dst + i * dst_step);
    if (left == W) {
      for (int t = 0; t < taps.count; t++) {
        const Vec<T> w = load(weights + taps.weight[t] + c);
#pragma GCC unroll 4
        for (int i = 0; i < Pixels; i++)
          sums[i] = fma(load(image + taps.image[t] + i * image_step + c), w, sums[i]);
      }
    } else {
      for (int t = 0; t < taps.count; t++) {
        const Vec<T> w = read(weights + taps.weight[t]);
        for (int i = 0; i < Pixels; i++)
          sums[i] = fma(read(image + taps.image[t] + i * image_step), w, sums[i]);
      }
    }
    for (int i = 0; i < Pixels; i++) {
      T* to = dst + i * dst_step + c;
      if (left == W)
        store(to, sums[i]);
      else
        store_part(to, sums[i], left);
    }
  }
}

// One row of positions along the last axis.
template <class T>
void run_row(const Grid<T>& grid, int64_t row) {
  const int64_t c = grid.channels, y = row % grid.size[1], z = row / grid.size[1] % grid.size[0];
  const int64_t sample = row / grid.size[1] / grid.size[0];
  const int64_t at_z = z * grid.step[0], at_y = y * grid.step[1];
  const AxisTaps &along = grid.taps[2], &down = grid.taps[1], &deep = grid.taps[0];
  const T* image = grid.image + ((sample * grid.image_size[0] + at_z) * grid.image_size[1] + at_y) *
                                    grid.image_size[2] * c;
  T* dst = grid.dst +
           (((sample * grid.dst_size[0] + grid.dst_origin[0] + z * grid.dst_step[0]) * grid.dst_size[1] +
             grid.dst_origin[1] + y * grid.dst_step[1]) *
                grid.dst_size[2] +
            grid.dst_origin[2]) *
               c;
  const int64_t dst_step = grid.dst_step[2] * c, image_step = grid.step[2] * c;
  const int64_t kernel_rows = deep.count * down.count;
  for (int64_t x = 0; x < grid.size[2];) {
    const int64_t at = x * grid.step[2], first = at + along.first_offset;
    const int64_t last = first + (along.count - 1) * along.offset_step + (together - 1) * grid.step[2];
    const bool even =
        x + together <= grid.size[2] && along.count > 0 && first >= 0 && last < grid.image_size[2];
    const int pixels = even ? together : 1;
    bool start = true;
    TapList list = {};
    const auto flush = [&] {
      const T* from = image + at * c;
      T* to = dst + x * dst_step;
      if (even)
        add_taps<T, together>(from, image_step, grid.weights, list, to, dst_step, c, start);
      else
        add_taps<T, 1>(from, image_step, grid.weights, list, to, dst_step, c, start);
      start = false;
      list.count = 0;
    };
    for (int64_t r = 0; r < kernel_rows; r++) {
      const int64_t i = r / down.count, j = r % down.count;
      const int64_t dz = deep.first_offset + i * deep.offset_step,
                    dy = down.first_offset + j * down.offset_step;
      if (!within(at_z + dz, grid.image_size[0]) || !within(at_y + dy, grid.image_size[1])) continue;
      const int64_t kernel_row =
          (deep.first_index + i * deep.index_step) * grid.kernel[1] + down.first_index + j * down.index_step;
      for (int64_t k = 0; k < along.count; k++) {
        const int64_t dx = along.first_offset + k * along.offset_step;
        if (!even && !within(at + dx, grid.image_size[2])) continue;
        if (list.count == max_taps) flush();
        list.image[list.count] = ((dz * grid.image_size[1] + dy) * grid.image_size[2] + dx) * c;
        list.weight[list.count++] =
            (kernel_row * grid.kernel[2] + along.first_index + k * along.index_step) * c;
      }
    }
    if (start || list.count) flush();
    x += pixels;
  }
}

template <class T>
void run_grid(const Grid<T>& grid) {
  const int64_t rows = grid.batch * grid.size[0] * grid.size[1];
  const int64_t work =
      grid.size[2] * grid.channels * (grid.taps[0].count * grid.taps[1].count * grid.taps[2].count + 1);
  parallel_for(0, rows, 1 + 8 * task_elements / (work + 1), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; row++) run_row(grid, row);
  });
}

// Each of `count` elements `times` times.
template <class T>
void repeat(const T* src, int64_t count, int64_t times, T* dst) {
  parallel_for(0, count, task_elements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      for (int64_t m = 0; m < times; m++) dst[i * times + m] = src[i];
  });
}

template <class T>
void add_repeats(const T* src, int64_t count, int64_t times, T* dst) {
  parallel_for(0, count, task_elements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      T total = src[i * times];
      for (int64_t m = 1; m < times; m++) total += src[i * times + m];
      dst[i] = total;
    }
  });
}

template <class T>
const T* repeated_image(const ConvProblem& p, const T* src, void* scratch) {
  if (p.oc == p.ic) return src;
  repeat(src, p.batch * p.src_pixels() * p.ic, p.oc / p.ic, static_cast<T*>(scratch));
  return static_cast<const T*>(scratch);
}

template <class T>
size_t image_scratch(const ConvProblem& p) {
  return p.oc == p.ic ? 0
                      : static_cast<size_t>(ceil_div(p.batch * p.src_pixels() * p.oc, 16) * 16) * sizeof(T);
}

template <class T>
void run_forward(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  Grid<T> grid = {};
  grid.image = repeated_image(p, o.a, scratch);
  grid.weights = o.b;
  grid.dst = o.c;
  grid.batch = p.batch, grid.channels = p.oc;
  for (int axis = 0; axis < 3; axis++) {
    grid.size[axis] = grid.dst_size[axis] = p.dst[axis];
    grid.step[axis] = p.stride[axis];
    grid.image_size[axis] = p.src[axis];
    grid.dst_step[axis] = 1;
    grid.kernel[axis] = p.kernel[axis];
    grid.taps[axis] = forward_taps(p.kernel[axis], p.dilation[axis], p.pad[axis]);
  }
  run_grid(grid);
}

template <class T>
void run_backward_data(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  Grid<T> grid = {};
  grid.image = o.a;
  grid.weights = o.b;
  grid.dst = p.oc == p.ic ? o.c : static_cast<T*>(scratch);
  grid.batch = p.batch, grid.channels = p.oc;
  for (int64_t phase = 0; phase < p.stride[0] * p.stride[1] * p.stride[2]; phase++) {
    const int64_t at[3] = {phase / p.stride[2] / p.stride[1], phase / p.stride[2] % p.stride[1],
                           phase % p.stride[2]};
    for (int axis = 0; axis < 3; axis++) {
      grid.size[axis] = p.src[axis] > at[axis] ? ceil_div(p.src[axis] - at[axis], p.stride[axis]) : 0;
      grid.step[axis] = 1;
      grid.image_size[axis] = p.dst[axis];
      grid.dst_size[axis] = p.src[axis];
      grid.dst_step[axis] = p.stride[axis];
      grid.dst_origin[axis] = at[axis];
      grid.kernel[axis] = p.kernel[axis];
      grid.taps[axis] =
          backward_taps(p.kernel[axis], p.dilation[axis], p.pad[axis], p.stride[axis], at[axis]);
    }
    run_grid(grid);
  }
  if (p.oc != p.ic) add_repeats(grid.dst, p.batch * p.src_pixels() * p.ic, p.oc / p.ic, o.c);
}

PRONGHORN_INLINE int64_t weight_slices(const ConvProblem& p) {
  const int64_t rows = p.batch * p.dst[0] * p.dst[1], work = p.batch * p.dst_pixels() * p.oc * p.taps();
  return greater(1, lesser(lesser(rows, most_slices), work / (8 * task_elements)));
}

// Adds the products of the rows [row, row_end) of dst to sums.
template <class T>
void add_rows(const ConvProblem& p, const T* src, const T* diff_dst, int64_t row, int64_t row_end, T* sums) {
  constexpr int W = width<T>;
  const int64_t c = p.oc;
  for (; row < row_end; row++) {
    const int64_t y = row % p.dst[1], z = row / p.dst[1] % p.dst[0], sample = row / p.dst[1] / p.dst[0];
    const T* diff = diff_dst + row * p.dst[2] * c;
    for (int64_t tap = 0; tap < p.taps(); tap++) {
      const int64_t k = tap % p.kernel[2];
      const int64_t sz = z * p.stride[0] + tap / p.kernel[2] / p.kernel[1] * p.dilation[0] - p.pad[0];
      const int64_t sy = y * p.stride[1] + tap / p.kernel[2] % p.kernel[1] * p.dilation[1] - p.pad[1];
      if (!within(sz, p.src[0]) || !within(sy, p.src[1])) continue;
      const int64_t shift = k * p.dilation[2] - p.pad[2], stride = p.stride[2], room = p.src[2] - shift;
      const int64_t begin = shift < 0 ? ceil_div(-shift, stride) : 0;
      const int64_t end = room > 0 ? lesser(p.dst[2], ceil_div(room, stride)) : 0;
      const T* image = src + ((sample * p.src[0] + sz) * p.src[1] + sy) * p.src[2] * c + shift * c;
      for (int64_t i = 0; i < c; i += W) {
        const int left = static_cast<int>(lesser(W, c - i));
        const auto read = [&](const T* from) {
          return left == W ? load(from + i) : load_part(from + i, left);
        };
        Vec<T> partial[4] = {};
        const auto add = [&](int64_t x, Vec<T>& sum) {
          sum = fma(read(image + x * stride * c), read(diff + x * c), sum);
        };
        int64_t x = begin;
        for (; x + 4 <= end; x += 4)
          add(x, partial[0]), add(x + 1, partial[1]), add(x + 2, partial[2]), add(x + 3, partial[3]);
        for (; x < end; x++) add(x, partial[0]);
        T* to = sums + tap * c + i;
        const Vec<T> total = read(sums + tap * c) + ((partial[0] + partial[1]) + (partial[2] + partial[3]));
        if (left == W)
          store(to, total);
        else
          store_part(to, total, left);
      }
    }
  }
}

template <class T>
size_t weights_scratch(const ConvProblem& p) {
  return image_scratch<T>(p) + static_cast<size_t>(weight_slices(p) * p.taps() * p.oc) * sizeof(T);
}

template <class T>
void run_backward_weights(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  const T* src = repeated_image(p, o.a, scratch);
  T* const partial = reinterpret_cast<T*>(static_cast<char*>(scratch) + image_scratch<T>(p));
  const int64_t slices = weight_slices(p), rows = p.batch * p.dst[0] * p.dst[1], size = p.taps() * p.oc;
  parallel_for(0, slices, 1, [&](int64_t first, int64_t last) {
    for (int64_t s = first; s < last; s++) {
      T* sums = partial + s * size;
      for (int64_t i = 0; i < size; i++) sums[i] = 0;
      add_rows(p, src, o.b, s * rows / slices, (s + 1) * rows / slices, sums);
    }
  });
  for (int64_t i = 0; i < size; i++) {
    T total = partial[i];
    for (int64_t s = 1; s < slices; s++) total += partial[s * size + i];
    o.c[i] = total;
  }
}

}  // namespace

extern const DepthwiseTable depthwise_table = {
    {image_scratch<float>, image_scratch<double>, run_forward<float>, run_forward<double>,
     "depthwise_conv:vector"},
    {image_scratch<float>, image_scratch<double>, run_backward_data<float>, run_backward_data<double>,
     "depthwise_conv_backward_data:vector"},
    {weights_scratch<float>, weights_scratch<double>, run_backward_weights<float>,
     run_backward_weights<double>, "depthwise_conv_backward_weights:vector"},
};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
