// Products with the rows that an embedding takes from its table, each distinct row multiplied once: with
// distinct rows u and s(i) the place of index i among them, y_i = (u w + b)_{s(i)}. Likewise backward: with
// g_j the sum of dy_i over all i of place j, dw = uᵀ g and du = g wᵀ. Made by the pass fuse.
#include <algorithm>

#include "base/buffer.h"
#include "graph/ops/families.h"
#include "graph/ops/indices.h"
#include "graph/ops/support.h"
#include "kernels/gemm/gemm.h"

namespace pronghorn {
namespace {

TensorType int32_type(const Shape& shape) {
  return {shape, DType::Int32};
}

// Inputs table, indices; outputs the distinct rows, the place of each index among them, the index of each row
// (-1 behind the last), and how many there are. All have room for as many rows as there are indices.
std::vector<TensorType> infer_rows(const InferContext& context) {
  require_float(context);
  const Shape& table = context.inputs[0].shape;
  require(table.rank() == 2, context.op.name, ": needs a table of rows, not ", table);
  const int64_t count = context.inputs[1].count();
  return {
      {{count, table[1]}, context.inputs[0].dtype}, int32_type({count}), int32_type({count}), int32_type({})};
}

template <class I>
void take_distinct(const StepArguments& a, const I* indices, const IndexProblem& p, int64_t element) {
  check_range("take", indices, p.count, p.size);
  auto *places = dst<int32_t>(a, 1), *rows = dst<int32_t>(a, 2);
  IndexProblem distinct = p;
  distinct.count = list_distinct(indices, p.count, p.size, static_cast<int32_t*>(a.scratch), places, rows);
  std::fill(rows + distinct.count, rows + p.count, -1);
  *dst<int32_t>(a, 3) = static_cast<int32_t>(distinct.count);
  run_take(distinct, a.src[0], static_cast<const int32_t*>(rows), a.dst[0], element);
}

Step lower_rows(const LowerContext& context) {
  const Shape& table = context.src(0);
  const IndexProblem problem = {1, table[0], table[1], context.src(1).count()};
  const auto element = static_cast<int64_t>(size_of(context.inputs[0].dtype));
  const DType index_type = context.inputs[1].dtype;
  Step step;
  step.implementation = "distinct";
  step.scratch = static_cast<size_t>(table[0]) * sizeof(int32_t);
  step.run = [=](const StepArguments& a) {
    with_indices(index_type, a.src[1],
                 [&](const auto* indices) { take_distinct(a, indices, problem, element); });
  };
  return step;
}

// The scratch of a product whose size `set(problem, count)` depends on how many rows there are.
template <class T, class Set>
size_t most_scratch(GemmProblem problem, int64_t most, const Set& set) {
  size_t bytes = 0;
  for (int64_t count = 1; count <= most; count++) {
    set(problem, count);
    bytes = std::max(bytes, gemm_scratch(gemm_table(), problem, T{}));
  }
  return bytes;
}

// --- distinct_matmul: inputs rows, weights, bias if has_bias, places, count. Operations are stated as if all
// rows were distinct: how many are is only known when it runs.

std::vector<TensorType> infer_matmul(const InferContext& context) {
  const Shape &rows = context.inputs[0].shape, &weights = context.inputs[1].shape;
  require(rows.rank() == 2 && weights.rank() == 2 && rows[1] == weights[0], context.op.name, ": ", rows,
          " and ", weights, " do not match");
  return {{{rows[0], weights[1]}, context.inputs[0].dtype}};
}

template <class T>
Step lower_matmul(const LowerContext& context) {
  const int64_t most = context.src(0)[0], depth = context.src(0)[1], columns = context.src(1)[1];
  const bool has_bias = context.attributes.get<bool>("has_bias", false);
  GemmProblem problem = dense_gemm(most, columns, depth);
  problem.has_bias = has_bias;
  const size_t products = Buffer::aligned(static_cast<size_t>(most * columns) * sizeof(T));
  Step step;
  step.implementation = "gemm:distinct";
  step.flops = 2.0 * static_cast<double>(most * columns) * static_cast<double>(depth);
  step.scratch = products + most_scratch<T>(problem, most, [](GemmProblem& p, int64_t n) { p.m = n; });
  step.run = [=](const StepArguments& a) {
    const auto *places = src<int32_t>(a, 2 + has_bias), *count = src<int32_t>(a, 3 + has_bias);
    GemmProblem own = problem;
    own.m = *count;
    T* const product = static_cast<T*>(a.scratch);
    gemm(gemm_table(), own,
         GemmOperands<T>{src<T>(a, 0), src<T>(a, 1), product, has_bias ? src<T>(a, 2) : nullptr},
         static_cast<char*>(a.scratch) + products);
    run_take({1, own.m, columns, most}, product, places, a.dst[0], static_cast<int64_t>(sizeof(T)));
  };
  return step;
}

// --- distinct_matmul_grad: inputs rows, weights, the product's gradient, places, count; outputs the gradient
// by the weights and that by the rows

std::vector<TensorType> infer_grad(const InferContext& context) {
  const TensorType &rows = context.inputs[0], &weights = context.inputs[1];
  require(context.inputs[2].shape == Shape({rows.shape[0], weights.shape[1]}), context.op.name,
          ": the gradient of ", rows.shape, " times ", weights.shape, " cannot be ", context.inputs[2]);
  return {weights, rows};
}

template <class T>
Step lower_grad(const LowerContext& context) {
  const int64_t most = context.src(0)[0], depth = context.src(0)[1], columns = context.src(1)[1];
  const GemmProblem by_weights = dense_gemm(depth, columns, most, true),
                    by_rows = dense_gemm(most, depth, columns, false, true);
  const size_t lists = Buffer::aligned(2 * static_cast<size_t>(most) * sizeof(int32_t)),
               sums = Buffer::aligned(static_cast<size_t>(most * columns) * sizeof(T));
  Step step;
  step.implementation = "gemm:distinct";
  step.flops = 4.0 * static_cast<double>(most * columns) * static_cast<double>(depth);
  step.scratch = lists + sums +
                 std::max(most_scratch<T>(by_weights, most, [](GemmProblem& p, int64_t n) { p.k = n; }),
                          most_scratch<T>(by_rows, most, [](GemmProblem& p, int64_t n) { p.m = n; }));
  step.run = [=](const StepArguments& a) {
    const auto *places = src<int32_t>(a, 3), *count = src<int32_t>(a, 4);
    auto* const first = static_cast<int32_t*>(a.scratch);
    int32_t* const next = first + most;
    T* const sum = reinterpret_cast<T*>(static_cast<char*>(a.scratch) + lists);
    void* const scratch = static_cast<char*>(a.scratch) + lists + sums;
    list_positions(places, most, *count, first, next);
    const T* diff = src<T>(a, 2);
    parallel_for(0, *count, 1 + 16 * 1024 / columns, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++)
        sum_updates(first[row], next, diff, columns, 0, columns, sum + row * columns);
    });
    GemmProblem problem = by_weights;
    problem.k = *count;
    gemm(gemm_table(), problem, GemmOperands<T>{src<T>(a, 0), sum, dst<T>(a, 0)}, scratch);
    problem = by_rows;
    problem.m = *count;
    gemm(gemm_table(), problem, GemmOperands<T>{sum, src<T>(a, 1), dst<T>(a, 1)}, scratch);
  };
  return step;
}

Step lower_matmul_any(const LowerContext& context) {
  return context.inputs[0].dtype == DType::Float32 ? lower_matmul<float>(context)
                                                   : lower_matmul<double>(context);
}
Step lower_grad_any(const LowerContext& context) {
  return context.inputs[0].dtype == DType::Float32 ? lower_grad<float>(context) : lower_grad<double>(context);
}

}  // namespace

std::vector<OpDef> distinct_ops() {
  return {
      {"distinct_matmul", infer_matmul, nullptr, lower_matmul_any},
      {"distinct_matmul_grad", infer_grad, nullptr, lower_grad_any},
      {"distinct_rows", infer_rows, nullptr, lower_rows},
  };
}

}  // namespace pronghorn
