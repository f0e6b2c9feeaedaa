// Convolutions, channels last, over one to three spatial axes. A convolution and its two gradients are closed
// under differentiation: each is linear in both operands, and the derivative of any of them is one of the
// other two.
#include "kernels/conv/choose.h"

#include <algorithm>

#include "base/parallel.h"
#include "graph/build.h"
#include "graph/ops/conv.h"
#include "graph/ops/families.h"
#include "graph/ops/support.h"
#include "kernels/conv/depthwise.h"
#include "kernels/conv/few_channels.h"

namespace pronghorn {
namespace {

using Sizes = std::vector<int64_t>;

// --- shapes --------------------------------------------------------------------------------------------

struct Axes {
  Sizes strides, dilations, before, after;
};

Axes axes_of(const std::string& op, const Attributes& attributes, int count) {
  Axes axes = {attributes.get<Sizes>("strides"), attributes.get<Sizes>("dilations"),
               attributes.get<Sizes>("pads_before"), attributes.get<Sizes>("pads_after")};
  for (const Sizes* values : {&axes.strides, &axes.dilations, &axes.before, &axes.after})
    require(static_cast<int>(values->size()) == count, op, ": needs ", count,
            " strides, dilations and paddings, one for each spatial axis, but was given ", values->size());
  for (int i = 0; i < count; i++)
    require(axes.strides[i] >= 1 && axes.dilations[i] >= 1 && axes.before[i] >= 0 && axes.after[i] >= 0, op,
            ": strides and dilations must be at least 1, paddings at least 0");
  return axes;
}

// The problem of convolving `src` with `weights`. Forward and backward all speak of the same one.
ConvProblem problem_of(const std::string& op, const Shape& src, const Shape& weights,
                       const Attributes& attributes, bool depthwise) {
  const int count = src.rank() - 2;
  require(count >= 1 && count <= 3, op, ": the input ", src,
          " must have a batch axis, one to three spatial axes and channels");
  require(weights.rank() == src.rank(), op, ": the kernel ", weights, " must have as many axes as the input ",
          src);
  require(src.back() == weights[count] && src.back() > 0, op, ": the input ", src, " has ", src.back(),
          " channels, but the kernel ", weights, " was made for ", weights[count]);
  const Axes axes = axes_of(op, attributes, count);
  ConvProblem p;
  p.batch = src[0], p.ic = src.back(), p.oc = depthwise ? p.ic * weights.back() : weights.back();
  for (int i = 0; i < count; i++) {
    const int axis = 3 - count + i;
    p.src[axis] = src[1 + i], p.kernel[axis] = weights[i];
    p.stride[axis] = axes.strides[i], p.dilation[axis] = axes.dilations[i], p.pad[axis] = axes.before[i];
    const int64_t extent = (p.kernel[axis] - 1) * p.dilation[axis] + 1,
                  room = src[1 + i] + axes.before[i] + axes.after[i] - extent;
    require(room >= 0 && p.kernel[axis] >= 1, op, ": a kernel of size ", p.kernel[axis], " with dilation ",
            p.dilation[axis], " does not fit spatial axis ", i, " of the input ", src, ", padded by ",
            axes.before[i], " and ", axes.after[i]);
    p.dst[axis] = room / p.stride[axis] + 1;
  }
  return p;
}

Shape spatial(const Shape& from, const int64_t (&size)[3], int64_t channels) {
  Shape shape{from[0]};
  for (int axis = 3 - (from.rank() - 2); axis < 3; axis++) shape.push_back(size[axis]);
  shape.push_back(channels);
  return shape;
}

// The shapes of src and weights, from the inputs of each direction and the sizes that its attributes add.
using Direction = ConvDirection;

Shape with_spatial(const Shape& shape, const Sizes& sizes, const std::string& op) {
  require(static_cast<int>(sizes.size()) == shape.rank() - 2, op, ": needs ", shape.rank() - 2,
          " spatial sizes, not ", sizes.size());
  Shape result = shape;
  for (size_t i = 0; i < sizes.size(); i++) result[static_cast<int>(i) + 1] = sizes[i];
  return result;
}

// Sets the windows of which a result's maxima stand for it, and makes its shape theirs.
void set_pool(ConvProblem& p, const Sizes& windows, Shape& result) {
  for (size_t i = 0; i < windows.size(); i++) {
    p.pool[3 - windows.size() + i] = windows[i];
    result[static_cast<int>(i) + 1] /= windows[i];
  }
}

template <Direction direction, bool depthwise>
ConvProblem problem_of(const std::string& op, const std::vector<TensorType>& inputs,
                       const Attributes& attributes) {
  const Shape &a = inputs[0].shape, &b = inputs[1].shape;
  const Sizes windows = attributes.get<Sizes>("pool", Sizes());
  if constexpr (direction == Direction::Forward) {
    ConvProblem p = problem_of(op, a, b, attributes, depthwise);
    Shape result = a;
    set_pool(p, windows, result);
    return p;
  }
  require(a.rank() == b.rank() && a.rank() >= 3, op, ": the operands ", a, " and ", b,
          " must have three to five axes, and equally many");
  Shape src, weights;
  if constexpr (direction == Direction::BackwardData) {
    weights = a;
    src = with_spatial(b, attributes.get<Sizes>("src_size"), op);
    src[src.rank() - 1] = weights[weights.rank() - 2];
  } else {
    src = a;
    const Sizes kernel = attributes.get<Sizes>("kernel_size");
    for (int64_t size : kernel) weights.push_back(size);
    weights.push_back(a.back());
    weights.push_back(depthwise ? b.back() / std::max<int64_t>(a.back(), 1) : b.back());
  }
  ConvProblem p = problem_of(op, src, weights, attributes, depthwise);
  Shape expected = spatial(src, p.dst, p.oc);
  set_pool(p, windows, expected);
  require(b == expected, op, ": the result's gradient has shape ", b, ", but the convolution's result has ",
          expected);
  return p;
}

template <Direction direction, bool depthwise>
std::vector<TensorType> infer(const InferContext& context) {
  require_float(context);
  const auto& inputs = context.inputs;
  if (inputs[0].dtype != inputs[1].dtype)
    fail(ErrorKind::Type, context.op.name, ": the operands are ", inputs[0], " and ", inputs[1],
         "; they must be of one type");
  const ConvProblem p = problem_of<direction, depthwise>(context.op.name, inputs, context.attributes);
  if constexpr (direction == Direction::BackwardData) {
    const Shape result = spatial(inputs[1].shape, p.src, p.ic);
    if (context.attributes.get<bool>("has_mask", false))
      require(inputs[2].shape == result, context.op.name, ": the mask ", inputs[2].shape,
              " does not have the result's shape ", result);
    return {{result, inputs[0].dtype}};
  }
  if constexpr (direction == Direction::BackwardWeights) {
    Shape shape;
    for (int64_t size : context.attributes.get<Sizes>("kernel_size")) shape.push_back(size);
    shape.push_back(p.ic);
    shape.push_back(depthwise ? p.oc / p.ic : p.oc);
    if (context.attributes.get<bool>("has_diff_bias", false))
      return {{shape, inputs[0].dtype}, {Shape{p.oc}, inputs[0].dtype}};
    return {{shape, inputs[0].dtype}};
  }
  Shape result = spatial(inputs[0].shape, p.dst, p.oc);
  const bool bias = context.attributes.get<bool>("has_bias", false);
  if (bias)
    require(inputs[2].count() == p.oc, context.op.name, ": the bias ", inputs[2].shape,
            " does not fit the result ", result);
  if (context.attributes.get<bool>("has_residual", false))
    require(inputs[2 + bias].shape == result, context.op.name, ": the residual ", inputs[2 + bias].shape,
            " does not have the result's shape ", result);
  for (int axis = 1; axis < result.rank() - 1; axis++) result[axis] /= p.pool[4 - result.rank() + axis];
  if (context.attributes.get<bool>("has_places", false))
    return {{result, inputs[0].dtype}, {result, DType::UInt8}};
  return {{result, inputs[0].dtype}};
}

// --- derivatives ---------------------------------------------------------------------------------------

template <bool depthwise>
struct Linear {
  Graph& graph;
  const Attributes& attributes;

