// Positions of extremes and running totals: one sweep along the axis, element by element.
#include <algorithm>

#include "base/parallel.h"
#include "kernels/reduce/reduce.h"

namespace pronghorn {
namespace {

constexpr int64_t chunk_elements = 16 * 1024;

// f(outer index) in parallel, a chunk at a time.
template <class F>
void for_outer(int64_t outer, int64_t elements_each, const F& f) {
  parallel_for(0, outer, std::max<int64_t>(chunk_elements / std::max<int64_t>(elements_each, 1), 1),
               [&](int64_t begin, int64_t end) {
                 for (int64_t o = begin; o < end; o++) f(o);
               });
}

template <class T>
void arg_extreme(bool largest, const T* src, int64_t n, int64_t stride, int64_t* dst) {
  T best = src[0];
  int64_t at = 0;
  for (int64_t i = 1; i < n && best == best; i++) {
    const T x = src[i * stride];
    if (x != x || (largest ? x > best : x < best)) {
      best = x;
      at = i;
    }
  }
  *dst = at;
}

template <class T>
void cumulate(bool product, bool reverse, bool exclusive, const T* src, int64_t n, int64_t stride, T* dst) {
  T total = product ? 1 : 0;
  for (int64_t k = 0; k < n; k++) {
    const int64_t i = (reverse ? n - 1 - k : k) * stride;
    const T x = src[i];
    const T next = static_cast<T>(product ? total * x : total + x);
    dst[i] = exclusive ? total : next;
    total = next;
  }
}

}  // namespace

void run_arg_reduce(bool largest, DType dtype, int64_t outer, int64_t reduced, int64_t inner, const void* src,
                    int64_t* dst) {
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    for_outer(outer, reduced * inner, [&](int64_t o) {
      for (int64_t i = 0; i < inner; i++)
        arg_extreme(largest, static_cast<const T*>(src) + o * reduced * inner + i, reduced, inner,
                    dst + o * inner + i);
    });
  });
}

void run_cumulate(bool product, bool reverse, bool exclusive, DType dtype, int64_t outer, int64_t size,
                  int64_t inner, const void* src, void* dst) {
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    for_outer(outer, size * inner, [&](int64_t o) {
      for (int64_t i = 0; i < inner; i++) {
        const int64_t first = o * size * inner + i;
        cumulate(product, reverse, exclusive, static_cast<const T*>(src) + first, size, inner,
                 static_cast<T*>(dst) + first);
      }
    });
  });
}

}  // namespace pronghorn
