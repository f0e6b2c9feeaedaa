#include "kernels/normalize/normalize.h"

namespace pronghorn::Reference {
namespace {

template <class T>
void moments(const T* x, int64_t rows, int64_t channels, T* mean, T* squares) {
  for (int64_t c = 0; c < channels; c++) {
    mean[c] = squares[c] = 0;
    for (int64_t row = 0; row < rows; row++) mean[c] += x[row * channels + c] - x[c];
    mean[c] = x[c] + mean[c] / static_cast<T>(rows);
    for (int64_t row = 0; row < rows; row++) {
      const T away = x[row * channels + c] - mean[c];
      squares[c] += away * away;
    }
  }
}

template <class T>
T normalized(const NormChannels<T>& by, T x, int64_t c) {
  return (x - by.mean[c]) * by.scale[c] + by.shift[c];
}

template <class T, bool relu>
void apply(const T* x, const NormChannels<T>& by, const T* residual, T* y, int64_t rows, int64_t channels) {
  for (int64_t i = 0; i < rows * channels; i++) {
    y[i] = normalized(by, x[i], i % channels) + (residual ? residual[i] : 0);
    if (relu && y[i] < 0) y[i] = 0;
  }
}

template <class T, bool relu>
T gradient(const NormChannels<T>& by, T x, T diff, int64_t c) {
  return !relu || normalized(by, x, c) > 0 ? diff : 0;
}

template <class T, bool relu>
void grad_sums(const T* x, const T* diff, const NormChannels<T>& by, int64_t rows, int64_t channels, T* sum,
               T* dot) {
  for (int64_t c = 0; c < channels; c++) {
    sum[c] = dot[c] = 0;
    for (int64_t i = c; i < rows * channels; i += channels) {
      const T d = gradient<T, relu>(by, x[i], diff[i], c);
      sum[c] += d;
      dot[c] += d * (x[i] - by.mean[c]);
    }
  }
}

template <class T, bool relu>
void grad_apply(const T* x, const T* diff, const NormChannels<T>& by, const T* offset, const T* slope,
                T* diff_x, int64_t rows, int64_t channels) {
  for (int64_t i = 0; i < rows * channels; i++) {
    const int64_t c = i % channels;
    const T d = gradient<T, relu>(by, x[i], diff[i], c);
    diff_x[i] = by.scale[c] * (d - offset[c] - (x[i] - by.mean[c]) * slope[c]);
  }
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

}  // namespace pronghorn::Reference
