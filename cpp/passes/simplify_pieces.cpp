// Values cut into pieces and put together again.
#include <algorithm>

#include "passes/simplify.h"

namespace pronghorn {
namespace {

using Integers = std::vector<int64_t>;

Value input_of(Rewriter& r, Value value, int i = 0) {
  return r.node(value).inputs[i];
}

int axis_of(const Node& concatenation) {
  return normalize_axis(concatenation.attributes.get<int64_t>("axis"), concatenation.outputs[0].shape.rank(),
                        "concatenate");
}

struct Slice {
  Integers begin, size, stride;
  explicit Slice(const Node& node)
      : begin(node.attributes.get<Integers>("begin")),
        size(node.attributes.get<Integers>("size")),
        stride(node.attributes.get<Integers>("stride", Integers(begin.size(), 1))) {}
  Attributes attributes() const { return {{"begin", begin}, {"size", size}, {"stride", stride}}; }
};

// The only axis along which `slice` takes less than all of `shape`, -1 where there is none, -2 where there
// are several.
int sliced_axis(const Slice& slice, const Shape& shape) {
  int sliced = -1;
  for (int axis = 0; axis < shape.rank(); axis++) {
    if (slice.begin[axis] == 0 && slice.size[axis] == shape[axis] && slice.stride[axis] == 1) continue;
    if (sliced >= 0) return -2;
    sliced = axis;
  }
  return sliced;
}

Value slice(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  const Slice outer(node);
  const int axis = sliced_axis(outer, r.shape(x));
  if (axis == -1) return x;
  if (r.is(x, "slice")) {
    Slice both(r.node(x));
    for (size_t i = 0; i < both.begin.size(); i++) {
      both.begin[i] += outer.begin[i] * both.stride[i];
      both.stride[i] *= outer.stride[i];
      both.size[i] = outer.size[i];
    }
    return r.emit("slice", {input_of(r, x)}, both.attributes());
  }
  if (axis < 0 || !r.is(x, "concatenate") || outer.stride[axis] != 1) return {};
  // A piece of one of the concatenated values.
  const Node whole = r.node(x);
  if (axis_of(whole) != axis) return {};
  int64_t start = 0;
  for (Value part : whole.inputs) {
    const int64_t end = start + r.shape(part)[axis];
    if (outer.begin[axis] >= start && outer.begin[axis] + outer.size[axis] <= end) {
      Slice piece = outer;
      piece.begin[axis] -= start;
      return r.emit("slice", {part}, piece.attributes());
    }
    start = end;
  }
  return {};
}

// A piece of a broadcast value is a broadcast piece.
Value slice_broadcast(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (!r.is(x, "broadcast_to")) return {};
  const Value source = input_of(r, x);
  const Shape small = r.shape(source);
  const size_t missing = node.outputs[0].shape.rank() - small.rank();
  Slice piece(node);
  for (Integers* list : {&piece.begin, &piece.size, &piece.stride})
    list->erase(list->begin(), list->begin() + static_cast<int64_t>(missing));
  for (int axis = 0; axis < small.rank(); axis++)
    if (small[axis] == 1) piece.begin[axis] = 0, piece.size[axis] = 1, piece.stride[axis] = 1;
  if (piece.size != small.vector())
    return r.broadcast_to(r.emit("slice", {source}, piece.attributes()), node.outputs[0].shape);
  return r.broadcast_to(source, node.outputs[0].shape);
}

// A piece of a product of smaller operands is a product of pieces of them.
Value slice_outer_product(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (!r.is(x, "multiply")) return {};
  std::vector<Value> pieces;
  for (Value operand : std::vector<Value>(r.node(x).inputs)) {
    if (r.shape(operand) == r.shape(x)) return {};
    pieces.push_back(r.emit("slice", {r.broadcast_to(operand, r.shape(x))}, node.attributes));
  }
  return r.emit("multiply", pieces);
}

// What is reduced over other axes than it is put together along need not be put together before.
Value reduce_concatenate(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (!r.is(x, "concatenate")) return {};
  const Node whole = r.node(x);
  const int rank = r.shape(x).rank(), joined = axis_of(whole);
  const Integers axes = node.attributes.get<Integers>("axes");
  if (axes.empty()) return {};
  for (int64_t axis : axes)
    if (normalize_axis(axis, rank, node.op->name) == joined) return {};
  Attributes attributes = node.attributes;
  attributes.set("keepdims", true);
  std::vector<Value> parts;
  for (Value part : whole.inputs) parts.push_back(r.emit(*node.op, {part}, attributes));
  return r.reshape(r.emit("concatenate", parts, whole.attributes), node.outputs[0].shape);
}

// concatenate(x) = x, and pieces that were cut from one value and follow each other are that value again.
Value concatenate(Rewriter& r, const Node& node) {
  if (node.inputs.size() == 1) return node.inputs[0];
  const int axis =
      normalize_axis(node.attributes.get<int64_t>("axis"), node.outputs[0].shape.rank(), "concatenate");
  Value whole;
  int64_t next = 0;
  for (Value part : node.inputs) {
    if (!r.is(part, "slice")) return {};
    const Value source = input_of(r, part);
    if (whole.valid() && !(whole == source)) return {};
    whole = source;
    const Slice cut(r.node(part));
    const int sliced = sliced_axis(cut, r.shape(whole));
    if (sliced != axis || cut.begin[axis] != next || cut.stride[axis] != 1) return {};
    next += cut.size[axis];
  }
  return r.type(whole) == node.outputs[0] ? whole : Value{};
}

// concatenate(a, concatenate(b, c)) = concatenate(a, b, c)
Value flatten_concatenate(Rewriter& r, const Node& node) {
  const int axis = axis_of(node);
  std::vector<Value> parts;
  for (Value input : node.inputs) {
    const Node inner = r.node(input);
    if (r.is(input, "concatenate") && axis_of(inner) == axis)
      parts.insert(parts.end(), inner.inputs.begin(), inner.inputs.end());
    else
      parts.push_back(input);
  }
  return parts.size() == node.inputs.size() ? Value{} : r.emit("concatenate", parts, node.attributes);
}

// A piece among zeros.
struct Padded {
  Value piece;
  Integers before, after;
};

std::optional<Padded> padded(Rewriter& r, Value value) {
  if (!r.is(value, "pad")) return {};
  const Attributes& attributes = r.node(value).attributes;
  if (attributes.get<std::string>("mode", "constant") != "constant" ||
      attributes.get<double>("value", 0) != 0)
    return {};
  return Padded{input_of(r, value), attributes.get<Integers>("before"), attributes.get<Integers>("after")};
}

// The derivatives of slices are pieces among zeros. The sum of two that touch is one longer piece, and when
// all pieces of a value have been added up no zeros are left.
Value join_pieces(Rewriter& r, const Node& node) {
  auto first = padded(r, node.inputs[0]), second = padded(r, node.inputs[1]);
  if (!first || !second || first->before.size() != second->before.size()) return {};
  int axis = -1;
  for (size_t i = 0; i < first->before.size(); i++) {
    if (first->before[i] == second->before[i] && first->after[i] == second->after[i]) continue;
    if (axis >= 0) return {};
    axis = static_cast<int>(i);
  }
  if (axis < 0) return {};
  if (first->before[axis] > second->before[axis]) std::swap(first, second);
  if (first->before[axis] + r.shape(first->piece)[axis] != second->before[axis]) return {};
  const Value joined =
      r.emit("concatenate", {first->piece, second->piece}, {{"axis", static_cast<int64_t>(axis)}});
  Integers after = first->after;
  after[axis] = second->after[axis];
  return r.emit("pad", {joined}, {{"before", first->before}, {"after", after}});
}

Value pad(Rewriter& r, const Node& node) {
  return r.type(node.inputs[0]) == node.outputs[0] ? node.inputs[0] : Value{};
}

}  // namespace

std::vector<RuleRow> piece_rules() {
  std::vector<RuleRow> rows = {{"slice", slice},
                               {"slice", slice_broadcast},
                               {"slice", slice_outer_product},
                               {"concatenate", flatten_concatenate},
                               {"concatenate", concatenate},
                               {"pad", pad},
                               {"add", join_pieces}};
  for (const char* op : {"sum", "mean", "max", "min", "any", "all"}) rows.push_back({op, reduce_concatenate});
  return rows;
}

}  // namespace pronghorn
