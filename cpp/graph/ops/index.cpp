// Taking, adding and ordering elements by index. An index out of range is an error when the program runs,
// before anything is written.
#include "graph/ops/families.h"
#include "graph/ops/indices.h"
#include "graph/ops/support.h"

namespace pronghorn {
namespace {

using Axes = std::vector<int64_t>;

void require_indices(const InferContext& context, int i) {
  const DType dtype = context.inputs[i].dtype;
  if (!is_index(dtype))
    fail(ErrorKind::Type, context.op.name, ": indices must be int32 or int64, not ", name_of(dtype));
}

// Calls f(T{}) for the numeric types.
template <class F>
void with_numbers(DType dtype, const F& f) {
  visit_dtype(dtype, [&](auto zero) {
    if constexpr (!std::is_same_v<decltype(zero), bool>) f(zero);
  });
}

IndexProblem problem_of(const Shape& whole, int axis, int64_t count) {
  return {whole.count(0, axis), whole[axis], whole.count(axis + 1, whole.rank()), count};
}

int axis_of(const Attributes& attributes, const Shape& whole, const char* who) {
  return normalize_axis(attributes.get<int64_t>("axis", 0), whole.rank(), who);
}

// `whole` with the indices' axes in place of `axis`.
Shape taken(const Shape& whole, int axis, const Shape& indices) {
  Shape shape(whole.begin(), axis);
  for (int64_t size : indices) shape.push_back(size);
  for (int i = axis + 1; i < whole.rank(); i++) shape.push_back(whole[i]);
  return shape;
}

// --- take and scatter_add: each other's derivative
// --------------------------------------------------------------

std::vector<TensorType> infer_take(const InferContext& context) {
  require_indices(context, 1);
  const TensorType& x = context.inputs[0];
  const int axis = axis_of(context.attributes, x.shape, context.op.name);
  return {{taken(x.shape, axis, context.inputs[1].shape), x.dtype}};
}

void vjp_take(VjpContext& context) {
  const Shape x = context.input_shape(0);
  context.set(0, context.graph.emit(
                     "scatter_add", {context.input(1), context.diff()},
                     {{"axis", int64_t{axis_of(context.attributes(), x, "take")}}, {"shape", x.vector()}}));
}

Step lower_take(const LowerContext& context) {
  const Shape& x = context.src(0);
  const auto problem = problem_of(x, axis_of(context.attributes, x, "take"), context.src(1).count());
  const DType index_type = context.inputs[1].dtype;
  const auto element = static_cast<int64_t>(size_of(context.inputs[0].dtype));
  Step step;
  step.implementation = "take";
  step.run = [=](const StepArguments& a) {
    with_indices(index_type, a.src[1], [&](const auto* indices) {
      check_range("take", indices, problem.count, problem.size);
      run_take(problem, a.src[0], indices, a.dst[0], element);
    });
  };
  return step;
}

// Inputs: indices, updates.
std::vector<TensorType> infer_scatter_add(const InferContext& context) {
  require_indices(context, 0);
  const Shape shape(context.attributes.get<Axes>("shape"));
  const TensorType& updates = context.inputs[1];
  const Shape expected =
      taken(shape, axis_of(context.attributes, shape, context.op.name), context.inputs[0].shape);
  require(updates.shape == expected, context.op.name, ": indices of shape ", context.inputs[0].shape,
          " into ", shape, " need updates of shape ", expected, ", not ", updates.shape);
  if (updates.dtype == DType::Bool) fail(ErrorKind::Type, context.op.name, ": cannot add bool");
  return {{shape, updates.dtype}};
}

void vjp_scatter_add(VjpContext& context) {
  if (!context.wants(1)) return;
  const Shape shape(context.attributes().get<Axes>("shape"));
  const int64_t axis = axis_of(context.attributes(), shape, "scatter_add");
  context.set(1, context.graph.emit("take", {context.diff(), context.input(0)}, {{"axis", axis}}));
}

Step lower_scatter_add(const LowerContext& context) {
  const Shape& shape = context.dst();
  const auto problem =
      problem_of(shape, axis_of(context.attributes, shape, "scatter_add"), context.src(0).count());
  const DType index_type = context.inputs[0].dtype, dtype = context.outputs[0].dtype;
  Step step;
  step.implementation = "scatter_add";
  step.run = [=](const StepArguments& a) {
    with_indices(index_type, a.src[0], [&](const auto* indices) {
      check_range("scatter_add", indices, problem.count, problem.size);
      with_numbers(dtype, [&](auto zero) {
        using T = decltype(zero);
        run_scatter_add(problem, indices, src<T>(a, 1), dst<T>(a));
      });
    });
  };
  return step;
}

// --- take_along and put_along: one index per element along the last axis
// ----------------------------------------

void require_same_rows(const InferContext& context, const Shape& a, const Shape& b) {
  require(a.rank() >= 1 && b.rank() >= 1 && without_last(a) == without_last(b), context.op.name, ": ", a,
          " and ", b, " must agree in all axes but the last");
}

// Inputs: x, indices.
std::vector<TensorType> infer_take_along(const InferContext& context) {
  require_indices(context, 1);
  require_same_rows(context, context.inputs[0].shape, context.inputs[1].shape);
  return {{context.inputs[1].shape, context.inputs[0].dtype}};
}

void vjp_take_along(VjpContext& context) {
  context.set(0, context.graph.emit("put_along", {context.input(1), context.diff()},
                                    {{"size", context.input_shape(0).back()}}));
}

Step lower_take_along(const LowerContext& context) {
  const Rows rows = rows_in(context.src(0));
  const int64_t count = context.src(1).back();
  const DType index_type = context.inputs[1].dtype;
  const auto element = static_cast<int64_t>(size_of(context.inputs[0].dtype));
  Step step;
  step.implementation = "take";
  step.run = [=](const StepArguments& a) {
    with_indices(index_type, a.src[1], [&](const auto* indices) {
      check_range("take_along_axis", indices, rows.count * count, rows.columns);
      run_take_along(rows.count, rows.columns, count, a.src[0], indices, a.dst[0], element);
    });
  };
  return step;
}

// Inputs: indices, updates.
std::vector<TensorType> infer_put_along(const InferContext& context) {
  require_indices(context, 0);
  TensorType dst = context.inputs[1];
  require(dst.shape == context.inputs[0].shape && dst.shape.rank() >= 1, context.op.name, ": indices are ",
          context.inputs[0].shape, ", but updates ", dst.shape);
  if (dst.dtype == DType::Bool) fail(ErrorKind::Type, context.op.name, ": cannot add bool");
  dst.shape[dst.shape.rank() - 1] = context.attributes.get<int64_t>("size");
  return {dst};
}

void vjp_put_along(VjpContext& context) {
  if (context.wants(1)) context.set(1, context.graph.emit("take_along", {context.diff(), context.input(0)}));
}

Step lower_put_along(const LowerContext& context) {
  const Rows rows = rows_in(context.dst());
  const int64_t count = context.src(0).back();
  const DType index_type = context.inputs[0].dtype, dtype = context.outputs[0].dtype;
  Step step;
  step.implementation = "scatter_add";
  step.run = [=](const StepArguments& a) {
    with_indices(index_type, a.src[0], [&](const auto* indices) {
      check_range("put_along", indices, rows.count * count, rows.columns);
      with_numbers(dtype, [&](auto zero) {
        using T = decltype(zero);
        run_put_along(rows.count, rows.columns, count, indices, src<T>(a, 1), dst<T>(a));
      });
    });
  };
  return step;
}

// --- one_hot
// ----------------------------------------------------------------------------------------------------

std::vector<TensorType> infer_one_hot(const InferContext& context) {
  require_indices(context, 0);
  const auto depth = context.attributes.get<int64_t>("depth");
  require(depth >= 0, context.op.name, ": depth must not be negative, not ", depth);
  Shape shape = context.inputs[0].shape;
  shape.push_back(depth);
  return {{shape, context.attributes.dtype()}};
}

Step lower_one_hot(const LowerContext& context) {
  const int64_t count = context.src().count(), depth = context.dst().back();
  const DType index_type = context.inputs[0].dtype;
  // A bool is a byte that is 0 or 1.
  const DType dtype = context.outputs[0].dtype == DType::Bool ? DType::UInt8 : context.outputs[0].dtype;
  Step step;
  step.implementation = "one_hot";
  step.run = [=](const StepArguments& a) {
    with_indices(index_type, a.src[0], [&](const auto* indices) {
      with_numbers(dtype, [&](auto zero) { run_one_hot(count, depth, indices, dst<decltype(zero)>(a)); });
    });
  };
  return step;
}

// --- order
// ------------------------------------------------------------------------------------------------------

void require_ordered(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  if (x.dtype == DType::Bool || x.dtype == DType::UInt8)
    fail(ErrorKind::Type, context.op.name, ": needs int32, int64 or floating point values, not ",
         name_of(x.dtype));
  require(x.shape.rank() >= 1, context.op.name, ": needs at least one axis, not a scalar");
  require(x.shape.back() <= INT32_MAX, context.op.name, ": the last axis is too long");
}

template <class F>
void with_ordered(DType dtype, const F& f) {
  switch (dtype) {
    case DType::Float32:
      return f(float{});
    case DType::Float64:
      return f(double{});
    case DType::Int32:
      return f(int32_t{});
    default:
      return f(int64_t{});
  }
}

// Outputs: values, indices.
std::vector<TensorType> infer_top_k(const InferContext& context) {
  require_ordered(context);
  TensorType values = context.inputs[0];
  const auto k = context.attributes.get<int64_t>("k");
  require(k >= 0 && k <= values.shape.back(), context.op.name, ": k is ", k, ", but the last axis of ",
          values.shape, " has ", values.shape.back(), " elements");
  values.shape[values.shape.rank() - 1] = k;
  return {values, {values.shape, DType::Int32}};
}

void vjp_top_k(VjpContext& context) {
  if (context.diff(0).valid())
    context.set(0, context.graph.emit("put_along", {context.output(1), context.diff(0)},
                                      {{"size", context.input_shape(0).back()}}));
}

Step lower_top_k(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  const int64_t k = context.dst().back();
  const DType dtype = context.inputs[0].dtype;
  Step step;
  step.implementation = "top_k:heap";
  step.run = [=](const StepArguments& a) {
    with_ordered(dtype, [&](auto zero) {
      using T = decltype(zero);
      run_top_k(rows.count, rows.columns, k, src<T>(a), dst<T>(a, 0), dst<int32_t>(a, 1));
    });
  };
  return step;
}

std::vector<TensorType> infer_argsort(const InferContext& context) {
  require_ordered(context);
  return {{context.inputs[0].shape, DType::Int32}};
}

Step lower_argsort(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  const bool descending = context.attributes.get<bool>("descending", false);
  const DType dtype = context.inputs[0].dtype;
  Step step;
  step.implementation = "sort";
  step.run = [=](const StepArguments& a) {
    with_ordered(dtype, [&](auto zero) {
      using T = decltype(zero);
      run_argsort(rows.count, rows.columns, descending, src<T>(a), dst<int32_t>(a));
    });
  };
  return step;
}

// Inputs: predictions, targets.
std::vector<TensorType> infer_in_top_k(const InferContext& context) {
  require_ordered(context);
  require_indices(context, 1);
  const Shape rows = without_last(context.inputs[0].shape);
  require(context.inputs[1].shape == rows, context.op.name, ": predictions of shape ",
          context.inputs[0].shape, " need targets of shape ", rows, ", not ", context.inputs[1].shape);
  return {{rows, DType::Bool}};
}

Step lower_in_top_k(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  const auto k = context.attributes.get<int64_t>("k");
  const DType dtype = context.inputs[0].dtype, target_type = context.inputs[1].dtype;
  Step step;
  step.implementation = "top_k:count";
  step.run = [=](const StepArguments& a) {
    with_ordered(dtype, [&](auto zero) {
      with_indices(target_type, a.src[1], [&](const auto* targets) {
        run_in_top_k(rows.count, rows.columns, k, src<decltype(zero)>(a), targets, dst<bool>(a));
      });
    });
  };
  return step;
}

}  // namespace

std::vector<OpDef> index_ops() {
  return {
      {"take", infer_take, vjp_take, lower_take},
      {"scatter_add", infer_scatter_add, vjp_scatter_add, lower_scatter_add},
      {"take_along", infer_take_along, vjp_take_along, lower_take_along},
      {"put_along", infer_put_along, vjp_put_along, lower_put_along},
      {"one_hot", infer_one_hot, nullptr, lower_one_hot},
      {"top_k", infer_top_k, vjp_top_k, lower_top_k},
      {"argsort", infer_argsort, nullptr, lower_argsort},
      {"in_top_k", infer_in_top_k, nullptr, lower_in_top_k},
  };
}

}  // namespace pronghorn
