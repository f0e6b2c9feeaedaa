#include "kernels/normalize/normalize.h"

#include <cmath>

#include "base/parallel.h"
#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(NormalizeTable, normalize_table)

namespace {

// Calls f(chunk, first row, rows) for each chunk, in parallel.
template <class F>
void for_chunks(const BatchNormProblem& p, const F& f) {
  const int64_t rows = p.chunk_rows();
  parallel_for(0, p.chunks(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; chunk++)
      f(chunk, chunk * rows, std::min(rows, p.rows - chunk * rows));
  });
}

// Merges the chunks' means and squared distances into those of all rows.
template <class T>
void merge_moments(const BatchNormProblem& p, const T* partial, T* mean, T* variance) {
  const int64_t channels = p.channels;
  std::fill(mean, mean + channels, T(0));
  std::fill(variance, variance + channels, T(0));
  int64_t seen = 0;
  for (int64_t chunk = 0; chunk < p.chunks(); chunk++, partial += 2 * channels) {
    const int64_t rows = std::min(p.chunk_rows(), p.rows - seen);
    const T share = static_cast<T>(rows) / static_cast<T>(seen + rows);
    const T weight = static_cast<T>(seen) * share;
    for (int64_t c = 0; c < channels; c++) {
      const T delta = partial[c] - mean[c];
      mean[c] += delta * share;
      variance[c] += partial[channels + c] + delta * delta * weight;
    }
    seen += rows;
  }
  for (int64_t c = 0; c < channels; c++) variance[c] /= static_cast<T>(p.rows);
}

// Forward and backward take the same bits, so that both find the same elements above zero.
template <class T>
void set_scale(const BatchNormProblem& p, const T* gamma, const T* variance, T* scale) {
  for (int64_t c = 0; c < p.channels; c++)
    scale[c] = gamma[c] / std::sqrt(variance[c] + static_cast<T>(p.epsilon));
}

}  // namespace

size_t batch_norm_scratch(const BatchNormProblem& problem, size_t element) {
  return static_cast<size_t>((2 * problem.chunks() + 3) * problem.channels) * element;
}

template <class T>
void run_batch_norm(const NormalizeFunctions<T>& table, const BatchNormProblem& p, const T* x, const T* gamma,
                    const T* beta, const T* residual, T* y, T* mean, T* variance, T* scratch) {
  const int64_t channels = p.channels;
  for_chunks(p, [&](int64_t chunk, int64_t row, int64_t rows) {
    T* partial = scratch + 2 * chunk * channels;
    table.moments(x + row * channels, rows, channels, partial, partial + channels);
  });
  merge_moments(p, scratch, mean, variance);
  T* scale = scratch + 2 * p.chunks() * channels;
  set_scale(p, gamma, variance, scale);
  const auto apply = table.apply[static_cast<int>(p.activation)];
  for_chunks(p, [&](int64_t, int64_t row, int64_t rows) {
    const int64_t at = row * channels;
    apply(x + at, {mean, scale, beta}, residual ? residual + at : nullptr, y + at, rows, channels);
  });
}

// With v = 1 / sqrt(variance + epsilon), N rows, S = sum(diff_y) and D = sum(diff_y (x - mean)):
//   diff_beta = S, diff_gamma = v D, diff_x = gamma v (diff_y - S / N - (x - mean) v^2 D / N)
template <class T>
void run_batch_norm_grad(const NormalizeFunctions<T>& table, const BatchNormProblem& p, const T* x,
                         const T* gamma, const T* beta, const T* mean, const T* variance, const T* diff_y,
                         T* diff_x, T* diff_gamma, T* diff_beta, T* scratch) {
  const int64_t channels = p.channels;
  T* scale = scratch + 2 * p.chunks() * channels;
  T *offset = scale + channels, *slope = offset + channels;
  set_scale(p, gamma, variance, scale);
  const NormChannels<T> by{mean, scale, beta};
  const auto grad_sums = table.grad_sums[static_cast<int>(p.activation)];
  for_chunks(p, [&](int64_t chunk, int64_t row, int64_t rows) {
    T* partial = scratch + 2 * chunk * channels;
    grad_sums(x + row * channels, diff_y + row * channels, by, rows, channels, partial, partial + channels);
  });
  const T n = static_cast<T>(p.rows);
  for (int64_t c = 0; c < channels; c++) {
    T sum = 0, dot = 0;
    for (int64_t chunk = 0; chunk < p.chunks(); chunk++) {
      sum += scratch[2 * chunk * channels + c];
      dot += scratch[(2 * chunk + 1) * channels + c];
    }
    const T inverse = 1 / std::sqrt(variance[c] + static_cast<T>(p.epsilon));
    offset[c] = sum / n;
    slope[c] = inverse * inverse * dot / n;
    diff_gamma[c] = inverse * dot;
    diff_beta[c] = sum;
  }
  const auto grad_apply = table.grad_apply[static_cast<int>(p.activation)];
  for_chunks(p, [&](int64_t, int64_t row, int64_t rows) {
    const int64_t at = row * channels;
    grad_apply(x + at, diff_y + at, by, offset, slope, diff_x + at, rows, channels);
  });
}

#define PRONGHORN_NORMALIZE(T)                                                                            \
  template void run_batch_norm(const NormalizeFunctions<T>&, const BatchNormProblem&, const T*, const T*, \
                               const T*, const T*, T*, T*, T*, T*);                                       \
  template void run_batch_norm_grad(const NormalizeFunctions<T>&, const BatchNormProblem&, const T*,      \
                                    const T*, const T*, const T*, const T*, const T*, T*, T*, T*, T*);
PRONGHORN_NORMALIZE(float)
PRONGHORN_NORMALIZE(double)
#undef PRONGHORN_NORMALIZE

}  // namespace pronghorn
