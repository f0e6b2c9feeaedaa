#include <algorithm>

#include "passes/simplify.h"

namespace pronghorn {
namespace {

// What an op that broadcasts its operands may read instead of `value`: the operand before it was made larger.
Value before_broadcast(Rewriter& r, Value value) {
  if (r.is(value, "broadcast_to")) return before_broadcast(r, r.node(value).inputs[0]);
  if (r.shape(value).rank() > 0 && r.graph().is_constant(value))
    if (auto c = uniform_value(r.graph(), value)) return r.scalar(*c, r.type(value).dtype);
  return value;
}

// op(broadcast(a), b) = op(a, b), and op(broadcast(a), broadcast(b)) = broadcast(op(a, b)).
Value pointwise(Rewriter& r, const Node& node) {
  if (!is_pointwise(node)) return {};
  std::vector<Value> inputs;
  Shape joint;
  for (Value input : node.inputs) {
    inputs.push_back(before_broadcast(r, input));
    joint = broadcast(joint, r.shape(inputs.back()), node.op->name);
  }
  if (inputs == node.inputs) return {};
  return r.broadcast_to(r.emit(*node.op, inputs, node.attributes), node.outputs[0].shape);
}

Value merge_broadcasts(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (r.shape(x) == node.outputs[0].shape) return x;
  if (r.is(x, "broadcast_to")) return r.broadcast_to(r.node(x).inputs[0], node.outputs[0].shape);
  return {};
}

// A reduction of a broadcast value: over the axes that were repeated it is a multiplication (sum) or nothing
// (mean, max, min, any, all).
Value reduce_broadcast(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (!r.is(x, "broadcast_to")) return {};
  const Shape large = r.shape(x);
  const Value source = r.node(x).inputs[0];
  Shape small = large;  // the source's shape, with ones in front
  const int offset = large.rank() - r.shape(source).rank();
  for (int axis = 0; axis < large.rank(); axis++)
    small[axis] = axis < offset ? 1 : r.shape(source)[axis - offset];

  double repeats = 1;
  Shape result = large;  // with the reduced axes kept
  for (int64_t axis : node.attributes.get<std::vector<int64_t>>("axes")) {
    const int at = normalize_axis(axis, large.rank(), node.op->name);
    if (large[at] == 0) return {};
    if (small[at] != large[at]) repeats *= static_cast<double>(large[at]);
    result[at] = 1;
  }
  Attributes attributes = node.attributes;
  attributes.set("keepdims", true);
  Value reduced = r.emit(*node.op, {r.reshape(source, small)}, attributes);
  if (std::string_view(node.op->name) == "sum")
    reduced = r.emit("multiply", {reduced, r.scalar(repeats, node.outputs[0].dtype)});
  return r.reshape(r.broadcast_to(reduced, result), node.outputs[0].shape);
}

// Moving the elements of a value that holds one number only gives another shape of it.
Value move_uniform(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (!r.is(x, "broadcast_to") || r.shape(r.node(x).inputs[0]).count() != 1) return {};
  return r.broadcast_to(r.reshape(r.node(x).inputs[0], {}), node.outputs[0].shape);
}

}  // namespace

bool is_pointwise(const Node& node) {
  return node.op->has(elementwise) && !node.attributes.find("seed") && !node.inputs.empty();
}

std::vector<RuleRow> broadcast_rules() {
  std::vector<RuleRow> rows = {{"*", pointwise}, {"broadcast_to", merge_broadcasts}};
  for (const char* op : {"sum", "mean", "max", "min", "any", "all"}) rows.push_back({op, reduce_broadcast});
  for (const char* op : {"reshape", "transpose", "slice", "flip", "tile", "repeat"})
    rows.push_back({op, move_uniform});
  return rows;
}

}  // namespace pronghorn
