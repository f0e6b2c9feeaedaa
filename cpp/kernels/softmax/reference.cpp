#include <algorithm>
#include <cmath>

#include "kernels/softmax/softmax.h"

namespace pronghorn::Reference {
namespace {

template <class T>
T highest(const T* row, int64_t columns) {
  return *std::max_element(row, row + columns);
}

template <class T, class F>
T sum(int64_t columns, F f) {
  T total = 0;
  for (int64_t j = 0; j < columns; j++) total += f(j);
  return total;
}

template <class T>
T sum_of_exponentials(const T* row, T top, int64_t columns) {
  return sum<T>(columns, [&](int64_t j) { return std::exp(row[j] - top); });
}

template <class T>
void softmax(const T* src, T* dst, int64_t rows, int64_t columns) {
  for (; rows > 0; rows--, src += columns, dst += columns) {
    const T top = highest(src, columns), total = sum_of_exponentials(src, top, columns);
    for (int64_t j = 0; j < columns; j++) dst[j] = std::exp(src[j] - top) / total;
  }
}

template <class T>
void softmax_grad(const T* dst, const T* diff_dst, T* diff_src, int64_t rows, int64_t columns) {
  for (; rows > 0; rows--, dst += columns, diff_dst += columns, diff_src += columns) {
    const T dot = sum<T>(columns, [&](int64_t j) { return dst[j] * diff_dst[j]; });
    for (int64_t j = 0; j < columns; j++) diff_src[j] = dst[j] * (diff_dst[j] - dot);
  }
}

template <class T>
void log_softmax(const T* src, T* dst, int64_t rows, int64_t columns) {
  for (; rows > 0; rows--, src += columns, dst += columns) {
    const T top = highest(src, columns), log_total = std::log(sum_of_exponentials(src, top, columns));
    for (int64_t j = 0; j < columns; j++) dst[j] = src[j] - top - log_total;
  }
}

template <class T>
void log_softmax_grad(const T* dst, const T* diff_dst, T* diff_src, int64_t rows, int64_t columns) {
  for (; rows > 0; rows--, dst += columns, diff_dst += columns, diff_src += columns) {
    const T total = sum<T>(columns, [&](int64_t j) { return diff_dst[j]; });
    for (int64_t j = 0; j < columns; j++) diff_src[j] = diff_dst[j] - std::exp(dst[j]) * total;
  }
}

template <class T>
void cross_entropy(const T* logits, const T* targets, T* loss, T* statistics, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, logits += columns, statistics += 2) {
    const T top = statistics[0] = highest(logits, columns);
    const T total = statistics[1] = sum_of_exponentials(logits, top, columns);
    if (!targets) {
      loss[row] = std::log(total);
      continue;
    }
    loss[row] =
        sum<T>(columns, [&](int64_t j) { return targets[j] * (std::log(total) - (logits[j] - top)); });
    targets += columns;
  }
}

template <class T>
void cross_entropy_grad(const T* logits, const T* targets, const T* statistics, const T* diff_loss,
                        T* diff_logits, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, logits += columns, statistics += 2, diff_logits += columns) {
    const T weight = targets ? sum<T>(columns, [&](int64_t j) { return targets[j]; }) : 1;
    for (int64_t j = 0; j < columns; j++) {
      const T p = std::exp(logits[j] - statistics[0]) / statistics[1] * weight;
      diff_logits[j] = (p - (targets ? targets[j] : 0)) * diff_loss[row];
    }
    if (targets) targets += columns;
  }
}

template <class T>
T clip(T v, T epsilon) {
  return std::min(std::max(v, epsilon), 1 - epsilon);
}

template <class T>
bool is_free(T v, T epsilon) {
  return v >= epsilon && v <= 1 - epsilon;
}

template <class T>
void categorical(const T* targets, const T* output, T* loss, int64_t rows, int64_t columns, T epsilon) {
  for (int64_t row = 0; row < rows; row++, targets += columns, output += columns) {
    const T total = sum<T>(columns, [&](int64_t j) { return output[j]; });
    loss[row] =
        -sum<T>(columns, [&](int64_t j) { return targets[j] * std::log(clip(output[j] / total, epsilon)); });
  }
}

template <class T>
void categorical_grad(const T* targets, const T* output, const T* diff_loss, T* diff_output, int64_t rows,
                      int64_t columns, T epsilon) {
  for (int64_t row = 0; row < rows; row++, targets += columns, output += columns, diff_output += columns) {
    const T total = sum<T>(columns, [&](int64_t j) { return output[j]; });
    const auto free_target = [&](int64_t j) { return is_free(output[j] / total, epsilon) ? targets[j] : 0; };
    const T dot = sum<T>(columns, free_target);
    for (int64_t j = 0; j < columns; j++)
      diff_output[j] = (dot - free_target(j) / clip(output[j] / total, epsilon)) / total * diff_loss[row];
  }
}

template <class T>
void clipped_sum(const T* output, T* total, int64_t rows, int64_t columns, T epsilon) {
  for (int64_t row = 0; row < rows; row++, output += columns)
    total[row] = sum<T>(columns, [&](int64_t j) { return clip(output[j], epsilon); });
}

template <class T>
void sparse_categorical_grad(const T* output, const T* diff_loss, T* diff_output, int64_t rows,
                             int64_t columns, T epsilon) {
  for (int64_t row = 0; row < rows; row++, output += columns, diff_output += columns) {
    const T total = sum<T>(columns, [&](int64_t j) { return clip(output[j], epsilon); });
    for (int64_t j = 0; j < columns; j++)
      diff_output[j] = is_free(output[j], epsilon) ? diff_loss[row] / total : 0;
  }
}

template <class T>
void sigmoid_cross_entropy(const T* logits, const T* targets, T* loss, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    loss[i] = std::max<T>(logits[i], 0) - logits[i] * targets[i] + std::log1p(std::exp(-std::abs(logits[i])));
}

template <class T>
void binary(const T* targets, const T* output, T* loss, int64_t count, T epsilon) {
  for (int64_t i = 0; i < count; i++) {
    const T o = clip(output[i], epsilon);
    loss[i] = -(targets[i] * std::log(o + epsilon) + (1 - targets[i]) * std::log(1 - o + epsilon));
  }
}

template <class T>
constexpr SoftmaxFunctions<T> functions = {
    softmax<T>,
    softmax_grad<T>,
    log_softmax<T>,
    log_softmax_grad<T>,
    cross_entropy<T>,
    cross_entropy_grad<T>,
    categorical<T>,
    categorical_grad<T>,
    clipped_sum<T>,
    sparse_categorical_grad<T>,
    sigmoid_cross_entropy<T>,
    binary<T>,
};

}  // namespace

extern const SoftmaxTable softmax_table;
const SoftmaxTable softmax_table = {functions<float>, functions<double>};

}  // namespace pronghorn::Reference
