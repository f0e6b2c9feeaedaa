#include "graph/ops/optimizer_gradients.h"

#include "kernels/optimizer/lag.h"

namespace pronghorn {
namespace {
// Of a gradient that is computed on the way: they stay in a cache of the thread that computes and uses them.
constexpr int64_t block_elements = 64 * 1024;
}  // namespace

OptimizerLayout::OptimizerLayout(const Attributes& attributes)
    : n(static_cast<int>(attributes.get<int64_t>("n"))),
      first_param(static_cast<int>(attributes.get<int64_t>("inplace_from"))),
      deferred(attributes.get<std::vector<int64_t>>("deferred", {})),
      gradients(static_cast<size_t>(n), Gradient{0, Whole}) {
  scalars = first_param - n;
  for (const auto& [name, kind] : {std::pair{"factored", Factored}, std::pair{"sparse", Sparse}})
    for (int64_t i : attributes.get<std::vector<int64_t>>(name, {})) {
      gradients[i].kind = kind;
      scalars--;
    }
  for (size_t at = 0; at < deferred.size(); at++) gradients[deferred[at]].deferred = static_cast<int>(at);
  int input = scalars;
  for (Gradient& gradient : gradients) {
    gradient.input = input;
    input += gradient.kind == Whole ? 1 : 2;
  }
}

void check_gradient(const InferContext& context, const OptimizerLayout& layout, int i) {
  const auto [input, kind, deferred] = layout.gradients[i];
  const TensorType &param = context.inputs[layout.first_param + i], &type = context.inputs[input];
  if (kind == OptimizerLayout::Whole) {
    require(type == param, context.op.name, ": parameter ", i, " is ", param, ", but its gradient is ", type);
    return;
  }
  const TensorType& other = context.inputs[input + 1];
  if (kind == OptimizerLayout::Sparse) {
    const Shape& rows = param.shape;
    require(rows.rank() >= 1 && is_index(type.dtype) && other.dtype == param.dtype &&
                other.shape.count() == type.shape.count() * rows.count(1, rows.rank()),
            context.op.name, ": parameter ", i, " is ", param, ", but the indices of its gradient are ", type,
            " and the updates ", other);
    return;
  }
  require(param.shape.rank() == 2 && type.dtype == param.dtype && other.dtype == param.dtype &&
              type.shape == Shape({other.shape[0], param.shape[0]}) && other.shape.back() == param.shape[1],
          context.op.name, ": parameter ", i, " is ", param, ", but the factors of its gradient are ", type,
          " and ", other);
}

TensorType check_record(const InferContext& context, const OptimizerLayout& layout, int slots, int at,
                        int k) {
  const int64_t parameter = layout.deferred[at];
  const Shape& table = context.inputs[layout.first_param + parameter].shape;
  const TensorType &record = context.inputs[layout.first_param + layout.record(slots, at, k)],
                   wanted = {{Lag<double>::size(table[0])}, DType::Float64};
  require(layout.gradients[parameter].kind == OptimizerLayout::Sparse && record == wanted, context.op.name,
          ": the record of a slot of parameter ", parameter, ", which must be sparse, should be ", wanted,
          ", not ", record);
  return record;
}

// The last block may be smaller.
GemmProblem FactoredGradient::problem_at(int64_t row) const {
  GemmProblem own = problem;
  own.m = std::min(block, rows - row);
  return own;
}

size_t FactoredGradient::gradient_bytes(size_t element) const {
  return Buffer::aligned(static_cast<size_t>(problem.m * problem.n) * element);
}

double FactoredGradient::flops() const {
  return 2.0 * static_cast<double>(rows * problem.n) * static_cast<double>(problem.k);
}

std::vector<FactoredGradient> factored_gradients(const LowerContext& context, const OptimizerLayout& layout) {
  std::vector<FactoredGradient> found;
  for (int i = 0; i < layout.n; i++) {
    const auto [input, kind, deferred] = layout.gradients[i];
    if (kind != OptimizerLayout::Factored) continue;
    const int64_t rows = context.dst(i)[0], columns = context.dst(i)[1];
    const int64_t block =
        std::clamp<int64_t>(block_elements / columns / 8 * 8, 8, std::max<int64_t>(rows, 64));
    GemmProblem problem = dense_gemm(std::min(block, rows), columns, context.src(input)[0], true);
    problem.lda = rows;
    found.push_back({i, input, rows, block, problem, std::min(thread_count(), 64)});
  }
  return found;
}

std::vector<SparseGradient> sparse_gradients(const LowerContext& context, const OptimizerLayout& layout) {
  std::vector<SparseGradient> found;
  for (int i = 0; i < layout.n; i++) {
    const auto [input, kind, deferred] = layout.gradients[i];
    if (kind != OptimizerLayout::Sparse) continue;
    const Shape& shape = context.dst(i);
    const auto distinct = context.attributes.get<std::vector<int64_t>>("distinct", {});
    found.push_back({i, input, shape[0], shape.count(1, shape.rank()), context.src(input).count(),
                     context.inputs[input].dtype, std::count(distinct.begin(), distinct.end(), i) > 0});
  }
  return found;
}

void check_rows(const char* who, const StepArguments& arguments, const SparseGradient& sparse) {
  if (sparse.distinct) return;
  with_indices(sparse.index_type, arguments.src[sparse.input],
               [&](const auto* indices) { check_range(who, indices, sparse.count, sparse.rows); });
}

}  // namespace pronghorn
