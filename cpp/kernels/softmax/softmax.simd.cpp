#include "kernels/softmax/softmax.h"

#include <utility>

#include "simd/math.h"
#include "simd/upto.h"
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The first n lanes of v, `rest` in the others.
template <class T>
PRONGHORN_INLINE Vec<T> keep(Vec<T> v, int64_t n, T rest) {
  using I = Element<Mask<T>>;
  if (n >= width<T>) return v;
  return iota<I>() < broadcast<I>(static_cast<I>(n)) ? v : broadcast<T>(rest);
}

// Lane i of the result is lane i ^ half of v.
template <class T, int half>
PRONGHORN_INLINE Vec<T> swap_halves(Vec<T> v) {
  return [v]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(v, v, (i ^ half)...);
  }(std::make_integer_sequence<int, width<T>>{});
}

// Combines all lanes by halves, with the result in every lane.
template <class T, int half = width<T> / 2, class F>
PRONGHORN_INLINE Vec<T> fold(Vec<T> v, F f) {
  if constexpr (half == 0)
    return v;
  else
    return fold<T, half / 2>(f(v, swap_halves<T, half>(v)), f);
}

template <class T>
PRONGHORN_INLINE Vec<T> greatest(const T* src, int64_t columns) {
  const T lowest = -static_cast<T>(__builtin_inff());
  Vec<T> top = broadcast<T>(lowest);
  for (int64_t j = 0; j < columns; j += width<T>)
    top = max(top, keep<T>(load_upto(src + j, columns - j), columns - j, lowest));
  return fold<T>(top, [](Vec<T> a, Vec<T> b) { return max(a, b); });
}

template <class T>
PRONGHORN_INLINE Vec<T> add_lanes(Vec<T> v) {
  return fold<T>(v, [](Vec<T> a, Vec<T> b) { return a + b; });
}

// Sums f(j, lanes still to come) over the vectors of a row, into every lane; lanes behind its end count
// nothing.
template <class T, class F>
PRONGHORN_INLINE Vec<T> sum_row(int64_t columns, F f) {
  Vec<T> sums = {};
  for (int64_t j = 0; j < columns; j += width<T>) sums += keep<T>(f(j, columns - j), columns - j, 0);
  return add_lanes<T>(sums);
}

template <class T, class F>
PRONGHORN_INLINE void map_row(T* dst, int64_t columns, F f) {
  for (int64_t j = 0; j < columns; j += width<T>) store_upto<T>(dst + j, f(j, columns - j), columns - j);
}

template <class T>
void softmax(const T* src, T* dst, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, src += columns, dst += columns) {
    const Vec<T> top = greatest(src, columns);
    if (columns <= width<T>) {
      const Vec<T> e = keep<T>(exp(load_upto(src, columns) - top), columns, 0);
      store_upto<T>(dst, e * (broadcast<T>(1) / add_lanes<T>(e)), columns);
      continue;
    }
    const Vec<T> sum = sum_row<T>(columns, [&](int64_t j, int64_t n) __attribute__((always_inline)) {
      const Vec<T> e = exp(load_upto(src + j, n) - top);
      store_upto<T>(dst + j, e, n);
      return e;
    });
    const Vec<T> scale = broadcast<T>(1) / sum;
    map_row(dst, columns, [&](int64_t j, int64_t n) { return load_upto(dst + j, n) * scale; });
  }
}

template <class T>
void softmax_grad(const T* dst, const T* diff_dst, T* diff_src, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, dst += columns, diff_dst += columns, diff_src += columns) {
    const Vec<T> dot = sum_row<T>(
        columns, [&](int64_t j, int64_t n) { return load_upto(dst + j, n) * load_upto(diff_dst + j, n); });
    map_row(diff_src, columns,
            [&](int64_t j, int64_t n) { return load_upto(dst + j, n) * (load_upto(diff_dst + j, n) - dot); });
  }
}