  static std::string name(const char* rest) {
    return std::string(depthwise ? "depthwise_conv" : "conv") + rest;
  }

  Attributes geometry() const {
    return {{"strides", attributes.get<Sizes>("strides")},
            {"dilations", attributes.get<Sizes>("dilations")},
            {"pads_before", attributes.get<Sizes>("pads_before")},
            {"pads_after", attributes.get<Sizes>("pads_after")}};
  }
  static Sizes sizes(const Shape& shape, int from) {
    return Sizes(shape.begin() + from, shape.begin() + from + shape.rank() - 2);
  }

  Value forward(Value src, Value weights) const { return graph.emit(name(""), {src, weights}, geometry()); }
  Value backward_data(Value weights, Value diff_dst, const Shape& src) const {
    Attributes all = geometry();
    all.set("src_size", sizes(src, 1));
    return graph.emit(name("_backward_data"), {weights, diff_dst}, all);
  }
  Value backward_weights(Value src, Value diff_dst, const Shape& weights) const {
    Attributes all = geometry();
    all.set("kernel_size", sizes(weights, 0));
    return graph.emit(name("_backward_weights"), {src, diff_dst}, all);
  }
};

// With <·,·> the sum of products, <conv(x, w), g> = <x, backward_data(w, g)> = <w, backward_weights(x, g)>:
// the form is linear in x, w and g, so the derivative of each of the three maps is made of the other two.
template <Direction direction, bool depthwise>
void vjp(VjpContext& context) {
  const Attributes attributes = context.attributes();
  const Linear<depthwise> linear = {context.graph, attributes};
  const Value a = context.input(0), b = context.input(1), diff = context.diff();
  const Shape a_shape = context.input_shape(0), b_shape = context.input_shape(1);
  if constexpr (direction == Direction::Forward) {
    if (context.wants(0)) context.set(0, linear.backward_data(b, diff, a_shape));
    if (context.wants(1)) context.set(1, linear.backward_weights(a, diff, b_shape));
  } else if constexpr (direction == Direction::BackwardData) {
    if (context.wants(0)) context.set(0, linear.backward_weights(diff, b, a_shape));
    if (context.wants(1)) context.set(1, linear.forward(diff, a));
  } else {
    if (context.wants(0)) context.set(0, linear.backward_data(diff, b, a_shape));
    if (context.wants(1)) context.set(1, linear.forward(a, diff));
  }
}

// --- steps ---------------------------------------------------------------------------------------------

Activation activation_of(const LowerContext& context) {
  const std::string name = context.attributes.get<std::string>("activation", "linear");
  for (const auto& [known, activation] : {std::pair{"linear", Activation::Linear},
                                          {"relu", Activation::Relu},
                                          {"sigmoid", Activation::Sigmoid},
                                          {"tanh", Activation::Tanh}})
    if (name == known) return activation;
  fail(ErrorKind::Internal, context.op.name, ": no activation \"", name, "\"");
}

bool is_pointwise(const ConvProblem& p) {
  for (int axis = 0; axis < 3; axis++)
    if (p.kernel[axis] != 1 || p.stride[axis] != 1 || p.pad[axis] != 0 || p.src[axis] != p.dst[axis])
      return false;
  return true;
}

// A 1×1 convolution is a product of matrices: pixels × ic by ic × oc.
template <Direction direction>
GemmProblem pointwise_gemm(const ConvProblem& p) {
  const int64_t pixels = p.batch * p.dst_pixels();
  GemmProblem g = direction == Direction::Forward        ? dense_gemm(pixels, p.oc, p.ic)
                  : direction == Direction::BackwardData ? dense_gemm(pixels, p.ic, p.oc, false, true)
                                                         : dense_gemm(p.ic, p.oc, pixels, true, false);
  g.has_bias = p.has_bias, g.has_residual = p.has_residual, g.activation = p.activation;
  g.has_mask = p.has_mask, g.mask_factor = p.mask_factor;
  return g;
}

template <Direction direction, bool depthwise>
const ConvKernel& kernel_of(const ConvProblem& p, bool is_float) {
  if constexpr (!depthwise) return choose_conv(direction, p, is_float);
  const DepthwiseTable& table = depthwise_table();
  return direction == Direction::Forward        ? table.forward
         : direction == Direction::BackwardData ? table.backward_data
                                                : table.backward_weights;
}

template <class T, Direction direction, bool depthwise>
Step lower_typed(const LowerContext& context) {
  ConvProblem p = problem_of<direction, depthwise>(context.op.name, context.inputs, context.attributes);
  p.has_bias = context.attributes.get<bool>("has_bias", false);
  p.has_residual = context.attributes.get<bool>("has_residual", false);
  p.has_mask = context.attributes.get<bool>("has_mask", false);
  p.mask_factor = context.attributes.get<double>("mask_factor", 1);
  p.has_diff_bias = context.attributes.get<bool>("has_diff_bias", false);
  p.activation = activation_of(context);
  const bool has_places = context.attributes.get<bool>("has_places", false);
  const bool reads_places = direction != Direction::Forward && p.has_pool();
  // backward data has the weights first among its inputs, the kernels have the image first
  const int image = direction == Direction::BackwardData, residual = 2 + p.has_bias;
  const auto operands = [=](const StepArguments& s) {
    return ConvOperands<T>{src<T>(s, image),
                           src<T>(s, 1 - image),
                           dst<T>(s),
                           p.has_bias ? src<T>(s, 2) : nullptr,
                           p.has_residual ? src<T>(s, residual) : nullptr,
                           p.has_mask ? src<T>(s, 2) : nullptr,
                           p.has_diff_bias ? dst<T>(s, 1) : nullptr,
                           has_places ? dst<uint8_t>(s, 1) : nullptr,
                           reads_places ? src<uint8_t>(s, 2 + p.has_mask) : nullptr};
  };
  Step step;
  step.flops = 2.0 * static_cast<double>(p.batch * p.dst_pixels()) * static_cast<double>(p.taps() * p.oc) *
               static_cast<double>(depthwise ? 1 : p.ic);
  const bool few_channels = direction == Direction::Forward && suits_few_channels(p);
  if (!depthwise && is_pointwise(p) && !p.has_diff_bias && !few_channels) {
    const GemmTable& table = gemm_table();
    const GemmProblem g = pointwise_gemm<direction>(p);
    step.implementation = table.implementation(g);
    step.scratch = gemm_scratch(table, g, T{});
    step.run = [=, &table](const StepArguments& s) {
      const ConvOperands<T> o = operands(s);
      gemm(table, g, GemmOperands<T>{o.a, o.b, o.c, o.bias, o.residual, o.mask}, s.scratch);
    };
    return step;
  }
  p.workers = std::min(thread_count(), 64);
  const ConvKernel& kernel = kernel_of<direction, depthwise>(p, std::is_same_v<T, float>);
  if (p.has_pool() && !kernel.can_pool(p))
    fail(ErrorKind::Internal, context.op.name, ": ", kernel.implementation, " keeps no maxima");
  step.implementation = kernel.implementation;
  if constexpr (std::is_same_v<T, float>) {
    step.scratch = kernel.scratch_float(p);
    step.run = [=, &kernel](const StepArguments& s) { kernel.run_float(p, operands(s), s.scratch); };
  } else {
    step.scratch = kernel.scratch_double(p);
    step.run = [=, &kernel](const StepArguments& s) { kernel.run_double(p, operands(s), s.scratch); };
  }
  return step;
}

template <Direction direction, bool depthwise>
Step lower(const LowerContext& context) {
  return context.inputs[0].dtype == DType::Float32 ? lower_typed<float, direction, depthwise>(context)
                                                   : lower_typed<double, direction, depthwise>(context);
}

template <Direction direction, bool depthwise>
OpDef row(const char* name) {
  return {name, infer<direction, depthwise>, vjp<direction, depthwise>, lower<direction, depthwise>};
}

}  // namespace

namespace {

template <Direction direction>
bool can_pool(const LowerContext& context, const Sizes& windows) {
  ConvProblem p = problem_of<direction, false>(context.op.name, context.inputs, context.attributes);
  Shape result = context.src();
  set_pool(p, windows, result);
  return context.inputs[0].dtype == DType::Float32 && !is_pointwise(p) &&
         choose_conv(direction, p, true).can_pool(p);
}

}  // namespace

bool conv_can_pool(const LowerContext& context, const std::vector<int64_t>& windows) {
  const std::string_view op = context.op.name;
  return (op == "conv" && can_pool<Direction::Forward>(context, windows)) ||
         (op == "conv_backward_data" && can_pool<Direction::BackwardData>(context, windows)) ||
         (op == "conv_backward_weights" && can_pool<Direction::BackwardWeights>(context, windows));
}

std::vector<OpDef> conv_ops() {
  return {
      row<Direction::Forward, false>("conv"),
      row<Direction::BackwardData, false>("conv_backward_data"),
      row<Direction::BackwardWeights, false>("conv_backward_weights"),
      row<Direction::Forward, true>("depthwise_conv"),
      row<Direction::BackwardData, true>("depthwise_conv_backward_data"),
      row<Direction::BackwardWeights, true>("depthwise_conv_backward_weights"),
  };
}

}  // namespace pronghorn
