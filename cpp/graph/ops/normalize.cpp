// Batch normalisation over all axes but the last, by the batch's own mean and variance.
#include "kernels/normalize/normalize.h"

#include "graph/ops/families.h"
#include "graph/ops/support.h"

namespace pronghorn {
namespace {

using Values = std::vector<Value>;

TensorType per_channel(const TensorType& x) {
  return {{x.shape.back()}, x.dtype};
}

void require_channels(const InferContext& context, int first, int last) {
  const TensorType& x = context.inputs[0];
  for (int i = first; i <= last; i++)
    require(context.inputs[i] == per_channel(x), context.op.name, ": an input of ", x, " needs ",
            per_channel(x), " per channel, not ", context.inputs[i]);
}

// A relu behind y is taken in by the pass fuse, with the attribute activation = "relu".
NormActivation activation_of(const Attributes& attributes) {
  const auto activation = attributes.get<std::string>("activation", "linear");
  require(activation == "linear" || activation == "relu", "batch_norm: no activation \"", activation, "\"");
  return activation == "relu" ? NormActivation::Relu : NormActivation::Linear;
}

// Inputs x, gamma, beta, and what is added behind where the pass fuse found that; outputs y, mean, variance
// (biased).
std::vector<TensorType> infer_train(const InferContext& context) {
  require_float(context);
  const TensorType& x = context.inputs[0];
  require(x.shape.rank() >= 1, context.op.name, ": needs an axis of channels, not a scalar");
  require_channels(context, 1, 2);
  if (context.attributes.get<bool>("has_residual", false))
    require(context.inputs[3] == x, context.op.name, ": the residual ", context.inputs[3],
            " is not like the input ", x);
  return {x, per_channel(x), per_channel(x)};
}

// Inputs x, gamma, mean, variance, diff_y, and beta behind a relu; outputs diff_x, diff_gamma, diff_beta.
std::vector<TensorType> infer_grad(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  require_channels(context, 1, 3);
  if (activation_of(context.attributes) == NormActivation::Relu) require_channels(context, 5, 5);
  require(context.inputs[4] == x, context.op.name, ": the output is ", x, ", but its gradient is ",
          context.inputs[4]);
  return {x, per_channel(x), per_channel(x)};
}

std::vector<int64_t> all_but_last(const Shape& shape) {
  std::vector<int64_t> axes;
  for (int axis = 0; axis + 1 < shape.rank(); axis++) axes.push_back(axis);
  return axes;
}

int64_t rows_of(const Shape& shape) {
  return shape.count(0, shape.rank() - 1);
}

void accumulate(Graph& graph, Value& total, Value term) {
  total = total.valid() ? add(graph, total, term) : term;
}

void require_linear(const VjpContext& context) {
  if (activation_of(context.attributes()) != NormActivation::Linear)
    fail(ErrorKind::Internal, "batch_norm: fused graphs are not differentiated");
}

void vjp_train(VjpContext& context) {
  require_linear(context);
  Graph& graph = context.graph;
  const Value x = context.input(0), gamma = context.input(1), mean = context.output(1),
              variance = context.output(2);
  const Shape shape = graph.shape(x);
  const double share = 1.0 / static_cast<double>(std::max<int64_t>(1, rows_of(shape)));
  Value diff_x;
  if (context.diff(0).valid()) {
    const int32_t grad =
        graph.add("batch_norm_grad", {x, gamma, mean, variance, context.diff(0)}, context.attributes());
    diff_x = {grad, 0};
    if (context.wants(1)) context.set(1, {grad, 1});
    if (context.wants(2)) context.set(2, {grad, 2});
  }
  if (context.diff(1).valid())
    accumulate(graph, diff_x, broadcast_to(graph, mul(graph, context.diff(1), share), shape));
  if (context.diff(2).valid())
    accumulate(graph, diff_x, mul(graph, sub(graph, x, mean), mul(graph, context.diff(2), 2 * share)));
  if (context.wants(0) && diff_x.valid()) context.set(0, diff_x);
}

// The formulas above run_batch_norm_grad in plain ops.
void vjp_grad(VjpContext& context) {
  require_linear(context);
  const double epsilon = context.attributes().get<double>("epsilon");
  differentiate(context, {0, 1, 2, 3, 4}, [=](Graph& graph, const Values& in) -> Values {
    const Value x = in[0], gamma = in[1], mean = in[2], variance = in[3], diff = in[4];
    const Shape shape = graph.shape(x);
    const auto axes = all_but_last(shape);
    const double share = 1.0 / static_cast<double>(std::max<int64_t>(1, rows_of(shape)));
    const Value inverse = graph.emit("rsqrt", {add(graph, variance, epsilon)});
    const Value normal = mul(graph, sub(graph, x, mean), inverse);
    const Value sum = reduce_sum(graph, diff, axes, false);
    const Value dot = reduce_sum(graph, mul(graph, diff, normal), axes, false);
    const Value inner =
        sub(graph, sub(graph, diff, mul(graph, sum, share)), mul(graph, normal, mul(graph, dot, share)));
    return {mul(graph, inner, mul(graph, gamma, inverse)), dot, sum};
  });
}

BatchNormProblem problem_of(const LowerContext& context) {
  const Shape& x = context.src(0);
  return {rows_of(x), x.back(), context.attributes.get<double>("epsilon"), activation_of(context.attributes)};
}

const char* name_of(const BatchNormProblem& problem) {
  return problem.activation == NormActivation::Relu ? "batch_norm:relu" : "batch_norm";
}

Step lower_train(const LowerContext& context) {
  const BatchNormProblem problem = problem_of(context);
  const bool residual = context.attributes.get<bool>("has_residual", false);
  Step step = float_step(context.inputs[0].dtype, name_of(problem), [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &normalize_functions<T>();
    return [=](const StepArguments& a) {
      run_batch_norm<T>(*table, problem, src<T>(a, 0), src<T>(a, 1), src<T>(a, 2),
                        residual ? src<T>(a, 3) : nullptr, dst<T>(a, 0), dst<T>(a, 1), dst<T>(a, 2),
                        static_cast<T*>(a.scratch));
    };
  });
  step.scratch = batch_norm_scratch(problem, size_of(context.inputs[0].dtype));
  return step;
}

Step lower_grad(const LowerContext& context) {
  const BatchNormProblem problem = problem_of(context);
  const bool relu = problem.activation == NormActivation::Relu;
  Step step = float_step(context.inputs[0].dtype, name_of(problem), [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &normalize_functions<T>();
    return [=](const StepArguments& a) {
      run_batch_norm_grad<T>(*table, problem, src<T>(a, 0), src<T>(a, 1), relu ? src<T>(a, 5) : nullptr,
                             src<T>(a, 2), src<T>(a, 3), src<T>(a, 4), dst<T>(a, 0), dst<T>(a, 1),
                             dst<T>(a, 2), static_cast<T*>(a.scratch));
    };
  });
  step.scratch = batch_norm_scratch(problem, size_of(context.inputs[0].dtype));
  return step;
}

}  // namespace

std::vector<OpDef> normalize_ops() {
  return {
      {"batch_norm_train", infer_train, vjp_train, lower_train, inplace_first},
      {"batch_norm_grad", infer_grad, vjp_grad, lower_grad, inplace_first},
  };
}

}  // namespace pronghorn