template <class T>
void log_softmax(const T* src, T* dst, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, src += columns, dst += columns) {
    const Vec<T> top = greatest(src, columns);
    const Vec<T> log_total =
        log(sum_row<T>(columns, [&](int64_t j, int64_t n) { return exp(load_upto(src + j, n) - top); }));
    map_row(dst, columns, [&](int64_t j, int64_t n) { return (load_upto(src + j, n) - top) - log_total; });
  }
}

// diff_src = diff_dst - exp(dst) * sum(diff_dst)
template <class T>
void log_softmax_grad(const T* dst, const T* diff_dst, T* diff_src, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, dst += columns, diff_dst += columns, diff_src += columns) {
    const Vec<T> total =
        sum_row<T>(columns, [&](int64_t j, int64_t n) { return load_upto(diff_dst + j, n); });
    map_row(diff_src, columns, [&](int64_t j, int64_t n) {
      return load_upto(diff_dst + j, n) - exp(load_upto(dst + j, n)) * total;
    });
  }
}

template <class T>
void cross_entropy(const T* logits, const T* targets, T* loss, T* statistics, int64_t rows, int64_t columns) {
  constexpr int batch = width<T>;  // rows whose logarithms are taken together
  for (int64_t first = 0; first < rows; first += batch) {
    const int n_rows = static_cast<int>(rows - first < batch ? rows - first : batch);
    T total[batch], weight[batch], dot[batch];
    store(total, broadcast<T>(1));
    store(weight, broadcast<T>(1));
    store(dot, zero<T>());
    for (int row = 0; row < n_rows; row++, logits += columns, statistics += 2) {
      const Vec<T> top = greatest(logits, columns);
      if (targets) {
        Vec<T> sums = {}, weights = {}, dots = {};
        for (int64_t j = 0; j < columns; j += width<T>) {
          const Vec<T> x = load_upto(logits + j, columns - j) - top, t = load_upto(targets + j, columns - j);
          sums += keep<T>(exp(x), columns - j, 0);
          weights += t;
          dots = fma(t, x, dots);
        }
        total[row] = add_lanes<T>(sums)[0];
        weight[row] = add_lanes<T>(weights)[0];
        dot[row] = add_lanes<T>(dots)[0];
        targets += columns;
      } else {
        total[row] =
            sum_row<T>(columns, [&](int64_t j, int64_t n) { return exp(load_upto(logits + j, n) - top); })[0];
      }
      statistics[0] = top[0];
      statistics[1] = total[row];
    }
    store_upto<T>(loss + first, log(load(total)) * load(weight) - load(dot), n_rows);
  }
}

template <class T>
void cross_entropy_grad(const T* logits, const T* targets, const T* statistics, const T* diff_loss,
                        T* diff_logits, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, logits += columns, statistics += 2, diff_logits += columns) {
    const Vec<T> top = broadcast(statistics[0]), diff = broadcast(diff_loss[row]);
    if (targets) {
      const Vec<T> weight =
          sum_row<T>(columns, [&](int64_t j, int64_t n) { return load_upto(targets + j, n); });
      const Vec<T> scale = weight / broadcast(statistics[1]);
      map_row(diff_logits, columns, [&](int64_t j, int64_t n) {
        const Vec<T> p = exp(load_upto(logits + j, n) - top) * scale;
        return (p - load_upto(targets + j, n)) * diff;
      });
      targets += columns;
    } else {
      const Vec<T> scale = broadcast<T>(diff_loss[row] / statistics[1]);
      map_row(diff_logits, columns,
              [&](int64_t j, int64_t n) { return exp(load_upto(logits + j, n) - top) * scale; });
    }
  }
}

template <class T>
PRONGHORN_INLINE Vec<T> clip(Vec<T> v, Vec<T> low, Vec<T> high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}

