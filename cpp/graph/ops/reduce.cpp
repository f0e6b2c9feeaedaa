// Reductions over axes, positions of extremes, running totals.
#include "kernels/reduce/reduce.h"

#include <algorithm>

#include "graph/build.h"
#include "graph/ops/families.h"
#include "graph/ops/support.h"

namespace pronghorn {
namespace {

using Axes = std::vector<int64_t>;

// Per axis whether it is reduced. Attributes: axes, keepdims.
std::vector<bool> reduced_axes(const Attributes& attributes, const Shape& shape, const char* who) {
  std::vector<bool> reduces(shape.rank(), false);
  for (int64_t axis : attributes.get<Axes>("axes")) {
    const int at = normalize_axis(axis, shape.rank(), who);
    require(!reduces[at], who, ": axis ", at, " is given twice");
    reduces[at] = true;
  }
  return reduces;
}

Shape reduced_shape(const Shape& shape, const std::vector<bool>& reduces, bool keepdims) {
  Shape result;
  for (int axis = 0; axis < shape.rank(); axis++) {
    if (!reduces[axis])
      result.push_back(shape[axis]);
    else if (keepdims)
      result.push_back(1);
  }
  return result;
}

int64_t reduced_count(const Shape& shape, const std::vector<bool>& reduces) {
  int64_t count = 1;
  for (int axis = 0; axis < shape.rank(); axis++)
    if (reduces[axis]) count *= shape[axis];
  return count;
}

ReduceOp operation(const OpDef& op) {
  const std::string_view name = op.name;
  if (name == "max" || name == "any") return ReduceOp::Max;
  if (name == "min" || name == "all") return ReduceOp::Min;
  return name == "prod" ? ReduceOp::Prod : ReduceOp::Sum;
}

std::vector<TensorType> infer_reduce(const InferContext& context) {
  const TensorType& src = context.inputs[0];
  const std::string_view name = context.op.name;
  const bool logical = name == "any" || name == "all";
  if (logical != (src.dtype == DType::Bool) || !reduce_supports(operation(context.op), src.dtype) ||
      (name == "mean" && !is_float(src.dtype)))
    fail(ErrorKind::Type, context.op.name, ": not defined for ", name_of(src.dtype), " tensors");
  const auto reduces = reduced_axes(context.attributes, src.shape, context.op.name);
  return {{reduced_shape(src.shape, reduces, context.attributes.get<bool>("keepdims", false)), src.dtype}};
}

Step lower_reduce(const LowerContext& context) {
  const auto reduces = reduced_axes(context.attributes, context.src(), context.op.name);
  ReducePlan plan = plan_reduce(operation(context.op), context.inputs[0].dtype, context.src(), reduces);
  if (std::string_view(context.op.name) == "mean")
    plan.divisor = static_cast<double>(reduced_count(context.src(), reduces));
  Step step;
  step.implementation = plan.stages[0].inner == 1 ? "reduce:rows" : "reduce:columns";
  step.scratch = plan.scratch;
  step.flops = static_cast<double>(context.src().count());
  step.run = [plan](const StepArguments& arguments) {
    run_reduce(plan, arguments.src[0], arguments.dst[0], arguments.scratch);
  };
  return step;
}

// --- derivatives

// A value of the reduction's result, with the reduced axes back as ones.
Value kept(VjpContext& context, Value value) {
  const Shape shape = context.input_shape(0);
  return reshape(context.graph, value,
                 reduced_shape(shape, reduced_axes(context.attributes(), shape, "reduce"), true));
}

void vjp_sum(VjpContext& context) {
  context.set(0, broadcast_to(context.graph, kept(context, context.diff()), context.input_shape(0)));
}

void vjp_mean(VjpContext& context) {
  const Shape shape = context.input_shape(0);
  const auto count = reduced_count(shape, reduced_axes(context.attributes(), shape, "mean"));
  const Value scaled = mul(context.graph, context.diff(), 1.0 / static_cast<double>(count));
  context.set(0, broadcast_to(context.graph, kept(context, scaled), shape));
}

// Shared evenly by all elements that are the extreme one, as in TensorFlow.
void vjp_extreme(VjpContext& context) {
  Graph& graph = context.graph;
  const Value x = context.input(0), hit = graph.emit("equal", {x, kept(context, context.output())});
  const Value ones = cast(graph, hit, graph.dtype(x));
  const Value count = reduce_sum(graph, ones, context.attributes().get<Axes>("axes"), true);
  context.set(0, mul(graph, ones, div(graph, kept(context, context.diff()), count)));
}

// d prod / d x_i is the product of all others: of those before times of those after, which holds for zeros
// too. The reduced axes are brought to the end and made one.
void vjp_prod(VjpContext& context) {
  Graph& graph = context.graph;
  const Value x = context.input(0);
  const Shape shape = graph.shape(x);
  const auto reduces = reduced_axes(context.attributes(), shape, "prod");
  Axes order, inverse(shape.rank());
  for (bool wanted : {false, true})
    for (int axis = 0; axis < shape.rank(); axis++)
      if (reduces[axis] == wanted) order.push_back(axis);
  Shape moved = shape;
  for (int i = 0; i < shape.rank(); i++) {
    inverse[order[i]] = i;
    moved[i] = shape[static_cast<int>(order[i])];
  }
  const int64_t count = reduced_count(shape, reduces);
  const Value rows =
      reshape(graph, transpose(graph, x, order), {shape.count() / std::max<int64_t>(count, 1), count});
  auto others = [&](bool reverse) {
    return graph.emit("cumprod", {rows}, {{"axis", int64_t{1}}, {"reverse", reverse}, {"exclusive", true}});
  };
  const Value product = reshape(graph, mul(graph, others(false), others(true)), moved);
  context.set(0, mul(graph, transpose(graph, product, inverse), kept(context, context.diff())));
}

// --- along one axis

struct Sweep {
  int axis;
  int64_t outer, size, inner;
};

Sweep sweep_of(const Attributes& attributes, const Shape& shape, const char* who) {
  const int axis = normalize_axis(attributes.get<int64_t>("axis"), shape.rank(), who);
  return {axis, shape.count(0, axis), shape[axis], shape.count(axis + 1, shape.rank())};
}

std::vector<TensorType> infer_arg(const InferContext& context) {
  const Shape& src = context.inputs[0].shape;
  const Sweep sweep = sweep_of(context.attributes, src, context.op.name);
  require(sweep.size > 0, context.op.name, ": axis ", sweep.axis, " of ", src, " is empty");
  std::vector<bool> reduces(src.rank(), false);
  reduces[sweep.axis] = true;
  return {{reduced_shape(src, reduces, false), DType::Int64}};
}

Step lower_arg(const LowerContext& context) {
  const Sweep sweep = sweep_of(context.attributes, context.src(), context.op.name);
  const bool largest = std::string_view(context.op.name) == "argmax";
  Step step;
  step.implementation = "sweep";
  step.run = [=, dtype = context.inputs[0].dtype](const StepArguments& arguments) {
    run_arg_reduce(largest, dtype, sweep.outer, sweep.size, sweep.inner, arguments.src[0],
                   dst<int64_t>(arguments));
  };
  return step;
}

std::vector<TensorType> infer_cumulate(const InferContext& context) {
  const TensorType& src = context.inputs[0];
  sweep_of(context.attributes, src.shape, context.op.name);
  if (src.dtype == DType::Bool || src.dtype == DType::UInt8)
    fail(ErrorKind::Type, context.op.name, ": not defined for ", name_of(src.dtype), " tensors");
  return {src};
}

Step lower_cumulate(const LowerContext& context) {
  const Sweep sweep = sweep_of(context.attributes, context.src(), context.op.name);
  const bool product = std::string_view(context.op.name) == "cumprod";
  const bool reverse = context.attributes.get<bool>("reverse", false);
  const bool exclusive = context.attributes.get<bool>("exclusive", false);
  Step step;
  step.implementation = "sweep";
  step.run = [=, dtype = context.inputs[0].dtype](const StepArguments& arguments) {
    run_cumulate(product, reverse, exclusive, dtype, sweep.outer, sweep.size, sweep.inner, arguments.src[0],
                 arguments.dst[0]);
  };
  return step;
}

Value turned_cumsum(VjpContext& context, Value value) {
  Attributes attributes = context.attributes();
  attributes.set("reverse", !attributes.get<bool>("reverse", false));
  return context.graph.emit("cumsum", {value}, attributes);
}

void vjp_cumsum(VjpContext& context) {
  context.set(0, turned_cumsum(context, context.diff()));
}

// y_j = x_i (product of the others) for each j behind i, so dL/dx_i = sum over those j of d_j y_j, by x_i;
// taken as 0 where x_i is 0, as in TensorFlow.
void vjp_cumprod(VjpContext& context) {
  Graph& graph = context.graph;
  const Value weighted = turned_cumsum(context, mul(graph, context.diff(), context.output()));
  const Value x = context.input(0), none = scalar(graph, 0, graph.dtype(x));
  const Value at_zero = graph.emit("equal", {x, none});
  context.set(0, graph.emit("where", {at_zero, none, div(graph, weighted, x)}));
}

}  // namespace

std::vector<OpDef> reduce_ops() {
  return {
      {"sum", infer_reduce, vjp_sum, lower_reduce},
      {"mean", infer_reduce, vjp_mean, lower_reduce},
      {"max", infer_reduce, vjp_extreme, lower_reduce},
      {"min", infer_reduce, vjp_extreme, lower_reduce},
      {"prod", infer_reduce, vjp_prod, lower_reduce},
      {"any", infer_reduce, nullptr, lower_reduce},
      {"all", infer_reduce, nullptr, lower_reduce},
      {"argmax", infer_arg, nullptr, lower_arg},
      {"argmin", infer_arg, nullptr, lower_arg},
      {"cumsum", infer_cumulate, vjp_cumsum, lower_cumulate},
      {"cumprod", infer_cumulate, vjp_cumprod, lower_cumulate},
  };
}

}  // namespace pronghorn
