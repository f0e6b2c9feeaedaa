#include "kernels/normalize/normalize.h"

#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Calls f.operator()<vectors>(first channel, channels left) for blocks of 4, 2 and 1 whole vectors of
// channels, the last of which may be partial.
template <class T, class F>
PRONGHORN_INLINE void for_channels(int64_t channels, F f) {
  int64_t c = 0;
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

template <class T>
void apply(const T* x, const T* mean, const T* scale, const T* shift, T* y, int64_t rows, int64_t channels) {
  for_channels<T>(channels, [&]<int vectors>(int64_t c, int64_t n) __attribute__((always_inline)) {
    Vec<T> m[vectors], a[vectors], b[vectors];
    for (int k = 0; k < vectors; k++) {
      const int64_t at = c + k * width<T>, left = n - k * width<T>;
      m[k] = load_upto(mean + at, left);
      a[k] = load_upto(scale + at, left);
      b[k] = load_upto(shift + at, left);
    }
    for (int64_t row = 0; row < rows; row++)
      for (int k = 0; k < vectors; k++) {
        const int64_t at = row * channels + c + k * width<T>, left = n - k * width<T>;
        store_upto(y + at, fma(load_upto(x + at, left) - m[k], a[k], b[k]), left);
      }
  });
}

template <class T>
void grad_sums(const T* x, const T* diff, const T* mean, int64_t rows, int64_t channels, T* sum, T* dot) {
  for_channels<T>(channels, [&]<int vectors>(int64_t c, int64_t n) __attribute__((always_inline)) {
    Vec<T> m[vectors], sums[vectors] = {}, dots[vectors] = {};
    for (int k = 0; k < vectors; k++) m[k] = load_upto(mean + c + k * width<T>, n - k * width<T>);
    for (int64_t row = 0; row < rows; row++)
      for (int k = 0; k < vectors; k++) {
        const int64_t at = row * channels + c + k * width<T>, left = n - k * width<T>;
        const Vec<T> d = load_upto(diff + at, left);
        sums[k] += d;
        dots[k] = fma(d, load_upto(x + at, left) - m[k], dots[k]);
      }
    for (int k = 0; k < vectors; k++) {
      store_upto(sum + c + k * width<T>, sums[k], n - k * width<T>);
      store_upto(dot + c + k * width<T>, dots[k], n - k * width<T>);
    }
  });
}

template <class T>
void grad_apply(const T* x, const T* diff, const T* mean, const T* scale, const T* offset, const T* slope,
                T* diff_x, int64_t rows, int64_t channels) {
  for_channels<T>(channels, [&]<int vectors>(int64_t c, int64_t n) __attribute__((always_inline)) {
    Vec<T> m[vectors], a[vectors], b[vectors], s[vectors];
    for (int k = 0; k < vectors; k++) {
      const int64_t at = c + k * width<T>, left = n - k * width<T>;
      m[k] = load_upto(mean + at, left);
      a[k] = load_upto(scale + at, left);
      b[k] = load_upto(offset + at, left);
      s[k] = load_upto(slope + at, left);
    }
    for (int64_t row = 0; row < rows; row++)
      for (int k = 0; k < vectors; k++) {
        const int64_t at = row * channels + c + k * width<T>, left = n - k * width<T>;
        const Vec<T> centred = load_upto(x + at, left) - m[k];
        store_upto(diff_x + at, (load_upto(diff + at, left) - b[k] - centred * s[k]) * a[k], left);
      }
  });
}

template <class T>
constexpr NormalizeFunctions<T> functions = {moments<T>, apply<T>, grad_sums<T>, grad_apply<T>};

}  // namespace

extern const NormalizeTable normalize_table;
const NormalizeTable normalize_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
