#include <algorithm>
#include <numeric>

#include "passes/simplify.h"

namespace pronghorn {
namespace {

using Integers = std::vector<int64_t>;

Value input_of(Rewriter& r, Value value, int i = 0) {
  return r.node(value).inputs[i];
}

Value same_type(Rewriter& r, const Node& node) {
  return r.type(node.inputs[0]) == node.outputs[0] ? node.inputs[0] : Value{};
}

// Nothing differentiates a graph that is being simplified.
Value stop_gradient(Rewriter&, const Node& node) {
  return node.inputs[0];
}

Value reshape(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (r.type(x) == node.outputs[0]) return x;
  return r.is(x, "reshape") ? r.reshape(input_of(r, x), node.outputs[0].shape) : Value{};
}

Value transpose(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  Integers axes = node.attributes.get<Integers>("axes");
  for (int64_t& axis : axes) axis = normalize_axis(axis, r.shape(x).rank(), "transpose");
  // Axes of size 1 may go anywhere: as long as the others stay in order, memory does not change.
  Integers moved;
  for (int64_t axis : axes)
    if (r.shape(x)[static_cast<int>(axis)] != 1) moved.push_back(axis);
  if (std::is_sorted(moved.begin(), moved.end())) return r.reshape(x, node.outputs[0].shape);
  if (!r.is(x, "transpose")) return {};
  const Integers inner = r.node(x).attributes.get<Integers>("axes");
  Integers both;
  for (int64_t axis : axes) both.push_back(inner[axis]);
  return r.transpose(input_of(r, x), both);
}

// op(reshape(x), b) = reshape(op(x, b)) where b is one number, a number per element of an unchanged last
// axis, a constant, or reshaped in the same way: then what follows a matmul of flattened rows stands right
// behind it.
Value sink_reshape(Rewriter& r, const Node& node) {
  if (!is_pointwise(node)) return {};
  const Shape& result = node.outputs[0].shape;
  auto is_whole = [&](Value value) { return r.is(value, "reshape") && r.shape(value) == result; };
  const auto first = std::find_if(node.inputs.begin(), node.inputs.end(), is_whole);
  if (first == node.inputs.end()) return {};
  const Shape source = r.shape(input_of(r, *first));
  const bool keeps_last = source.rank() > 0 && result.rank() > 0 && source.back() == result.back();
  std::vector<Value> inputs;
  for (Value input : node.inputs) {
    const Shape shape = r.shape(input);
    if (is_whole(input) && r.shape(input_of(r, input)) == source)
      inputs.push_back(input_of(r, input));
    else if (shape.count() == 1)
      inputs.push_back(r.reshape(input, {}));
    else if (shape == result && r.graph().is_constant(input))
      inputs.push_back(r.reshape(input, source));
    else if (keeps_last && shape.back() == result.back() && shape.count() == shape.back())
      inputs.push_back(r.reshape(input, {shape.back()}));
    else
      return {};
  }
  return r.reshape(r.emit(*node.op, inputs, node.attributes), result);
}

// A reduction over axes of size 1, or over none, changes the shape at most.
Value reduce(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (r.type(x).dtype != node.outputs[0].dtype || r.shape(x).count() != node.outputs[0].shape.count())
    return {};
  for (int64_t axis : node.attributes.get<Integers>("axes"))
    if (r.shape(x)[normalize_axis(axis, r.shape(x).rank(), node.op->name)] != 1) return {};
  return r.reshape(x, node.outputs[0].shape);
}

Value flip(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  for (int64_t axis : node.attributes.get<Integers>("axes"))
    if (r.shape(x)[normalize_axis(axis, r.shape(x).rank(), "flip")] > 1) return {};
  return x;
}

}  // namespace

std::vector<int64_t> inverse_permutation(const Integers& axes) {
  Integers inverse(axes.size());
  for (size_t i = 0; i < axes.size(); i++) inverse[axes[i]] = static_cast<int64_t>(i);
  return inverse;
}

std::vector<RuleRow> view_rules() {
  std::vector<RuleRow> rows = {{"*", sink_reshape},  {"stop_gradient", stop_gradient},
                               {"reshape", reshape}, {"transpose", transpose},
                               {"flip", flip},       {"tile", same_type},
                               {"repeat", same_type}};
  for (const char* op : {"sum", "mean", "max", "min", "prod", "any", "all", "logsumexp"})
    rows.push_back({op, reduce});
  return rows;
}

}  // namespace pronghorn
