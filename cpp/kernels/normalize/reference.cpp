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
void apply(const T* x, const T* mean, const T* scale, const T* shift, T* y, int64_t rows, int64_t channels) {
  for (int64_t i = 0; i < rows * channels; i++) {
    const int64_t c = i % channels;
    y[i] = (x[i] - mean[c]) * scale[c] + shift[c];
  }
}

template <class T>
void grad_sums(const T* x, const T* diff, const T* mean, int64_t rows, int64_t channels, T* sum, T* dot) {
  for (int64_t c = 0; c < channels; c++) {
    sum[c] = dot[c] = 0;
    for (int64_t i = c; i < rows * channels; i += channels) {
      sum[c] += diff[i];
      dot[c] += diff[i] * (x[i] - mean[c]);
    }
  }
}

template <class T>
void grad_apply(const T* x, const T* diff, const T* mean, const T* scale, const T* offset, const T* slope,
                T* diff_x, int64_t rows, int64_t channels) {
  for (int64_t i = 0; i < rows * channels; i++) {
    const int64_t c = i % channels;
    diff_x[i] = scale[c] * (diff[i] - offset[c] - (x[i] - mean[c]) * slope[c]);
  }
}

template <class T>
constexpr NormalizeFunctions<T> functions = {moments<T>, apply<T>, grad_sums<T>, grad_apply<T>};

}  // namespace

extern const NormalizeTable normalize_table;
const NormalizeTable normalize_table = {functions<float>, functions<double>};

}  // namespace pronghorn::Reference
