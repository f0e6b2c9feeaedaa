// Softmax, log-softmax and the cross-entropies, over rows of `columns` contiguous elements.
#pragma once
#include <cstdint>

namespace pronghorn {

// Every function handles `rows` rows on the calling thread.
template <class T>
struct SoftmaxFunctions {
  void (*softmax)(const T* src, T* dst, int64_t rows, int64_t columns);
  void (*softmax_grad)(const T* dst, const T* diff_dst, T* diff_src, int64_t rows, int64_t columns);
  void (*log_softmax)(const T* src, T* dst, int64_t rows, int64_t columns);
  void (*log_softmax_grad)(const T* dst, const T* diff_dst, T* diff_src, int64_t rows, int64_t columns);

  // With x = logits - top, top the greatest logit: loss = log(total) * sum(targets) - sum(targets * x), total
  // = sum(exp(x)). statistics holds top and total for each row. Where targets is null the loss is log(total).
  void (*cross_entropy)(const T* logits, const T* targets, T* loss, T* statistics, int64_t rows,
                        int64_t columns);
  // diff_logits = (exp(x) / total * sum(targets) - targets) * diff_loss; where targets is null exp(x) / total
  // * diff_loss.
  void (*cross_entropy_grad)(const T* logits, const T* targets, const T* statistics, const T* diff_loss,
                             T* diff_logits, int64_t rows, int64_t columns);

  // loss = -sum(targets * log(clip(output / sum(output), epsilon, 1 - epsilon)))
  void (*categorical)(const T* targets, const T* output, T* loss, int64_t rows, int64_t columns, T epsilon);
  void (*categorical_grad)(const T* targets, const T* output, const T* diff_loss, T* diff_output,
                           int64_t rows, int64_t columns, T epsilon);
  // total = sum(clip(output, epsilon, 1 - epsilon))
  void (*clipped_sum)(const T* output, T* total, int64_t rows, int64_t columns, T epsilon);
  // diff_output = diff_loss / sum(clip(output)) where output is not clipped, 0 elsewhere: the part that all
  // classes share
  void (*sparse_categorical_grad)(const T* output, const T* diff_loss, T* diff_output, int64_t rows,
                                  int64_t columns, T epsilon);

  // Element by element: max(x, 0) - x * t + log1p(exp(-|x|)), and -t log(o + epsilon) - (1 - t) log(1 - o +
  // epsilon) of the clipped o.
  void (*sigmoid_cross_entropy)(const T* logits, const T* targets, T* loss, int64_t count);
  void (*binary)(const T* targets, const T* output, T* loss, int64_t count, T epsilon);
};

struct SoftmaxTable {
  SoftmaxFunctions<float> f32;
  SoftmaxFunctions<double> f64;
};

const SoftmaxTable& softmax_table();

template <class T>
const SoftmaxFunctions<T>& softmax_functions() {
  if constexpr (sizeof(T) == sizeof(float))
    return softmax_table().f32;
  else
    return softmax_table().f64;
}

}  // namespace pronghorn
