#include <algorithm>
#include <map>
#include <numeric>

#include "passes/simplify.h"

namespace pronghorn {
namespace {

using Integers = std::vector<int64_t>;

Value input_of(Rewriter& r, Value value, int i = 0) {
  return r.node(value).inputs[i];
}
Integers axes_of(Rewriter& r, Value value) {
  return r.node(value).attributes.get<Integers>("axes");
}

bool swaps_last_two(const Integers& axes) {
  const auto rank = static_cast<int64_t>(axes.size());
  if (rank < 2 || axes[rank - 1] != rank - 2 || axes[rank - 2] != rank - 1) return false;
  for (int64_t axis = 0; axis < rank - 2; axis++)
    if (axes[axis] != axis) return false;
  return true;
}

Value matmul(Rewriter& r, const Node& node) {
  const char* flags[] = {"transpose_a", "transpose_b"};
  for (int i = 0; i < 2; i++) {
    const Value operand = node.inputs[i];
    if (!r.is(operand, "transpose") || !swaps_last_two(axes_of(r, operand))) continue;
    std::vector<Value> inputs = node.inputs;
    inputs[i] = input_of(r, operand);
    Attributes attributes = node.attributes;
    attributes.set(flags[i], !attributes.get<bool>(flags[i], false));
    return r.emit("matmul", inputs, attributes);
  }
  return {};
}

// Sums of one term each need no matrix product: a column times a row, which fuses with what stands about it.
Value outer_product(Rewriter& r, const Node& node) {
  const Shape a = r.shape(node.inputs[0]), b = r.shape(node.inputs[1]);
  if (a.rank() != 2 || b.rank() != 2) return {};
  if (a[node.attributes.get<bool>("transpose_a", false) ? 0 : 1] != 1) return {};
  const Shape& result = node.outputs[0].shape;
  return r.emit("multiply",
                {r.reshape(node.inputs[0], {result[0], 1}), r.reshape(node.inputs[1], {1, result[1]})});
}

// Rows of matrices times one matrix are one matrix of all rows times it.
Value flatten_rows(Rewriter& r, const Node& node) {
  const Shape a = r.shape(node.inputs[0]), b = r.shape(node.inputs[1]);
  if (a.rank() < 3 || b.rank() != 2 || node.attributes.get<bool>("transpose_a", false)) return {};
  const Value rows = r.reshape(node.inputs[0], {a.count(0, a.rank() - 1), a.back()});
  return r.reshape(r.emit("matmul", {rows, node.inputs[1]}, node.attributes), node.outputs[0].shape);
}

// reduce(transpose(x)) = transpose(reduce(x)) over the axes where the reduced ones came from: the transpose
// is of less, or of nothing.
Value reduce(Rewriter& r, const Node& node) {
  if (!r.is(node.inputs[0], "transpose")) return {};
  const Value x = input_of(r, node.inputs[0]);
  const Integers permutation = axes_of(r, node.inputs[0]);
  const int rank = r.shape(x).rank();
  Integers reduced;
  for (int64_t axis : node.attributes.get<Integers>("axes"))
    reduced.push_back(permutation[normalize_axis(axis, rank, node.op->name)]);
  std::sort(reduced.begin(), reduced.end());
  Attributes attributes = node.attributes;
  attributes.set("axes", reduced);
  attributes.set("keepdims", true);
  const Value result = r.transpose(r.emit(*node.op, {x}, attributes), permutation);
  return r.reshape(result, node.outputs[0].shape);
}

// `value`, an operand of an elementwise op of `rank` axes, as it must be for the op to run before the
// transpose by `axes` instead of behind it. Invalid where that would need a transpose of its own.
Value behind_transpose(Rewriter& r, Value value, const Integers& axes, const Shape& result) {
  if (r.shape(value).count() == 1 && r.shape(value).rank() == 0) return value;
  if (r.is(value, "transpose") && axes_of(r, value) == axes) return input_of(r, value);
  if (r.shape(value).count() == result.count() && !r.graph().is_constant(value)) return {};
  Shape full = result;  // value's shape with ones in front
  const int offset = result.rank() - r.shape(value).rank();
  for (int axis = 0; axis < result.rank(); axis++)
    full[axis] = axis < offset ? 1 : r.shape(value)[axis - offset];
  return r.transpose(r.reshape(value, full), inverse_permutation(axes));
}

Value sink_elementwise(Rewriter& r, const Node& node) {
  if (!is_pointwise(node)) return {};
  const Shape& result = node.outputs[0].shape;
  auto is_whole = [&](Value value) { return r.is(value, "transpose") && r.shape(value) == result; };
  const auto first = std::find_if(node.inputs.begin(), node.inputs.end(), is_whole);
  if (first == node.inputs.end()) return {};
  const Integers axes = axes_of(r, *first);
  std::vector<Value> inputs;
  for (Value input : node.inputs) {
    inputs.push_back(behind_transpose(r, input, axes, result));
    if (!inputs.back().valid()) return {};
  }
  return r.transpose(r.emit(*node.op, inputs, node.attributes), axes);
}

Value sink_concatenate(Rewriter& r, const Node& node) {
  if (!r.is(node.inputs[0], "transpose")) return {};
  const Integers axes = axes_of(r, node.inputs[0]);
  std::vector<Value> inputs;
  for (Value input : node.inputs) {
    if (!r.is(input, "transpose") || axes_of(r, input) != axes) return {};
    inputs.push_back(input_of(r, input));
  }
  const int axis =
      normalize_axis(node.attributes.get<int64_t>("axis"), node.outputs[0].shape.rank(), "concatenate");
  return r.transpose(r.emit("concatenate", inputs, {{"axis", axes[axis]}}), axes);
}

// A dropout draws by position, so on moved elements it drops others. Which ones does not matter, as long as
// the backward pass drops the same: the attribute "layout" says how the elements were moved, and
// draws_agree() compares.
Value sink_dropout(Rewriter& r, const Node& node) {
  if (!r.is(node.inputs[0], "transpose")) return {};
  const Integers axes = axes_of(r, node.inputs[0]);
  Attributes attributes = node.attributes;
  Integers layout = attributes.get<Integers>("layout", {});
  layout.insert(layout.end(), axes.begin(), axes.end());
  attributes.set("layout", layout);
  return r.transpose(r.emit("dropout", {input_of(r, node.inputs[0]), node.inputs[1]}, attributes), axes);
}

// Ops with a number per axis in each of some attributes.
Value sink_per_axis(Rewriter& r, const Node& node) {
  if (!r.is(node.inputs[0], "transpose")) return {};
  const Integers axes = axes_of(r, node.inputs[0]), inverse = inverse_permutation(axes);
  Attributes attributes = node.attributes;
  for (const char* name : {"begin", "size", "stride", "before", "after"}) {
    if (!attributes.find(name)) continue;
    const Integers numbers = attributes.get<Integers>(name);
    Integers moved;
    for (int64_t axis : inverse) moved.push_back(numbers[axis]);
    attributes.set(name, moved);
  }
  return r.transpose(r.emit(*node.op, {input_of(r, node.inputs[0])}, attributes), axes);
}

}  // namespace

std::vector<RuleRow> layout_rules() {
  std::vector<RuleRow> rows = {{"matmul", matmul}, {"matmul", flatten_rows}, {"matmul", outer_product}};
  for (const char* op : {"sum", "mean", "max", "min", "prod", "any", "all", "logsumexp"})
    rows.push_back({op, reduce});
  return rows;
}

std::vector<RuleRow> sinking_rules() {
  return {{"*", sink_elementwise},
          {"concatenate", sink_concatenate},
          {"slice", sink_per_axis},
          {"pad", sink_per_axis}};
}

std::vector<RuleRow> dropout_sinking_rules() {
  return {{"dropout", sink_dropout}};
}

bool draws_agree(const Graph& graph) {
  std::map<int64_t, Integers> layout_of;  // by seed
  for (const Node& node : graph.nodes()) {
    if (std::string_view(node.op->name) != "dropout") continue;
    const Integers layout = node.attributes.get<Integers>("layout", {});
    const auto [known, first] = layout_of.emplace(node.attributes.get<int64_t>("seed"), layout);
    if (!first && known->second != layout) return false;
  }
  return true;
}

}  // namespace pronghorn
