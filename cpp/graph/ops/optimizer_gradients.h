// The forms in which gradients reach an optimizer: whole, as two factors a and b for aᵀ b, or as indices and
// updates of rows. The last two are computed piece by piece while the parameter is updated.
#pragma once
#include <atomic>
#include <vector>

#include "base/buffer.h"
#include "graph/ops/indices.h"
#include "graph/ops/support.h"
#include "kernels/gemm/gemm.h"

namespace pronghorn {

// Which inputs of an optimizer are what.
struct OptimizerLayout {
  enum Kind { Whole, Factored, Sparse };
  struct Gradient {
    int input;  // the first of two, unless it is whole
    Kind kind;
    int deferred = none;  // its place among the parameters whose idle rows are put off
  };
  static constexpr int none = -1;
  int n, scalars, first_param;
  std::vector<int64_t> deferred;
  std::vector<Gradient> gradients;

  explicit OptimizerLayout(const Attributes& attributes);
  // Outputs stand as inputs do from the first parameter on: parameters, slots, records.
  int slots(size_t outputs) const {  // kinds
    return (static_cast<int>(outputs) - n) / (n + static_cast<int>(deferred.size()));
  }
  int record(int slots, int at, int k) const {  // of slot k of parameter deferred[at]
    return (1 + slots) * n + at * slots + k;
  }
};

void check_gradient(const InferContext& context, const OptimizerLayout& layout, int parameter);
// Checks the record of slot k of parameter deferred[at], and returns its type.
TensorType check_record(const InferContext& context, const OptimizerLayout& layout, int slots, int at, int k);

constexpr int64_t update_chunk = 16 * 1024;  // elements that are updated at a time
constexpr int64_t row_part = 128;            // of a row, that are worked on at a time

// A gradient that is the product of two factors: rows of the parameter at a time, each block by one thread.
struct FactoredGradient {
  int parameter, input;
  int64_t rows, block;  // of the parameter, and of a block
  GemmProblem problem;  // of a whole block
  int workers;          // threads that may run at once, each with scratch memory of its own

  GemmProblem problem_at(int64_t row) const;
  size_t gradient_bytes(size_t element) const;
  template <class T>
  size_t worker_bytes() const {
    const int64_t last = (rows - 1) / block * block;
    return gradient_bytes(sizeof(T)) +
           Buffer::aligned(std::max(gemm_scratch(gemm_table(), problem_at(0), T{}),
                                    gemm_scratch(gemm_table(), problem_at(last), T{})));
  }
  template <class T>
  size_t scratch() const {
    return static_cast<size_t>(workers) * worker_bytes<T>();
  }
  double flops() const;
};

// Lends each of the threads at work one of `count` pieces of scratch memory, at most 64.
class ScratchLender {
 public:
  explicit ScratchLender(int count) : count_(count) {}
  int take() {
    for (int i = 0;; i = (i + 1) % count_)
      if (!(taken_.fetch_or(uint64_t{1} << i, std::memory_order_acquire) >> i & 1)) return i;
  }
  void give_back(int i) { taken_.fetch_and(~(uint64_t{1} << i), std::memory_order_release); }

 private:
  const int count_;
  std::atomic<uint64_t> taken_ = 0;
};

std::vector<FactoredGradient> factored_gradients(const LowerContext& context, const OptimizerLayout& layout);

// Updates one parameter, each block of its gradient right after computing it, by update(parameter, from,
// gradient, count).
template <class T, class Update>
void update_blocks(const StepArguments& arguments, const FactoredGradient& factored, const Update& update) {
  ScratchLender lender(factored.workers);
  const auto blocks = [&](int64_t begin, int64_t end) {
    const int worker = lender.take();
    char* const own = static_cast<char*>(arguments.scratch) + worker * factored.worker_bytes<T>();
    T* const gradient = reinterpret_cast<T*>(own);
    for (int64_t row = begin * factored.block; row < std::min(end * factored.block, factored.rows);
         row += factored.block) {
      const GemmProblem problem = factored.problem_at(row);
      const GemmOperands<T> factors = {src<T>(arguments, factored.input) + row,
                                       src<T>(arguments, factored.input + 1), gradient};
      gemm(gemm_table(), problem, factors, own + factored.gradient_bytes(sizeof(T)));
      update(factored.parameter, row * problem.n, gradient, problem.m * problem.n);
    }
    lender.give_back(worker);
  };
  const int64_t count = (factored.rows + factored.block - 1) / factored.block;
  parallel_for(0, count, 1, blocks, factored.flops());
}

// A gradient by the rows of a parameter, with the lists of positions in the step's scratch.
struct SparseGradient {
  int parameter, input;
  int64_t rows, columns, count;  // of the parameter; indices
  DType index_type;
  bool distinct;

  size_t scratch() const { return static_cast<size_t>(rows + count) * sizeof(int32_t); }
};

std::vector<SparseGradient> sparse_gradients(const LowerContext& context, const OptimizerLayout& layout);
void check_rows(const char* who, const StepArguments& arguments, const SparseGradient& sparse);

// Calls touch(row) and then update(parameter, from, gradient, count, ahead) for rows that are named by the
// indices, and idle(parameter, from, count) for stretches of those that are not. Where that does nothing, the
// rows are scattered over the memory, and what comes next is as many elements ahead as the next of them.
template <class T, class Touch, class Update, class IdleUpdate>
void update_rows(const StepArguments& arguments, const SparseGradient& sparse, bool scattered,
                 const Touch& touch, const Update& update, const IdleUpdate& idle) {
  auto* const first = static_cast<int32_t*>(arguments.scratch);
  int32_t* const next = first + sparse.rows;
  with_indices(sparse.index_type, arguments.src[sparse.input],
               [&](const auto* indices) { list_positions(indices, sparse.count, sparse.rows, first, next); });
  const T* updates = src<T>(arguments, sparse.input + 1);
  const int64_t columns = sparse.columns, grain = 1 + update_chunk / (columns + 1);
  parallel_for(0, sparse.rows, grain, [&](int64_t begin, int64_t end) {
    alignas(64) T sum[row_part];
    for (int64_t row = begin; row < end;) {
      int64_t last = row;
      while (last < end && first[last] < 0) last++;
      if (last > row) idle(sparse.parameter, row * columns, (last - row) * columns);
      for (row = last; row < end && first[row] >= 0; row++) {
        int64_t following = row + 1;
        while (scattered && following < end && first[following] < 0) following++;
        touch(row);
        for (int64_t from = 0; from < columns; from += row_part) {
          const int64_t count = std::min(row_part, columns - from);
          if (scattered && following < end) {
            const T* const gradient = updates + first[following] * columns + from;
            constexpr int64_t line = 64 / sizeof(T);
            for (int64_t i = 0; i < count; i += line) __builtin_prefetch(gradient + i);
          }
          const T* gradient = updates + first[row] * columns + from;
          if (!sparse.distinct) {
            sum_updates(first[row], next, updates, columns, from, count, sum);
            gradient = sum;
          }
          update(sparse.parameter, row * columns + from, gradient, count, (following - row) * columns);
        }
      }
    }
  });
}

}  // namespace pronghorn
