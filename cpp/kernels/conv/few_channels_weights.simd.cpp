// The gradient by the weights for images of few channels. The rows of the result that belong to one row of
// the kernel read neighbouring elements of the image: a tile of them costs one pointer. Slices of the
// result's rows are added in order.
#include "kernels/conv/few_channels.h"
#include "kernels/conv/few_channels_image.h"
#include "kernels/gemm/pack.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t most_slices = 16;
constexpr int64_t pixels_ahead = 24;  // fetched before they are needed
// With the sums of the bias a tile has to leave room in the registers.
constexpr int most_tile_rows = most_rows - 1;

// sums[i][o] += the sum over pixels x of a[x * a_step + i] · b[x * b_step + o], i < Rows; and bias[o] += that
// of b.
template <class T, int Rows, int Vectors, bool with_bias>
void tile(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t pixels, T* to, int64_t to_step,
          T* bias) {
  Vec<T> sums[Rows][Vectors], ones[Vectors];
  unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
    ones[v] = zero<T>();
    unroll<Rows>([&](auto i) __attribute__((always_inline)) { sums[i][v] = zero<T>(); });
  });
  for (int64_t x = 0; x < pixels; x++, a += a_step, b += b_step) {
    __builtin_prefetch(b + pixels_ahead * b_step);
    Vec<T> factors[Vectors];
    unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
      factors[v] = load(b + v * width<T>);
      if constexpr (with_bias) ones[v] = ones[v] + factors[v];
    });
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      const Vec<T> element = broadcast(a[i]);
      unroll<Vectors>(
          [&](auto v) __attribute__((always_inline)) { sums[i][v] = fma(element, factors[v], sums[i][v]); });
    });
  }
  unroll<Vectors>([&](auto v) __attribute__((always_inline)) {
    unroll<Rows>([&](auto i) __attribute__((always_inline)) {
      T* at = to + i * to_step + v * width<T>;
      store(at, load(at) + sums[i][v]);
    });
    if constexpr (with_bias) store(bias + v * width<T>, load(bias + v * width<T>) + ones[v]);
  });
}

template <class T>
using Tile = void (*)(const T*, int64_t, const T*, int64_t, int64_t, T*, int64_t, T*);
template <class T>
struct Tiles {
  Tile<T> plain[2][most_tile_rows], with_bias[2][most_tile_rows];  // by vectors and rows, less one
};
template <class T, int... I>
constexpr Tiles<T> tiles_of(std::integer_sequence<int, I...>) {
  return {{{tile<T, I + 1, 1, false>...}, {tile<T, I + 1, 2, false>...}},
          {{tile<T, I + 1, 1, true>...}, {tile<T, I + 1, 2, true>...}}};
}
template <class T>
constexpr Tiles<T> all_tiles = tiles_of<T>(std::make_integer_sequence<int, most_tile_rows>{});

template <class T>
struct Plan {
  Padded padded;
  int64_t rows, slices, columns, terms, slice_elements, copy_elements, tail_elements;
  explicit Plan(const ConvProblem& p) : padded(p) {
    rows = p.batch * p.dst[1];
    slices = greater(1, lesser(most_slices, rows * p.dst[2] / 512));
    columns = ceil_div(p.oc, width<T>) * width<T>;
    terms = p.taps() * p.ic;
    slice_elements = ceil_div((terms + 1) * columns, 16) * 16;  // the bias behind the weights
    copy_elements = padded.copied ? ceil_div(p.batch * padded.height * padded.width * p.ic, 16) * 16 : 0;
    tail_elements = p.oc % width<T> ? ceil_div(p.dst[2] * panel<T>, 16) * 16 : 0;
  }
  int64_t elements() const { return copy_elements + slices * (slice_elements + tail_elements); }
};

template <class T>
void add_row(const ConvProblem& p, const Plan<T>& plan, const T* image, const T* diff, T* sums, T* tail) {
  const int64_t row = plan.padded.width * p.ic, run = p.kernel[2] * p.ic;
  const int64_t parts = ceil_div(run, most_tile_rows);
  for (int64_t column = 0; column < p.oc; column += panel<T>) {
    const int64_t columns = lesser(panel<T>, p.oc - column), vectors = columns > width<T> ? 2 : 1;
    const T* b = diff + column;
    int64_t b_step = p.oc;
    if (columns % width<T>) {
      pack_rows(b, p.oc, columns, p.dst[2], tail, vectors * width<T>);
      b = tail, b_step = vectors * width<T>;
    }
    T* const bias = sums + plan.terms * plan.columns + column;
    for (int64_t y = 0; y < p.kernel[1]; y++)
      for (int64_t i = 0, first = 0, end; i < parts; i++, first = end) {
        end = (i + 1) * run / parts;
        const bool sum_b = y == 0 && i == 0 && p.has_diff_bias;
        const auto& by_rows = (sum_b ? all_tiles<T>.with_bias : all_tiles<T>.plain)[vectors - 1];
        by_rows[end - first - 1](image + y * p.dilation[1] * row + first, p.stride[2] * p.ic, b, b_step,
                                 p.dst[2], sums + (y * run + first) * plan.columns + column, plan.columns,
                                 bias);
      }
  }
}

template <class T>
void run(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  const Plan<T> plan(p);
  T* const copy = static_cast<T*>(scratch);
  T* const sums = copy + plan.copy_elements;
  T* const tails = sums + plan.slices * plan.slice_elements;
  if (plan.padded.copied) pad_image(p, plan.padded, o.a, copy);
  const T* const images = plan.padded.copied ? copy : o.a;
  const double flops =
      2.0 * static_cast<double>(plan.rows * p.dst[2] * plan.terms) * static_cast<double>(p.oc);
  parallel_for(
      0, plan.slices, 1,
      [&](int64_t first, int64_t last) {
        for (int64_t slice = first; slice < last; slice++) {
          T* const own = sums + slice * plan.slice_elements;
          __builtin_memset(own, 0, static_cast<size_t>(plan.slice_elements) * sizeof(T));
          for (int64_t i = slice * plan.rows / plan.slices; i < (slice + 1) * plan.rows / plan.slices; i++) {
            const T* image = images + (i / p.dst[1] * plan.padded.height + i % p.dst[1] * p.stride[1]) *
                                          plan.padded.width * p.ic;
            add_row(p, plan, image, o.b + i * p.dst[2] * p.oc, own, tails + slice * plan.tail_elements);
          }
        }
      },
      flops);
  for (int64_t row = 0; row < plan.terms + p.has_diff_bias; row++)
    for (int64_t c = 0; c < p.oc; c += width<T>) {
      const T* from = sums + row * plan.columns + c;
      Vec<T> total = load(from);
      for (int64_t s = 1; s < plan.slices; s++) total = total + load(from + s * plan.slice_elements);
      store_upto(row < plan.terms ? o.c + row * p.oc + c : o.diff_bias + c, total, p.oc - c);
    }
}

template <class T>
size_t scratch_bytes(const ConvProblem& p) {
  return static_cast<size_t>(Plan<T>(p).elements()) * sizeof(T);
}

}  // namespace

extern const FewChannelsWeightsTable few_channels_weights_table = {
    {scratch_bytes<float>, scratch_bytes<double>, run<float>, run<double>,
     "conv_backward_weights:few_channels"}};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
