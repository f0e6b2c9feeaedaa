// Ops that move elements and compute nothing. Their derivatives are each other's inverses; where an op
// repeats elements, the derivative adds the repeats up.
#include "kernels/layout/layout.h"

#include <algorithm>

#include "graph/build.h"
#include "graph/ops/families.h"

namespace pronghorn {
namespace {

using Axes = std::vector<int64_t>;

Shape shape_attribute(const Attributes& attributes) {
  return Shape(attributes.get<Axes>("shape"));
}

// `per_axis` holds one number for every axis of `shape`.
Axes per_axis(const InferContext& context, const char* name) {
  Axes values = context.attributes.get<Axes>(name);
  const Shape& shape = context.inputs[0].shape;
  require(static_cast<int>(values.size()) == shape.rank(), context.op.name, ": ", name, " has ",
          values.size(), " numbers, but the input ", shape, " has ", shape.rank(), " axes");
  return values;
}

Step copy_step(const CopyPlan& plan, const char* implementation) {
  Step step;
  step.implementation = implementation;
  step.run = [plan](const StepArguments& arguments) { run_copy(plan, arguments.src[0], arguments.dst[0]); };
  return step;
}

int64_t element_of(const LowerContext& context) {
  return static_cast<int64_t>(size_of(context.inputs[0].dtype));
}

// --- reshape, stop_gradient --------------------------------------------------------------------------------

std::vector<TensorType> infer_reshape(const InferContext& context) {
  const TensorType& src = context.inputs[0];
  const Shape shape = shape_attribute(context.attributes);
  require(shape.count() == src.count(), context.op.name, ": cannot turn ", src.shape, " with ", src.count(),
          " elements into ", shape, " with ", shape.count());
  return {{shape, src.dtype}};
}

void vjp_reshape(VjpContext& context) {
  context.set(0, reshape(context.graph, context.diff(), context.input_shape(0)));
}

std::vector<TensorType> infer_same(const InferContext& context) {
  return {context.inputs[0]};
}

// --- broadcast_to ------------------------------------------------------------------------------------------

std::vector<TensorType> infer_broadcast_to(const InferContext& context) {
  const Shape shape = shape_attribute(context.attributes), src = context.inputs[0].shape;
  require(src.rank() <= shape.rank() && broadcast(src, shape, context.op.name) == shape, context.op.name,
          ": cannot broadcast ", src, " to ", shape);
  return {{shape, context.inputs[0].dtype}};
}

void vjp_broadcast_to(VjpContext& context) {
  context.set(0, sum_to(context.graph, context.diff(), context.input_shape(0)));
}

Step lower_broadcast_to(const LowerContext& context) {
  const Shape &src = context.src(), &dst = context.dst();
  const Shape own = strides_of(src);
  Shape strides = dst;
  const int offset = dst.rank() - src.rank();
  for (int axis = 0; axis < dst.rank(); axis++)
    strides[axis] = axis < offset || src[axis - offset] == 1 ? 0 : own[axis - offset];
  return copy_step(plan_copy(dst, strides, 0, strides_of(dst), 0, element_of(context)), "copy:broadcast");
}

// --- transpose ---------------------------------------------------------------------------------------------

std::vector<TensorType> infer_transpose(const InferContext& context) {
  const Axes axes = per_axis(context, "axes");
  const Shape& src = context.inputs[0].shape;
  Shape dst = src;
  bool seen[Shape::max_rank] = {};
  for (int i = 0; i < src.rank(); i++) {
    require(axes[i] >= 0 && axes[i] < src.rank() && !seen[axes[i]], context.op.name, ": axes ", Shape(axes),
            " are not an ordering of the axes of ", src);
    seen[axes[i]] = true;
    dst[i] = src[static_cast<int>(axes[i])];
  }
  return {{dst, context.inputs[0].dtype}};
}

void vjp_transpose(VjpContext& context) {
  const auto axes = context.attributes().get<Axes>("axes");
  Axes inverse(axes.size());
  for (size_t i = 0; i < axes.size(); i++) inverse[axes[i]] = static_cast<int64_t>(i);
  context.set(0, transpose(context.graph, context.diff(), inverse));
}

Step lower_transpose(const LowerContext& context) {
  const auto axes = context.attributes.get<Axes>("axes");
  const Shape own = strides_of(context.src());
  Shape strides = own;
  for (int i = 0; i < own.rank(); i++) strides[i] = own[static_cast<int>(axes[i])];
  const CopyPlan plan =
      plan_copy(context.dst(), strides, 0, strides_of(context.dst()), 0, element_of(context));
  return copy_step(plan, plan.transposed_axis >= 0 ? "copy:transpose" : "copy:strided");
}

// --- slice and its transpose -------------------------------------------------------------------------------

struct Window {
  Axes begin, size, stride;
};

Window window_of(const Attributes& attributes, int rank) {
  return {attributes.get<Axes>("begin"), attributes.get<Axes>("size"),
          attributes.get<Axes>("stride", Axes(rank, 1))};
}

void check_window(const InferContext& context, const Window& window, const Shape& shape) {
  const auto rank = static_cast<size_t>(shape.rank());
  require(window.begin.size() == rank && window.size.size() == rank && window.stride.size() == rank,
          context.op.name, ": begin, size and stride need a number for each axis of ", shape);
  for (int axis = 0; axis < shape.rank(); axis++) {
    const int64_t begin = window.begin[axis], size = window.size[axis], stride = window.stride[axis];
    require(
        begin >= 0 && size >= 0 && stride >= 1 && (size == 0 || begin + (size - 1) * stride < shape[axis]),
        context.op.name, ": axis ", axis, " of ", shape, " does not hold ", size, " elements from ", begin,
        " on with stride ", stride);
  }
}

std::vector<TensorType> infer_slice(const InferContext& context) {
  const TensorType& src = context.inputs[0];
  const Window window = window_of(context.attributes, src.shape.rank());
  check_window(context, window, src.shape);
  return {{Shape(window.size), src.dtype}};
}

void vjp_slice(VjpContext& context) {
  const Shape src = context.input_shape(0);
  const Window window = window_of(context.attributes(), src.rank());
  if (std::any_of(window.stride.begin(), window.stride.end(), [](int64_t stride) { return stride != 1; })) {
    context.set(
        0, context.graph.emit("slice_grad", {context.diff()},
                              {{"begin", window.begin}, {"stride", window.stride}, {"shape", src.vector()}}));
    return;
  }
  Axes after(src.rank());
  for (int axis = 0; axis < src.rank(); axis++)
    after[axis] = src[axis] - window.begin[axis] - window.size[axis];
  context.set(0, context.graph.emit("pad", {context.diff()}, {{"before", window.begin}, {"after", after}}));
}

CopyPlan plan_window(const Shape& whole, const Window& window, bool into, int64_t element) {
  const Shape own = strides_of(whole), part = Shape(window.size);
  Shape strides = own;
  int64_t offset = 0;
  for (int axis = 0; axis < own.rank(); axis++) {
    offset += window.begin[axis] * own[axis];
    strides[axis] = own[axis] * window.stride[axis];
  }
  return into ? plan_copy(part, strides_of(part), 0, strides, offset, element)
              : plan_copy(part, strides, offset, strides_of(part), 0, element);
}

Step lower_slice(const LowerContext& context) {
  const Window window = window_of(context.attributes, context.src().rank());
  return copy_step(plan_window(context.src(), window, false, element_of(context)), "copy:slice");
}

Window window_of_grad(const Shape& diff_dst, const Attributes& attributes) {
  return {attributes.get<Axes>("begin"), diff_dst.vector(), attributes.get<Axes>("stride")};
}

std::vector<TensorType> infer_slice_grad(const InferContext& context) {
  const Shape shape = shape_attribute(context.attributes);
  check_window(context, window_of_grad(context.inputs[0].shape, context.attributes), shape);
  return {{shape, context.inputs[0].dtype}};
}

void vjp_slice_grad(VjpContext& context) {
  const Window window = window_of_grad(context.input_shape(0), context.attributes());
  context.set(
      0, context.graph.emit("slice", {context.diff()},
                            {{"begin", window.begin}, {"size", window.size}, {"stride", window.stride}}));
}

Step lower_slice_grad(const LowerContext& context) {
  const Window window = window_of_grad(context.src(), context.attributes);
  const CopyPlan plan = plan_window(context.dst(), window, true, element_of(context));
  const size_t bytes = context.outputs[0].bytes();
  Step step;
  step.implementation = "copy:scatter";
  step.run = [plan, bytes](const StepArguments& arguments) {
    __builtin_memset(arguments.dst[0], 0, bytes);
    run_copy(plan, arguments.src[0], arguments.dst[0]);
  };
  return step;
}

// --- concatenate -------------------------------------------------------------------------------------------

std::vector<TensorType> infer_concatenate(const InferContext& context) {
  require(!context.inputs.empty(), context.op.name, ": needs at least one input");
  const TensorType& first = context.inputs[0];
  const int axis =
      normalize_axis(context.attributes.get<int64_t>("axis"), first.shape.rank(), context.op.name);
  Shape dst = first.shape;
  for (size_t i = 1; i < context.inputs.size(); i++) {
    const TensorType& src = context.inputs[i];
    require(src.dtype == first.dtype, context.op.name, ": input 0 is ", name_of(first.dtype), ", but input ",
            i, " is ", name_of(src.dtype));
    bool fits = src.shape.rank() == dst.rank();
    for (int other = 0; fits && other < dst.rank(); other++)
      fits = other == axis || src.shape[other] == dst[other];
    require(fits, context.op.name, ": input ", i, " of shape ", src.shape, " does not match ", first.shape,
            " outside axis ", axis);
    dst[axis] += src.shape[axis];
  }
  return {{dst, first.dtype}};
}

void vjp_concatenate(VjpContext& context) {
  const Shape dst = context.graph.shape(context.output());
  const int axis = normalize_axis(context.attributes().get<int64_t>("axis"), dst.rank(), "concatenate");
  Axes begin(dst.rank(), 0);
  for (int i = 0; i < context.input_count(); i++) {
    const Shape src = context.input_shape(i);
    if (context.wants(i))
      context.set(
          i, context.graph.emit("slice", {context.diff()},
                                {{"begin", begin}, {"size", src.vector()}, {"stride", Axes(dst.rank(), 1)}}));
    begin[axis] += src[axis];
  }
}

Step lower_concatenate(const LowerContext& context) {
  const Shape& dst = context.dst();
  const int axis = normalize_axis(context.attributes.get<int64_t>("axis"), dst.rank(), "concatenate");
  Window window{Axes(dst.rank(), 0), {}, Axes(dst.rank(), 1)};
  std::vector<CopyPlan> plans;
  for (const TensorType& input : context.inputs) {
    window.size = input.shape.vector();
    plans.push_back(plan_window(dst, window, true, element_of(context)));
    window.begin[axis] += input.shape[axis];
  }
  Step step;
  step.implementation = "copy:concatenate";
  step.run = [plans](const StepArguments& arguments) {
    for (size_t i = 0; i < plans.size(); i++) run_copy(plans[i], arguments.src[i], arguments.dst[0]);
  };
  return step;
}

// --- flip, repeat, tile ------------------------------------------------------------------------------------

std::vector<TensorType> infer_flip(const InferContext& context) {
  for (int64_t axis : context.attributes.get<Axes>("axes"))
    normalize_axis(axis, context.inputs[0].shape.rank(), context.op.name);
  return {context.inputs[0]};
}

void vjp_flip(VjpContext& context) {
  context.set(0, context.graph.emit("flip", {context.diff()}, context.attributes()));
}

Step lower_flip(const LowerContext& context) {
  const Shape& shape = context.src();
  Shape strides = strides_of(shape);
  int64_t offset = 0;
  for (int64_t named : context.attributes.get<Axes>("axes")) {
    const int axis = normalize_axis(named, shape.rank(), "flip");
    offset += (shape[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  const CopyPlan plan = plan_copy(shape, strides, offset, strides_of(shape), 0, element_of(context));
  return copy_step(plan, "copy:flip");
}

std::vector<TensorType> infer_repeat(const InferContext& context) {
  TensorType dst = context.inputs[0];
  const int axis = normalize_axis(context.attributes.get<int64_t>("axis"), dst.shape.rank(), context.op.name);
  const auto repeats = context.attributes.get<int64_t>("repeats");
  require(repeats >= 0, context.op.name, ": repeats must not be negative, not ", repeats);
  dst.shape[axis] *= repeats;
  return {dst};
}

// Three axes are enough: what stands before the repeats, the repeats, the elements behind.
Shape around_repeats(const Shape& src, const Attributes& attributes) {
  const int axis = normalize_axis(attributes.get<int64_t>("axis"), src.rank(), "repeat");
  return {src.count(0, axis + 1), attributes.get<int64_t>("repeats"), src.count(axis + 1, src.rank())};
}

void vjp_repeat(VjpContext& context) {
  const Shape src = context.input_shape(0);
  Value apart = reshape(context.graph, context.diff(), around_repeats(src, context.attributes()));
  context.set(0, reshape(context.graph, reduce_sum(context.graph, apart, {1}, false), src));
}

Step lower_repeat(const LowerContext& context) {
  const Shape sizes = around_repeats(context.src(), context.attributes);
  const Shape from = {sizes[2], 0, 1};
  return copy_step(plan_copy(sizes, from, 0, strides_of(sizes), 0, element_of(context)), "copy:repeat");
}

std::vector<TensorType> infer_tile(const InferContext& context) {
  const Axes repeats = per_axis(context, "repeats");
  TensorType dst = context.inputs[0];
  for (int axis = 0; axis < dst.shape.rank(); axis++) {
    require(repeats[axis] >= 0, context.op.name, ": repeats must not be negative, not ", repeats[axis]);
    dst.shape[axis] *= repeats[axis];
  }
  return {dst};
}

// One axis after the other, last first, so that ranks up to the greatest one are handled.
void vjp_tile(VjpContext& context) {
  const Shape src = context.input_shape(0);
  const auto repeats = context.attributes().get<Axes>("repeats");
  Value diff = context.diff();
  for (int axis = src.rank() - 1; axis >= 0; axis--) {
    if (repeats[axis] == 1) continue;
    const Shape now = context.graph.shape(diff);
    const int64_t outer = now.count(0, axis), inner = now.count(axis + 1, now.rank());
    Value apart = reshape(context.graph, diff, {outer, repeats[axis], src[axis], inner});
    Shape smaller = now;
    smaller[axis] = src[axis];
    diff = reshape(context.graph, reduce_sum(context.graph, apart, {1}, false), smaller);
  }
  context.set(0, diff);
}

Step lower_tile(const LowerContext& context) {
  const auto repeats = context.attributes.get<Axes>("repeats");
  const Shape &src = context.src(), own = strides_of(src), full = strides_of(context.dst());
  Axes sizes, from, to;
  for (int axis = 0; axis < src.rank(); axis++) {
    sizes.insert(sizes.end(), {repeats[axis], src[axis]});
    from.insert(from.end(), {0, own[axis]});
    to.insert(to.end(), {src[axis] * full[axis], full[axis]});
  }
  return copy_step(plan_copy(sizes, from, 0, to, 0, element_of(context)), "copy:tile");
}

// --- pad ---------------------------------------------------------------------------------------------------

PadMode mode_of(const Attributes& attributes) {
  const auto mode = attributes.get<std::string>("mode", "constant");
  if (mode == "constant") return PadMode::Constant;
  if (mode == "reflect") return PadMode::Reflect;
  require(mode == "symmetric", "pad: mode must be \"constant\", \"reflect\" or \"symmetric\", not \"", mode,
          "\"");
  return PadMode::Symmetric;
}

std::vector<TensorType> infer_pad(const InferContext& context) {
  const Axes before = per_axis(context, "before"), after = per_axis(context, "after");
  const PadMode mode = mode_of(context.attributes);
  TensorType dst = context.inputs[0];
  for (int axis = 0; axis < dst.shape.rank(); axis++) {
    const int64_t size = dst.shape[axis], widest = std::max(before[axis], after[axis]);
    require(before[axis] >= 0 && after[axis] >= 0, context.op.name,
            ": widths must not be negative, but axis ", axis, " has (", before[axis], ", ", after[axis], ")");
    require(mode == PadMode::Constant || widest <= size - (mode == PadMode::Reflect ? 1 : 0), context.op.name,
            ": axis ", axis, " of ", context.inputs[0].shape, " is too short to be mirrored over ", widest,
            " elements");
    dst.shape[axis] += before[axis] + after[axis];
  }
  return {dst};
}

Value slice_axis(Graph& graph, Value value, int axis, int64_t begin, int64_t size) {
  Axes begins(graph.shape(value).rank(), 0), sizes = graph.shape(value).vector();
  begins[axis] = begin;
  sizes[axis] = size;
  return graph.emit("slice", {value},
                    {{"begin", begins}, {"size", sizes}, {"stride", Axes(begins.size(), 1)}});
}

// `value` reversed along `axis` and set at `begin` among zeros.
Value mirrored(Graph& graph, Value value, int axis, int64_t begin, int64_t size) {
  const int rank = graph.shape(value).rank();
  Axes before(rank, 0), after(rank, 0);
  before[axis] = begin;
  after[axis] = size - begin - graph.shape(value)[axis];
  Value flipped = graph.emit("flip", {value}, {{"axes", Axes{axis}}});
  return graph.emit("pad", {flipped}, {{"before", before}, {"after", after}});
}

void vjp_pad(VjpContext& context) {
  const Shape src = context.input_shape(0);
  const Attributes attributes = context.attributes();
  const auto before = attributes.get<Axes>("before"), after = attributes.get<Axes>("after");
  const PadMode mode = mode_of(attributes);
  Graph& graph = context.graph;
  if (mode == PadMode::Constant) {
    context.set(0, graph.emit("slice", {context.diff()},
                              {{"begin", before}, {"size", src.vector()}, {"stride", Axes(src.rank(), 1)}}));
    return;
  }
  // Mirroring is done axis by axis, and so is its transpose: what was copied out of the border comes back,
  // reversed.
  const int64_t gap = mode == PadMode::Reflect ? 1 : 0;
  Value diff = context.diff();
  for (int axis = 0; axis < src.rank(); axis++) {
    if (before[axis] == 0 && after[axis] == 0) continue;
    const int64_t size = src[axis];
    Value inner = slice_axis(graph, diff, axis, before[axis], size);
    if (before[axis] > 0)
      inner =
          add(graph, inner, mirrored(graph, slice_axis(graph, diff, axis, 0, before[axis]), axis, gap, size));
    if (after[axis] > 0)
      inner = add(graph, inner,
                  mirrored(graph, slice_axis(graph, diff, axis, before[axis] + size, after[axis]), axis,
                           size - gap - after[axis], size));
    diff = inner;
  }
  context.set(0, diff);
}

Step lower_pad(const LowerContext& context) {
  const auto value = context.attributes.get<double>("value", 0.0);
  uint8_t bytes[8] = {};
  visit_dtype(context.inputs[0].dtype, [&](auto zero) {
    const auto typed = static_cast<decltype(zero)>(value);
    __builtin_memcpy(bytes, &typed, sizeof(typed));
  });
  const PadPlan plan =
      plan_pad(context.src(), context.attributes.get<Axes>("before"), context.attributes.get<Axes>("after"),
               mode_of(context.attributes), bytes, element_of(context));
  Step step;
  step.implementation = "copy:pad";
  step.run = [plan](const StepArguments& arguments) { run_pad(plan, arguments.src[0], arguments.dst[0]); };
  return step;
}

}  // namespace

std::vector<OpDef> layout_ops() {
  return {
      {"reshape", infer_reshape, vjp_reshape, nullptr, view},
      {"stop_gradient", infer_same, nullptr, nullptr, view},
      {"broadcast_to", infer_broadcast_to, vjp_broadcast_to, lower_broadcast_to},
      {"transpose", infer_transpose, vjp_transpose, lower_transpose},
      {"slice", infer_slice, vjp_slice, lower_slice},
      {"slice_grad", infer_slice_grad, vjp_slice_grad, lower_slice_grad},
      {"concatenate", infer_concatenate, vjp_concatenate, lower_concatenate},
      {"flip", infer_flip, vjp_flip, lower_flip},
      {"repeat", infer_repeat, vjp_repeat, lower_repeat},
      {"tile", infer_tile, vjp_tile, lower_tile},
      {"pad", infer_pad, vjp_pad, lower_pad},
  };
}

}  // namespace pronghorn
