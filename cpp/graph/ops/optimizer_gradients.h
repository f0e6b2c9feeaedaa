// The forms in which gradients reach an optimizer: whole, as two factors a and b for aᵀ b, or as indices and
// updates of rows. The last two are computed piece by piece while the parameter is updated.
#pragma once
#include <vector>

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
  };
  int n, scalars, first_param;
  std::vector<Gradient> gradients;

  explicit OptimizerLayout(const Attributes& attributes);
};

void check_gradient(const InferContext& context, const OptimizerLayout& layout, int parameter);

constexpr int64_t update_chunk = 16 * 1024;  // elements that are updated at a time
constexpr int64_t update_part = 1024;        // of a sparse gradient, that are added up at a time

// A gradient that is the product of two factors: rows of the parameter at a time.
struct FactoredGradient {
  int parameter, input;
  int64_t rows, block;  // of the parameter, and of a block
  GemmProblem problem;  // of a whole block

  GemmProblem problem_at(int64_t row) const;
  size_t gradient_bytes(size_t element) const;
  template <class T>
  size_t scratch() const {
    const int64_t last = (rows - 1) / block * block;
    return gradient_bytes(sizeof(T)) + std::max(gemm_scratch(gemm_table(), problem_at(0), T{}),
                                                gemm_scratch(gemm_table(), problem_at(last), T{}));
  }
  double flops() const;
};

std::vector<FactoredGradient> factored_gradients(const LowerContext& context, const OptimizerLayout& layout);

// Updates one parameter, each block of its gradient right after computing it, by update(parameter, from,
// gradient, count).
template <class T, class Update>
void update_blocks(const StepArguments& arguments, const FactoredGradient& factored, const Update& update) {
  T* gradient = static_cast<T*>(arguments.scratch);
  void* scratch = static_cast<char*>(arguments.scratch) + factored.gradient_bytes(sizeof(T));
  for (int64_t row = 0; row < factored.rows; row += factored.block) {
    const GemmProblem problem = factored.problem_at(row);
    gemm(gemm_table(), problem,
         GemmOperands<T>{src<T>(arguments, factored.input) + row, src<T>(arguments, factored.input + 1),
                         gradient},
         scratch);
    parallel_for(0, problem.m * problem.n, update_chunk, [&](int64_t begin, int64_t end) {
      update(factored.parameter, row * problem.n + begin, gradient + begin, end - begin);
    });
  }
}

// A gradient by the rows of a parameter, with the lists of positions in the step's scratch.
struct SparseGradient {
  int parameter, input;
  int64_t rows, columns, count;  // of the parameter; indices
  DType index_type;
  bool padded;

  size_t scratch() const { return static_cast<size_t>(rows + count) * sizeof(int32_t); }
};

std::vector<SparseGradient> sparse_gradients(const LowerContext& context, const OptimizerLayout& layout);
void check_rows(const char* who, const StepArguments& arguments, const SparseGradient& sparse);

// Calls update(parameter, from, gradient, count) for rows that are named by the indices, and idle(parameter,
// from, count) for stretches of those that are not.
template <class T, class Update, class IdleUpdate>
void update_rows(const StepArguments& arguments, const SparseGradient& sparse, const Update& update,
                 const IdleUpdate& idle) {
  auto* const first = static_cast<int32_t*>(arguments.scratch);
  int32_t* const next = first + sparse.rows;
  with_indices(sparse.index_type, arguments.src[sparse.input],
               [&](const auto* indices) { list_positions(indices, sparse.count, sparse.rows, first, next); });
  const T* updates = src<T>(arguments, sparse.input + 1);
  const int64_t columns = sparse.columns, grain = 1 + update_chunk / (columns + 1);
  parallel_for(0, sparse.rows, grain, [&](int64_t begin, int64_t end) {
    alignas(64) T gradient[update_part];
    for (int64_t row = begin; row < end;) {
      int64_t last = row;
      while (last < end && first[last] < 0) last++;
      if (last > row) idle(sparse.parameter, row * columns, (last - row) * columns);
      for (row = last; row < end && first[row] >= 0; row++)
        for (int64_t from = 0; from < columns; from += update_part) {
          const int64_t count = std::min(update_part, columns - from);
          sum_updates(first[row], next, updates, columns, from, count, gradient);
          update(sparse.parameter, row * columns + from, gradient, count);
        }
    }
  });
}

}  // namespace pronghorn
