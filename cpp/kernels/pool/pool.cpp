#include "kernels/pool/pool.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(PoolTable, pool_table)

namespace {

constexpr int64_t chunk_elements = 16 * 1024;

// Destination rows per task: about chunk_elements of the source.
int64_t forward_grain(const PoolProblem& p) {
  const int64_t row = p.h.stride * p.d.kernel * p.w.src * p.channels;
  return std::max<int64_t>(1, chunk_elements / std::max<int64_t>(1, row));
}

template <class F>
void for_dst_rows(const PoolProblem& p, const F& f) {
  parallel_for(0, p.batch * p.d.dst * p.h.dst, forward_grain(p), f);
}

// Source rows of an image per task: whole strides, and enough of them that the windows across a border, which
// both neighbours look at, are few.
template <class F>
void for_src_rows(const PoolProblem& p, const F& f) {
  const int64_t row = std::max<int64_t>(1, p.d.src * p.w.src * p.channels);
  const int64_t least = p.disjoint() ? p.h.stride : 4 * p.h.kernel;
  const int64_t strides = (std::max(least, chunk_elements / row) + p.h.stride - 1) / p.h.stride;
  const int64_t block = strides * p.h.stride;
  const int64_t blocks = (p.h.src + block - 1) / block;
  const int64_t grain = std::max<int64_t>(1, chunk_elements / (row * std::min(block, p.h.src)));
  parallel_for(0, p.batch * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t first = task % blocks * block;
      f(task / blocks, first, std::min(first + block, p.h.src));
    }
  });
}

}  // namespace

template <class T>
void run_max_pool(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, T* dst) {
  for_dst_rows(problem, [&](int64_t begin, int64_t end) { table.max(problem, src, dst, begin, end); });
}

template <class T>
void run_max_pool_places(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, T* dst,
                         uint8_t* places) {
  for_dst_rows(problem,
               [&](int64_t begin, int64_t end) { table.max_places(problem, src, dst, places, begin, end); });
}

template <class T>
void run_average_pool(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, T* dst) {
  for_dst_rows(problem, [&](int64_t begin, int64_t end) { table.average(problem, src, dst, begin, end); });
}

template <class T>
void run_max_gather(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, const T* max,
                    const T* values, T* dst) {
  for_dst_rows(problem, [&](int64_t begin, int64_t end) {
    table.max_gather(problem, src, max, values, dst, begin, end);
  });
}

template <class T>
void run_max_pool_grad(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, const T* dst,
                       const T* diff_dst, T* diff_src) {
  const int64_t from = problem.src_image(), to = problem.dst_image();
  for_src_rows(problem, [&](int64_t image, int64_t begin, int64_t end) {
    table.max_grad(problem, src + image * from, dst + image * to, diff_dst + image * to,
                   diff_src + image * from, begin, end);
  });
}

template <class T>
void run_max_pool_scatter(const PoolFunctions<T>& table, const PoolProblem& problem, const uint8_t* places,
                          const T* diff_dst, T* diff_src) {
  for_src_rows(problem, [&](int64_t image, int64_t begin, int64_t end) {
    table.max_scatter(problem, places + image * problem.dst_image(), diff_dst + image * problem.dst_image(),
                      diff_src + image * problem.src_image(), begin, end);
  });
}

template <class T>
void run_average_pool_grad(const PoolFunctions<T>& table, const PoolProblem& problem, const T* diff_dst,
                           T* diff_src) {
  for_src_rows(problem, [&](int64_t image, int64_t begin, int64_t end) {
    table.average_grad(problem, diff_dst + image * problem.dst_image(),
                       diff_src + image * problem.src_image(), begin, end);
  });
}

#define PRONGHORN_POOL(T)                                                                                    \
  template void run_max_pool(const PoolFunctions<T>&, const PoolProblem&, const T*, T*);                     \
  template void run_max_pool_places(const PoolFunctions<T>&, const PoolProblem&, const T*, T*, uint8_t*);    \
  template void run_average_pool(const PoolFunctions<T>&, const PoolProblem&, const T*, T*);                 \
  template void run_max_gather(const PoolFunctions<T>&, const PoolProblem&, const T*, const T*, const T*,    \
                               T*);                                                                          \
  template void run_max_pool_grad(const PoolFunctions<T>&, const PoolProblem&, const T*, const T*, const T*, \
                                  T*);                                                                       \
  template void run_max_pool_scatter(const PoolFunctions<T>&, const PoolProblem&, const uint8_t*, const T*,  \
                                     T*);                                                                    \
  template void run_average_pool_grad(const PoolFunctions<T>&, const PoolProblem&, const T*, T*);
PRONGHORN_POOL(float)
PRONGHORN_POOL(double)
#undef PRONGHORN_POOL

}  // namespace pronghorn
