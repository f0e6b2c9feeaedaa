// The forward direction for images of few channels, as those of a first layer. Along a row of the kernel taps
// and channels follow one another in memory, and so do pixels: every pixel of a tile reads at a constant
// distance from the one before, and a tile costs no pointers. A padded image is copied with its zeros first.
#include "kernels/conv/few_channels.h"

#include "kernels/conv/few_channels_image.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tiling.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class T>
struct Task {
  const T* image;  // padded
  int64_t height, row,
      pixel;  // of the image: rows, elements from one to the next row, one to the next result
  int64_t kernel_rows, kernel_row, run;  // rows of the kernel, elements between those, terms in each
  const T* weights;                      // panels of all terms
  const T* bias;
  Activation activation;
  int64_t oc;
};

// Rows pixels by Vectors vectors of channels, of which `columns` exist.
template <class T, int Rows, int Vectors>
void tile(const Task<T>& task, const T* a, const T* b, const T* bias, T* dst, int64_t columns) {
  Vec<T> sums[Rows][Vectors];
  unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
    const int64_t left = columns - v * width<T>;
    const Vec<T> start = bias && left > 0 ? load_upto(bias + v * width<T>, left) : zero<T>();
    unroll<Rows>([&](auto i) __attribute__((always_inline)) { sums[i][v] = start; });
  });
  // the next tile's results are needed when its sums are done: let them come meanwhile
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    const T* next = dst + (Rows + i) * task.oc;
    __builtin_prefetch(next, 1);
    if (Vectors * sizeof(Vec<T>) > 64) __builtin_prefetch(next + 64 / sizeof(T), 1);
  });
  const int64_t step = task.pixel;
  for (int64_t y = 0; y < task.kernel_rows; y++, a += task.kernel_row) {
    const T* at = a;
#pragma GCC unroll 1
    for (int64_t k = task.run; k > 0; k--, at++, b += Vectors * width<T>) {
      Vec<T> factors[Vectors];
      unroll<Vectors>([&](auto v) __attribute__((always_inline)) { factors[v] = load(b + v * width<T>); });
      unroll<Rows>([&](auto i) __attribute__((always_inline)) {
        const Vec<T> x = broadcast(at[i * step]);
        unroll<Vectors>([&](auto v)
                            __attribute__((always_inline)) { sums[i][v] = fma(x, factors[v], sums[i][v]); });
      });
    }
  }
  if (task.activation == Activation::Relu)
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
        sums[i][v] = sums[i][v] < zero<T>() ? zero<T>() : sums[i][v];
      });
    });
  unroll<Rows>([&](auto i) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
      const int64_t left = columns - v * width<T>;
      if (left > 0) store_upto(dst + i * task.oc + v * width<T>, sums[i][v], left);
    });
  });
}

template <class T>
using Tile = void (*)(const Task<T>&, const T*, const T*, const T*, T*, int64_t);
template <class T>
struct Tiles {
  Tile<T> one_vector[most_rows], two_vectors[most_rows];
};
template <class T, int... I>
constexpr Tiles<T> tiles_of(std::integer_sequence<int, I...>) {
  return {{tile<T, I + 1, 1>...}, {tile<T, I + 1, 2>...}};
}
template <class T>
constexpr Tiles<T> all_tiles = tiles_of<T>(std::make_integer_sequence<int, most_rows>{});

// A row of the result.
template <class T>
void run_row(const Task<T>& task, const T* image, T* dst, int64_t pixels) {
  const int64_t terms = task.kernel_rows * task.run, parts = ceil_div(pixels, most_rows);
  for (int64_t i = 0, x = 0, end; i < parts; i++, x = end) {
    end = (i + 1) * pixels / parts;
    for (int64_t column = 0; column < task.oc; column += panel<T>) {
      const int64_t columns = lesser(panel<T>, task.oc - column);
      const auto& by_rows = columns > width<T> ? all_tiles<T>.two_vectors : all_tiles<T>.one_vector;
      by_rows[end - x - 1](task, image + x * task.pixel, task.weights + column * terms,
                           task.bias ? task.bias + column : nullptr, dst + x * task.oc + column, columns);
    }
  }
  if (task.activation > Activation::Relu) tiles<T>().finish(dst, pixels * task.oc, task.activation);
}

template <class T>
int64_t packed_elements(const ConvProblem& p) {
  return ceil_div(p.taps() * p.ic * ceil_div(p.oc, panel<T>) * panel<T>, 16) * 16;
}

template <class T>
void run(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  if (p.batch * p.dst_pixels() * p.oc == 0) return;
  const Padded padded(p);
  T* const weights = static_cast<T*>(scratch);
  T* const copy = weights + packed_elements<T>(p);
  const int64_t terms = p.taps() * p.ic;
  for (int64_t column = 0; column < p.oc; column += panel<T>) {
    const int64_t columns = lesser(panel<T>, p.oc - column);
    pack_rows(o.b + column, p.oc, columns, terms, weights + column * terms,
              columns > width<T> ? panel<T> : width<T>);
  }
  if (padded.copied) pad_image(p, padded, o.a, copy);
  const int64_t row = padded.width * p.ic;
  const Task<T> task = {padded.copied ? copy : o.a,
                        padded.height,
                        row,
                        p.stride[2] * p.ic,
                        p.kernel[1],
                        p.dilation[1] * row,
                        p.kernel[2] * p.ic,
                        weights,
                        p.has_bias ? o.bias : nullptr,
                        p.activation,
                        p.oc};
  const double row_flops = 2.0 * static_cast<double>(p.dst[2] * terms) * static_cast<double>(p.oc);
  const int64_t rows = p.batch * p.dst[1];
  parallel_for(
      0, rows, 1 + static_cast<int64_t>(task_flops / (row_flops + 1)),
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
          const int64_t image = i / p.dst[1], y = i % p.dst[1];
          run_row(task, task.image + (image * task.height + y * p.stride[1]) * task.row,
                  o.c + i * p.dst[2] * p.oc, p.dst[2]);
        }
      },
      row_flops * static_cast<double>(rows));
}

template <class T>
size_t scratch_bytes(const ConvProblem& p) {
  const Padded padded(p);
  const int64_t copy = padded.copied ? p.batch * padded.height * padded.width * p.ic : 0;
  return static_cast<size_t>(packed_elements<T>(p) + copy) * sizeof(T);
}

}  // namespace

extern const FewChannelsTable few_channels_table = {
    {scratch_bytes<float>, scratch_bytes<double>, run<float>, run<double>, "conv:few_channels"}};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
