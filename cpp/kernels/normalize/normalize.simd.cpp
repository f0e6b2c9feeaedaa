#include "kernels/normalize/normalize.h"

#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Calls f.operator()<vectors>(first channel, channels left) for blocks of whole vectors of channels, as many
// as leave registers free, then for single ones, the last of which may be partial.
template <class T, class F>
PRONGHORN_INLINE void for_channels(int64_t channels, F f) {
  int64_t c = 0;
  if constexpr (vector_bytes == 64)
    for (; c + 4 * width<T> <= channels; c += 4 * width<T>) f.template operator()<4>(c, 4 * width<T>);
  for (; c + 2 * width<T> <= channels; c += 2 * width<T>) f.template operator()<2>(c, 2 * width<T>);
  for (; c < channels; c += width<T>) f.template operator()<1>(c, channels - c);
}

// The mean is taken of the distances from the first row, which are small even where the values are not.
template <class T>
void moments(const T* x, int64_t rows, int64_t channels, T* mean, T* squares) {
  const Vec<T> count = broadcast(static_cast<T>(rows));
  for_channels<T>(channels, [&]<int vectors>(int64_t c, int64_t n) __attribute__((always_inline)) {
    const auto at = [&](int64_t row, int k) __attribute__((always_inline)) {
      return load_upto(x + row * channels + c + k * width<T>, n - k * width<T>);
    };
    Vec<T> first[vectors], centre[vectors] = {}, square[vectors] = {};
    for (int k = 0; k < vectors; k++) first[k] = at(0, k);
    for (int64_t row = 1; row < rows; row++)
      for (int k = 0; k < vectors; k++) centre[k] += at(row, k) - first[k];
    for (int k = 0; k < vectors; k++) centre[k] = first[k] + centre[k] / count;
    for (int64_t row = 0; row < rows; row++)
      for (int k = 0; k < vectors; k++) {
        const Vec<T> away = at(row, k) - centre[k];
        square[k] = fma(away, away, square[k]);
      }
    for (int k = 0; k < vectors; k++) {
      store_upto(mean + c + k * width<T>, centre[k], n - k * width<T>);
      store_upto(squares + c + k * width<T>, square[k], n - k * width<T>);
    }
  });
}

// The parameters of a block of channels, in registers.
template <class T, int vectors>
struct Block {
  Vec<T> mean[vectors], scale[vectors], shift[vectors];

  static __attribute__((always_inline)) inline Block make(const NormChannels<T>& by, int64_t c, int64_t n,
                                                          bool shifted) {
    Block block;
    for (int k = 0; k < vectors; k++) {
      const int64_t at = c + k * width<T>, left = n - k * width<T>;
      block.mean[k] = load_upto(by.mean + at, left);
      block.scale[k] = load_upto(by.scale + at, left);
      if (shifted) block.shift[k] = load_upto(by.shift + at, left);
    }
    return block;
  }

  __attribute__((always_inline)) inline Vec<T> y(Vec<T> x, int k) const {
    return fma(x - mean[k], scale[k], shift[k]);
  }
  // What the gradient of the activation leaves of diff.
  __attribute__((always_inline)) inline Vec<T> through_relu(Vec<T> x, Vec<T> diff, int k) const {
    return y(x, k) > 0 ? diff : zero<T>();
  }
};

template <class T, bool relu>
void apply(const T* x, const NormChannels<T>& by, const T* residual, T* y, int64_t rows, int64_t channels) {
  for_channels<T>(channels, [&]<int vectors>(int64_t c, int64_t n) __attribute__((always_inline)) {
    const auto block = Block<T, vectors>::make(by, c, n, true);
    for (int64_t row = 0; row < rows; row++)
      for (int k = 0; k < vectors; k++) {
        const int64_t at = row * channels + c + k * width<T>, left = n - k * width<T>;
        Vec<T> v = block.y(load_upto(x + at, left), k);
        if (residual) v = v + load_upto(residual + at, left);
        store_upto(y + at, relu ? (v < 0 ? zero<T>() : v) : v, left);
      }
  });
}

template <class T, bool relu>
void grad_sums(const T* x, const T* diff, const NormChannels<T>& by, int64_t rows, int64_t channels, T* sum,
               T* dot) {
  for_channels<T>(channels, [&]<int vectors>(int64_t c, int64_t n) __attribute__((always_inline)) {
    const auto block = Block<T, vectors>::make(by, c, n, relu);
    Vec<T> sums[vectors] = {}, dots[vectors] = {};
    for (int64_t row = 0; row < rows; row++)
      for (int k = 0; k < vectors; k++) {
        const int64_t at = row * channels + c + k * width<T>, left = n - k * width<T>;
        const Vec<T> v = load_upto(x + at, left);
        Vec<T> d = load_upto(diff + at, left);
        if (relu) d = block.through_relu(v, d, k);
        sums[k] += d;
        dots[k] = fma(d, v - block.mean[k], dots[k]);
      }
    for (int k = 0; k < vectors; k++) {
      store_upto(sum + c + k * width<T>, sums[k], n - k * width<T>);
      store_upto(dot + c + k * width<T>, dots[k], n - k * width<T>);
    }
  });
}

template <class T, bool relu>
void grad_apply(const T* x, const T* diff, const NormChannels<T>& by, const T* offset, const T* slope,
                T* diff_x, int64_t rows, int64_t channels) {
  for_channels<T>(channels, [&]<int vectors>(int64_t c, int64_t n) __attribute__((always_inline)) {
    const auto block = Block<T, vectors>::make(by, c, n, relu);
    Vec<T> offsets[vectors], slopes[vectors];
    for (int k = 0; k < vectors; k++) {
      offsets[k] = load_upto(offset + c + k * width<T>, n - k * width<T>);
      slopes[k] = load_upto(slope + c + k * width<T>, n - k * width<T>);
    }
    for (int64_t row = 0; row < rows; row++)
      for (int k = 0; k < vectors; k++) {
        const int64_t at = row * channels + c + k * width<T>, left = n - k * width<T>;
        const Vec<T> v = load_upto(x + at, left);
        Vec<T> d = load_upto(diff + at, left);
        if (relu) d = block.through_relu(v, d, k);
        store_upto(diff_x + at, (d - offsets[k] - (v - block.mean[k]) * slopes[k]) * block.scale[k], left);
      }
  });
}

template <class T>
constexpr NormalizeFunctions<T> functions = {
    moments<T>,
    {apply<T, false>, apply<T, true>},
    {grad_sums<T, false>, grad_sums<T, true>},
    {grad_apply<T, false>, grad_apply<T, true>},
};

}  // namespace

extern const NormalizeTable normalize_table;
const NormalizeTable normalize_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
