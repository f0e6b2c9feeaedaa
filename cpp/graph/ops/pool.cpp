// Max and average pooling over the spatial axes of channels-last tensors.
#include "kernels/pool/pool.h"

#include "graph/ops/families.h"
#include "graph/ops/support.h"

namespace pronghorn {
namespace {

using Axes = std::vector<int64_t>;

// --- shape rules
// ------------------------------------------------------------------------------------------------

PoolAxis pool_axis(const char* who, int axis, int64_t src, const Axes& kernel, const Axes& strides,
                   const Axes& before, const Axes& after) {
  const int64_t k = kernel[axis], stride = strides[axis];
  require(k >= 1 && stride >= 1, who, ": window and stride must be at least 1, but along spatial axis ", axis,
          " they are ", k, " and ", stride);
  require(before[axis] >= 0 && after[axis] >= 0 && before[axis] < k && after[axis] < k, who,
          ": padding must be less than the window of ", k, " along spatial axis ", axis, ", not (",
          before[axis], ", ", after[axis], ")");
  const int64_t extent = before[axis] + src + after[axis] - k;
  require(src >= 1 && extent >= 0, who, ": spatial axis ", axis, " has ", src,
          " elements, fewer than the window of ", k);
  return {src, extent / stride + 1, k, stride, before[axis]};
}

PoolProblem problem_of(const char* who, const Shape& src, const Attributes& attributes) {
  const auto kernel = attributes.get<Axes>("kernel"), strides = attributes.get<Axes>("strides"),
             before = attributes.get<Axes>("pads_before"), after = attributes.get<Axes>("pads_after");
  const int spatial = src.rank() - 2;
  require(spatial >= 1 && spatial <= 3, who,
          ": needs a batch axis, one to three spatial axes and channels, not shape ", src);
  for (const Axes* list : {&kernel, &strides, &before, &after})
    require(static_cast<int>(list->size()) == spatial, who, ": kernel, strides and pads need ", spatial,
            " numbers each for an input of shape ", src);
  PoolProblem problem;
  problem.batch = src[0];
  problem.channels = src.back();
  // A sequence lies along h, because that is the axis that work is cut along.
  PoolAxis* const order[][3] = {{&problem.h}, {&problem.h, &problem.w}, {&problem.d, &problem.h, &problem.w}};
  for (int axis = 0; axis < spatial; axis++)
    *order[spatial - 1][axis] = pool_axis(who, axis, src[axis + 1], kernel, strides, before, after);
  return problem;
}

Shape pooled(const Shape& src, const PoolProblem& problem) {
  Shape dst = src;
  const PoolAxis* const order[][3] = {
      {&problem.h}, {&problem.h, &problem.w}, {&problem.d, &problem.h, &problem.w}};
  for (int axis = 0; axis < src.rank() - 2; axis++) dst[axis + 1] = order[src.rank() - 3][axis]->dst;
  return dst;
}

std::vector<TensorType> infer_pool(const InferContext& context) {
  require_float(context);
  const Shape& src = context.inputs[0].shape;
  return {{pooled(src, problem_of(context.op.name, src, context.attributes)), context.inputs[0].dtype}};
}

// With has_places a second output: which element of its window each maximum is.
std::vector<TensorType> infer_max_pool(const InferContext& context) {
  std::vector<TensorType> outputs = infer_pool(context);
  if (context.attributes.get<bool>("has_places", false)) outputs.push_back({outputs[0].shape, DType::UInt8});
  return outputs;
}

// Inputs: places, diff_dst.
std::vector<TensorType> infer_max_pool_scatter(const InferContext& context) {
  require_float(context, 1);
  const Shape src(context.attributes.get<Axes>("shape"));
  const TensorType& diff_dst = context.inputs[1];
  require(pooled(src, problem_of(context.op.name, src, context.attributes)) == diff_dst.shape &&
              context.inputs[0] == TensorType{diff_dst.shape, DType::UInt8},
          context.op.name, ": the places ", context.inputs[0], " and the gradient ", diff_dst,
          " do not fit an input of shape ", src);
  return {{src, diff_dst.dtype}};
}

// Inputs: src, dst, diff_dst.
std::vector<TensorType> infer_max_pool_grad(const InferContext& context) {
  require(infer_pool(context)[0] == context.inputs[1] && context.inputs[1] == context.inputs[2],
          context.op.name, ": the gradient ", context.inputs[2], " does not fit the output ",
          context.inputs[1]);
  return {context.inputs[0]};
}

// Inputs: src, dst, values like src.
std::vector<TensorType> infer_max_pool_gather(const InferContext& context) {
  require(context.inputs[0] == context.inputs[2], context.op.name, ": values must be ", context.inputs[0],
          ", not ", context.inputs[2]);
  return {context.inputs[1]};
}

std::vector<TensorType> infer_average_pool_grad(const InferContext& context) {
  const Shape src(context.attributes.get<Axes>("shape"));
  const TensorType& diff_dst = context.inputs[0];
  require(pooled(src, problem_of(context.op.name, src, context.attributes)) == diff_dst.shape,
          context.op.name, ": the gradient ", diff_dst.shape, " does not fit an input of shape ", src);
  return {{src, diff_dst.dtype}};
}

// --- derivatives
// ------------------------------------------------------------------------------------------------

void vjp_max_pool(VjpContext& context) {
  context.set(0, context.graph.emit("max_pool_grad", {context.input(0), context.output(), context.diff()},
                                    context.attributes()));
}

// Linear in the gradient; which elements are the maxima changes nowhere but where two are equal.
void vjp_max_pool_grad(VjpContext& context) {
  if (context.wants(2))
    context.set(2, context.graph.emit("max_pool_gather", {context.input(0), context.input(1), context.diff()},
                                      context.attributes()));
}

void vjp_max_pool_gather(VjpContext& context) {
  if (context.wants(2))
    context.set(2, context.graph.emit("max_pool_grad", {context.input(0), context.input(1), context.diff()},
                                      context.attributes()));
}

void vjp_average_pool(VjpContext& context) {
  Attributes attributes = context.attributes();
  attributes.set("shape", context.input_shape(0).vector());
  context.set(0, context.graph.emit("average_pool_grad", {context.diff()}, attributes));
}

void vjp_average_pool_grad(VjpContext& context) {
  const Attributes given = context.attributes();
  Attributes attributes;
  for (const char* name : {"kernel", "strides", "pads_before", "pads_after"})
    attributes.set(name, given.get<Axes>(name));
  context.set(0, context.graph.emit("average_pool", {context.diff()}, attributes));
}

// --- steps
// ------------------------------------------------------------------------------------------------------

// A step that calls run(functions, problem, arguments) with the functions for the right type.
template <class F>
Step pool_step(const LowerContext& context, const Shape& shape, F run) {
  const PoolProblem problem = problem_of(context.op.name, shape, context.attributes);
  return float_step(context.inputs.back().dtype, "pool", [&](auto zero) {
    const auto* table = &pool_functions<decltype(zero)>();
    return [=](const StepArguments& arguments) { run(zero, *table, problem, arguments); };
  });
}

Step lower_max_pool(const LowerContext& context) {
  if (context.outputs.size() > 1)
    return pool_step(context, context.src(),
                     [](auto t, const auto& table, const auto& problem, const auto& a) {
                       using T = decltype(t);
                       run_max_pool_places<T>(table, problem, src<T>(a), dst<T>(a), dst<uint8_t>(a, 1));
                     });
  return pool_step(context, context.src(), [](auto t, const auto& table, const auto& problem, const auto& a) {
    using T = decltype(t);
    run_max_pool<T>(table, problem, src<T>(a), dst<T>(a));
  });
}

Step lower_average_pool(const LowerContext& context) {
  return pool_step(context, context.src(), [](auto t, const auto& table, const auto& problem, const auto& a) {
    using T = decltype(t);
    run_average_pool<T>(table, problem, src<T>(a), dst<T>(a));
  });
}

Step lower_max_pool_grad(const LowerContext& context) {
  return pool_step(context, context.src(), [](auto t, const auto& table, const auto& problem, const auto& a) {
    using T = decltype(t);
    run_max_pool_grad<T>(table, problem, src<T>(a, 0), src<T>(a, 1), src<T>(a, 2), dst<T>(a));
  });
}

Step lower_max_pool_gather(const LowerContext& context) {
  return pool_step(context, context.src(), [](auto t, const auto& table, const auto& problem, const auto& a) {
    using T = decltype(t);
    run_max_gather<T>(table, problem, src<T>(a, 0), src<T>(a, 1), src<T>(a, 2), dst<T>(a));
  });
}

Step lower_max_pool_scatter(const LowerContext& context) {
  return pool_step(context, context.dst(), [](auto t, const auto& table, const auto& problem, const auto& a) {
    using T = decltype(t);
    run_max_pool_scatter<T>(table, problem, src<uint8_t>(a, 0), src<T>(a, 1), dst<T>(a));
  });
}

Step lower_average_pool_grad(const LowerContext& context) {
  return pool_step(context, context.dst(), [](auto t, const auto& table, const auto& problem, const auto& a) {
    using T = decltype(t);
    run_average_pool_grad<T>(table, problem, src<T>(a), dst<T>(a));
  });
}

}  // namespace

std::vector<OpDef> pool_ops() {
  return {
      {"max_pool", infer_max_pool, vjp_max_pool, lower_max_pool},
      {"max_pool_grad", infer_max_pool_grad, vjp_max_pool_grad, lower_max_pool_grad},
      {"max_pool_scatter", infer_max_pool_scatter, nullptr, lower_max_pool_scatter},
      {"max_pool_gather", infer_max_pool_gather, vjp_max_pool_gather, lower_max_pool_gather},
      {"average_pool", infer_pool, vjp_average_pool, lower_average_pool},
      {"average_pool_grad", infer_average_pool_grad, vjp_average_pool_grad, lower_average_pool_grad},
  };
}

}  // namespace pronghorn
