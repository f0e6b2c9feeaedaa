// Batch normalisation of `rows` rows of `channels` contiguous elements: each channel by its own mean and
// variance.
//
// Statistics are taken chunk by chunk: each chunk's rows give their mean and their squared distances from it
// while they are in cache, and the chunks are merged in order (Chan, Golub, LeVeque: "Algorithms for
// computing the sample variance", 1983). So the data is read once, nothing cancels, and the number of threads
// changes nothing.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace pronghorn {

// What follows the normalisation: nothing, or a relu whose derivative is found again from x. Index of the
// pairs below.
enum class NormActivation { Linear = 0, Relu = 1 };

struct BatchNormProblem {
  int64_t rows = 0, channels = 0;
  double epsilon = 0;
  NormActivation activation = NormActivation::Linear;

  int64_t chunk_rows() const { return std::max<int64_t>(16, 16 * 1024 / std::max<int64_t>(1, channels)); }
  int64_t chunks() const { return (rows + chunk_rows() - 1) / chunk_rows(); }
};

// Per channel: y = (x - mean) * scale + shift.
template <class T>
struct NormChannels {
  const T *mean, *scale, *shift;
};

template <class T>
struct NormalizeFunctions {
  // Mean and sum of squared distances from it, per channel.
  void (*moments)(const T* x, int64_t rows, int64_t channels, T* mean, T* squares);
  // y, plus the residual unless that is null, then the activation
  void (*apply[2])(const T* x, const NormChannels<T>& by, const T* residual, T* y, int64_t rows,
                   int64_t channels);
  // sum(diff) and sum(diff * (x - mean)), per channel; diff is zero where the relu is
  void (*grad_sums[2])(const T* x, const T* diff, const NormChannels<T>& by, int64_t rows, int64_t channels,
                       T* sum, T* dot);
  // diff_x = scale * (diff - offset - (x - mean) * slope)
  void (*grad_apply[2])(const T* x, const T* diff, const NormChannels<T>& by, const T* offset, const T* slope,
                        T* diff_x, int64_t rows, int64_t channels);
};

struct NormalizeTable {
  NormalizeFunctions<float> f32;
  NormalizeFunctions<double> f64;
};

const NormalizeTable& normalize_table();

template <class T>
const NormalizeFunctions<T>& normalize_functions() {
  if constexpr (sizeof(T) == sizeof(float))
    return normalize_table().f32;
  else
    return normalize_table().f64;
}

// Bytes that either of the following needs. The gradient reads beta only behind a relu.
size_t batch_norm_scratch(const BatchNormProblem& problem, size_t element);

template <class T>
void run_batch_norm(const NormalizeFunctions<T>& table, const BatchNormProblem& problem, const T* x,
                    const T* gamma, const T* beta, const T* residual, T* y, T* mean, T* variance, T* scratch);
template <class T>
void run_batch_norm_grad(const NormalizeFunctions<T>& table, const BatchNormProblem& problem, const T* x,
                         const T* gamma, const T* beta, const T* mean, const T* variance, const T* diff_y,
                         T* diff_x, T* diff_gamma, T* diff_beta, T* scratch);

}  // namespace pronghorn
