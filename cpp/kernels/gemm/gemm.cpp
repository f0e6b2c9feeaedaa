#include "kernels/gemm/gemm.h"

#include <algorithm>

#include "base/buffer.h"
#include "base/parallel.h"
#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(GemmTable, gemm_table)

namespace {

// Products from this size on use all threads one after the other; smaller ones are spread over the threads
// whole.
constexpr double large_flops = 4e6, task_flops = 1e6;
constexpr int64_t max_tasks = 64;

struct Split {
  int64_t tasks, grain;
};

Split split_batch(const GemmProblem& p, int64_t count) {
  const double flops =
      2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k) + 1;
  if (flops >= large_flops) return {1, std::max<int64_t>(count, 1)};
  const int64_t worthwhile = 1 + static_cast<int64_t>(task_flops / flops);
  const int64_t grain = std::max(worthwhile, (count + max_tasks - 1) / max_tasks);
  return {std::max<int64_t>((count + grain - 1) / grain, 1), grain};
}

template <class T>
size_t padded_scratch(const GemmTable& table, const GemmProblem& p) {
  return Buffer::aligned(gemm_scratch(table, p, T{}));
}

}  // namespace

template <class T>
size_t gemm_batch_scratch(const GemmTable& table, const GemmProblem& p, const GemmBatch& batch) {
  return padded_scratch<T>(table, p) * static_cast<size_t>(split_batch(p, batch.count).tasks);
}

template <class T>
void gemm_batch(const GemmTable& table, const GemmProblem& p, const GemmBatch& batch,
                const GemmOperands<T>& o, void* scratch) {
  const Split split = split_batch(p, batch.count);
  const size_t own = padded_scratch<T>(table, p);
  const auto some = [&](int64_t begin, int64_t end) {
    char* memory = static_cast<char*>(scratch) + static_cast<size_t>(begin / split.grain) * own;
    for (int64_t i = begin; i < end; i++) {
      GemmOperands<T> one = o;
      one.a += batch.a_offsets[i];
      one.b += batch.b_offsets[i];
      one.c += i * batch.c_stride;
      if (one.residual) one.residual += i * batch.c_stride;
      if (one.mask) one.mask += i * batch.c_stride;
      gemm(table, p, one, memory);
    }
  };
  if (split.tasks == 1)
    some(0, batch.count);  // each product may use all threads
  else
    parallel_for(0, batch.count, split.grain, some);
}

template size_t gemm_batch_scratch<float>(const GemmTable&, const GemmProblem&, const GemmBatch&);
template size_t gemm_batch_scratch<double>(const GemmTable&, const GemmProblem&, const GemmBatch&);
template void gemm_batch<float>(const GemmTable&, const GemmProblem&, const GemmBatch&,
                                const GemmOperands<float>&, void*);
template void gemm_batch<double>(const GemmTable&, const GemmProblem&, const GemmBatch&,
                                 const GemmOperands<double>&, void*);

}  // namespace pronghorn