template <class T>
void categorical(const T* targets, const T* output, T* loss, int64_t rows, int64_t columns, T epsilon) {
  const Vec<T> low = broadcast(epsilon), high = broadcast<T>(1 - epsilon);
  for (int64_t row = 0; row < rows; row++, targets += columns, output += columns) {
    const Vec<T> total = sum_row<T>(columns, [&](int64_t j, int64_t n) { return load_upto(output + j, n); });
    loss[row] = -sum_row<T>(columns, [&](int64_t j, int64_t n) {
      return load_upto(targets + j, n) * log(clip<T>(load_upto(output + j, n) / total, low, high));
    })[0];
  }
}

// With p = output / total and c = -targets / p where p is not clipped: diff_output = (c - sum(c * p)) / total
// * diff_loss.
template <class T>
void categorical_grad(const T* targets, const T* output, const T* diff_loss, T* diff_output, int64_t rows,
                      int64_t columns, T epsilon) {
  const Vec<T> low = broadcast(epsilon), high = broadcast<T>(1 - epsilon);
  for (int64_t row = 0; row < rows; row++) {
    const Vec<T> divisor =
        sum_row<T>(columns, [&](int64_t j, int64_t n) { return load_upto(output + j, n); });
    const Vec<T> diff = broadcast(diff_loss[row]) / divisor;
    const auto free_target = [&](Vec<T> p, int64_t j, int64_t n) {
      return (p >= low) & (p <= high) ? load_upto(targets + j, n) : zero<T>();
    };
    const Vec<T> dot = sum_row<T>(
        columns, [&](int64_t j, int64_t n) { return free_target(load_upto(output + j, n) / divisor, j, n); });
    map_row(diff_output, columns, [&](int64_t j, int64_t n) {
      const Vec<T> p = load_upto(output + j, n) / divisor;
      return (dot - free_target(p, j, n) / clip<T>(p, low, high)) * diff;
    });
    targets += columns;
    output += columns;
    diff_output += columns;
  }
}

template <class T>
void clipped_sum(const T* output, T* total, int64_t rows, int64_t columns, T epsilon) {
  const Vec<T> low = broadcast(epsilon), high = broadcast<T>(1 - epsilon);
  for (int64_t row = 0; row < rows; row++, output += columns)
    total[row] = sum_row<T>(
        columns, [&](int64_t j, int64_t n) { return clip<T>(load_upto(output + j, n), low, high); })[0];
}

template <class T>
void sparse_categorical_grad(const T* output, const T* diff_loss, T* diff_output, int64_t rows,
                             int64_t columns, T epsilon) {
  const Vec<T> low = broadcast(epsilon), high = broadcast<T>(1 - epsilon);
  for (int64_t row = 0; row < rows; row++, output += columns, diff_output += columns) {
    const Vec<T> total = sum_row<T>(
        columns, [&](int64_t j, int64_t n) { return clip<T>(load_upto(output + j, n), low, high); });
    const Vec<T> share = broadcast(diff_loss[row]) / total;
    map_row(diff_output, columns, [&](int64_t j, int64_t n) {
      const Vec<T> o = load_upto(output + j, n);
      return (o >= low) & (o <= high) ? share : zero<T>();
    });
  }
}

template <class T>
void sigmoid_cross_entropy(const T* logits, const T* targets, T* loss, int64_t count) {
  map_row(loss, count, [&](int64_t j, int64_t n) {
    const Vec<T> x = load_upto(logits + j, n);
    return max(x, zero<T>()) - x * load_upto(targets + j, n) + log1p(exp(-abs(x)));
  });
}

template <class T>
void binary(const T* targets, const T* output, T* loss, int64_t count, T epsilon) {
  const Vec<T> low = broadcast(epsilon), high = broadcast<T>(1 - epsilon), one = broadcast<T>(1);
  map_row(loss, count, [&](int64_t j, int64_t n) {
    const Vec<T> o = clip<T>(load_upto(output + j, n), low, high), t = load_upto(targets + j, n);
    return -(t * log(o + low) + (one - t) * log(one - o + low));
  });
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

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
