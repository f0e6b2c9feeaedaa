#include <algorithm>
#include <numeric>

#include "base/parallel.h"
#include "kernels/index/index.h"

namespace pronghorn {
namespace {

constexpr int64_t chunk_elements = 8 * 1024;

int64_t rows_per_chunk(int64_t columns) {
  return std::max<int64_t>(1, chunk_elements / std::max<int64_t>(1, columns));
}

// A total order, so that sorting is safe whatever the data: NaN above everything, the first of equals first.
template <class T>
struct Before {
  const T* row;
  bool descending;

  bool operator()(int32_t a, int32_t b) const {
    const bool a_nan = row[a] != row[a], b_nan = row[b] != row[b];
    const bool greater = a_nan ? !b_nan : row[a] > row[b];
    const bool smaller = b_nan ? !a_nan : row[a] < row[b];
    return greater || smaller ? greater == descending : a < b;
  }
};

}  // namespace

// The indices found so far are a heap with the last in order on top.
template <class T>
void run_top_k(int64_t rows, int64_t columns, int64_t k, const T* src, T* values, int32_t* indices) {
  if (k == 0) return;
  parallel_for(0, rows, rows_per_chunk(columns), [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const T* row = src + at * columns;
      int32_t* heap = indices + at * k;
      const Before<T> before{row, true};
      std::iota(heap, heap + k, 0);
      std::make_heap(heap, heap + k, before);
      for (auto i = static_cast<int32_t>(k); i < columns; i++) {
        if (!before(i, heap[0])) continue;
        std::pop_heap(heap, heap + k, before);
        heap[k - 1] = i;
        std::push_heap(heap, heap + k, before);
      }
      std::sort_heap(heap, heap + k, before);
      for (int64_t i = 0; i < k; i++) values[at * k + i] = row[heap[i]];
    }
  });
}

template <class T>
void run_argsort(int64_t rows, int64_t columns, bool descending, const T* src, int32_t* indices) {
  parallel_for(0, rows, rows_per_chunk(columns), [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      int32_t* order = indices + at * columns;
      std::iota(order, order + columns, 0);
      std::sort(order, order + columns, Before<T>{src + at * columns, descending});
    }
  });
}

template <class T, class I>
void run_in_top_k(int64_t rows, int64_t columns, int64_t k, const T* predictions, const I* targets,
                  bool* dst) {
  parallel_for(0, rows, rows_per_chunk(columns), [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const T* row = predictions + at * columns;
      dst[at] = false;
      if (targets[at] < 0 || targets[at] >= columns) continue;
      const T score = row[targets[at]];
      if (!(score - score == 0)) continue;  // neither infinity nor NaN is in anything
      int64_t better = 0;
      for (int64_t i = 0; i < columns; i++) better += row[i] > score;
      dst[at] = better < k;
    }
  });
}

#define PRONGHORN_ORDER(T)                                                                \
  template void run_top_k(int64_t, int64_t, int64_t, const T*, T*, int32_t*);             \
  template void run_argsort(int64_t, int64_t, bool, const T*, int32_t*);                  \
  template void run_in_top_k(int64_t, int64_t, int64_t, const T*, const int32_t*, bool*); \
  template void run_in_top_k(int64_t, int64_t, int64_t, const T*, const int64_t*, bool*);
PRONGHORN_ORDER(float)
PRONGHORN_ORDER(double)
PRONGHORN_ORDER(int32_t)
PRONGHORN_ORDER(int64_t)
#undef PRONGHORN_ORDER

}  // namespace pronghorn
