#include <cmath>

#include "passes/simplify.h"

namespace pronghorn {
namespace {

// `value` as the whole result of `node`: broadcast where the other operand had made it larger.
Value as_result(Rewriter& r, const Node& node, Value value) {
  return r.broadcast_to(value, node.outputs[0].shape);
}

Value input_of(Rewriter& r, Value value, int i = 0) {
  return r.node(value).inputs[i];
}

bool is_power_of_two(double value) {
  int exponent;
  return std::isnormal(value) && std::fabs(std::frexp(value, &exponent)) == 0.5;
}

// A constant second operand that broadcasts over the first and is the same number everywhere.
std::optional<double> scalar_operand(Rewriter& r, const Node& node, int i) {
  return r.shape(node.inputs[1 - i]) == node.outputs[0].shape ? uniform_value(r.graph(), node.inputs[i])
                                                              : std::nullopt;
}

// Equal sums and products get equal operands, so that they are found to be one node.
Value order_operands(Rewriter& r, const Node& node) {
  const Value a = node.inputs[0], b = node.inputs[1];
  const bool constant_a = r.graph().is_constant(a), constant_b = r.graph().is_constant(b);
  const bool swap = constant_a != constant_b ? constant_a : b.node < a.node;
  return swap ? r.emit(*node.op, {b, a}, node.attributes) : Value{};
}

Value multiply(Rewriter& r, const Node& node) {
  const DType dtype = node.outputs[0].dtype;
  for (int i = 0; i < 2; i++) {
    const Value x = node.inputs[1 - i];
    if (auto c = uniform_value(r.graph(), node.inputs[i])) {
      if (*c == 1) return as_result(r, node, x);
      if (*c == -1 && dtype != DType::Bool && dtype != DType::UInt8)
        return as_result(r, node, r.emit("negative", {x}));
      // 0 * x is not 0 for an infinite or undefined x.
      if (*c == 0 && !is_float(dtype)) return as_result(r, node, r.scalar(0, dtype));
    }
    const auto c = scalar_operand(r, node, i);
    if (!c || !is_float(dtype)) continue;
    if (r.is(x, "negative")) return r.emit("multiply", {input_of(r, x), r.scalar(-*c, dtype)});
    if (!r.is(x, "multiply")) continue;
    const Node inner = r.node(x);
    for (int k = 0; k < 2; k++) {
      const auto c2 = scalar_operand(r, inner, k);
      const double product = c2 ? *c * *c2 : 0;
      const bool normal =
          dtype == DType::Float32 ? std::isnormal(static_cast<float>(product)) : std::isnormal(product);
      if (c2 && normal) return r.emit("multiply", {inner.inputs[1 - k], r.scalar(product, dtype)});
    }
  }
  if (r.is(node.inputs[0], "negative") && r.is(node.inputs[1], "negative"))
    return r.emit("multiply", {input_of(r, node.inputs[0]), input_of(r, node.inputs[1])});
  return {};
}

Value add(Rewriter& r, const Node& node) {
  for (int i = 0; i < 2; i++) {
    if (uniform_value(r.graph(), node.inputs[i]) == 0.0) return as_result(r, node, node.inputs[1 - i]);
    if (r.is(node.inputs[i], "negative"))
      return r.emit("subtract", {node.inputs[1 - i], input_of(r, node.inputs[i])});
  }
  return {};
}

Value subtract(Rewriter& r, const Node& node) {
  const auto [a, b] = std::pair(node.inputs[0], node.inputs[1]);
  const DType dtype = node.outputs[0].dtype;
  if (uniform_value(r.graph(), b) == 0.0) return as_result(r, node, a);
  if (uniform_value(r.graph(), a) == 0.0 && dtype != DType::UInt8 && dtype != DType::Bool)
    return as_result(r, node, r.emit("negative", {b}));
  if (r.is(b, "negative")) return r.emit("add", {a, input_of(r, b)});
  return {};
}

Value divide(Rewriter& r, const Node& node) {
  const auto [a, b] = std::pair(node.inputs[0], node.inputs[1]);
  const DType dtype = node.outputs[0].dtype;
  if (!is_float(dtype) || r.type(a).dtype != dtype) return {};
  if (auto c = uniform_value(r.graph(), b)) {
    if (*c == 1) return as_result(r, node, a);
    // Other reciprocals would be rounded.
    if (is_power_of_two(*c) && std::isnormal(static_cast<float>(1 / *c)))
      return r.emit("multiply", {a, r.scalar(1 / *c, dtype)});
  }
  if (uniform_value(r.graph(), a) == 1.0) return as_result(r, node, r.emit("reciprocal", {b}));
  return {};
}

Value power(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  const auto c = uniform_value(r.graph(), node.inputs[1]);
  if (!c || !is_float(node.outputs[0].dtype)) return {};
  auto unary = [&](const char* op) { return as_result(r, node, r.emit(op, {x})); };
  if (*c == 1) return as_result(r, node, x);
  if (*c == 0) return as_result(r, node, r.scalar(1, node.outputs[0].dtype));
  if (*c == 2) return unary("square");
  if (*c == 0.5) return unary("sqrt");
  if (*c == -0.5) return unary("rsqrt");
  if (*c == -1) return unary("reciprocal");
  return {};
}

Value negative(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (r.is(x, "negative")) return input_of(r, x);
  if (r.is(x, "subtract") && is_float(node.outputs[0].dtype))
    return r.emit("subtract", {input_of(r, x, 1), input_of(r, x, 0)});
  if (r.is(x, "multiply") && is_float(node.outputs[0].dtype)) {
    const Node product = r.node(x);
    for (int i = 0; i < 2; i++)
      if (auto c = scalar_operand(r, product, i))
        return r.emit("multiply", {product.inputs[1 - i], r.scalar(-*c, node.outputs[0].dtype)});
  }
  return {};
}

// outer(inner(x)) -> result(x), or x itself.
struct UnaryPair {
  const char *outer, *inner, *result;
};
constexpr UnaryPair unary_pairs[] = {
    {"abs", "abs", "abs"},           {"abs", "negative", "abs"},      {"abs", "square", "square"},
    {"abs", "relu", "relu"},         {"square", "abs", "square"},     {"square", "negative", "square"},
    {"sqrt", "square", "abs"},       {"relu", "relu", "relu"},        {"relu", "sigmoid", "sigmoid"},
    {"reciprocal", "sqrt", "rsqrt"}, {"reciprocal", "rsqrt", "sqrt"}, {"logical_not", "logical_not", nullptr},
};

Value unary(Rewriter& r, const Node& node) {
  for (const UnaryPair& pair : unary_pairs) {
    if (std::string_view(node.op->name) != pair.outer || !r.is(node.inputs[0], pair.inner)) continue;
    const Value x = input_of(r, node.inputs[0]);
    // An integer's square may have wrapped round.
    if (!is_float(r.type(x).dtype) && r.type(x).dtype != DType::Bool) continue;
    if (r.type(x) == node.outputs[0]) return pair.result ? r.emit(pair.result, {x}) : x;
  }
  return {};
}

// Whether every value of `from` has an equal one in `to`.
bool holds_exactly(DType to, DType from) {
  auto bits = [](DType t) {  // of the integers that it holds
    switch (t) {
      case DType::Bool:
        return 1;
      case DType::UInt8:
        return 8;
      case DType::Float32:
        return 24;
      case DType::Int32:
        return 31;
      case DType::Float64:
        return 53;
      default:
        return 63;
    }
  };
  if (from == to) return true;
  if (is_float(from)) return from == DType::Float32 && to == DType::Float64;
  const bool is_signed = from == DType::Int32 || from == DType::Int64;
  return bits(to) > bits(from) && !(is_signed && to == DType::UInt8);
}

Value cast(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  const DType to = node.outputs[0].dtype;
  if (r.type(x).dtype == to) return x;
  if (!r.is(x, "cast")) return {};
  const Value inner = input_of(r, x);
  return holds_exactly(r.type(x).dtype, r.type(inner).dtype) ? r.cast(inner, to) : Value{};
}

Value where(Rewriter& r, const Node& node) {
  if (node.inputs[1] == node.inputs[2]) return as_result(r, node, node.inputs[1]);
  if (auto c = uniform_value(r.graph(), node.inputs[0]))
    return as_result(r, node, node.inputs[*c != 0 ? 1 : 2]);
  return {};
}

Value dropout(Rewriter&, const Node& node) {
  return node.attributes.get<double>("rate", 1) == 0 ? node.inputs[0] : Value{};
}

}  // namespace

std::vector<RuleRow> algebra_rules() {
  std::vector<RuleRow> rows = {
      {"multiply", multiply},
      {"add", add},
      {"subtract", subtract},
      {"divide", divide},
      {"power", power},
      {"cast", cast},
      {"where", where},
      {"dropout", dropout},
      {"negative", negative},
      {"add", order_operands},
      {"multiply", order_operands},
  };
  for (const char* op : {"abs", "square", "sqrt", "relu", "reciprocal", "logical_not"})
    rows.push_back({op, unary});
  return rows;
}

}  // namespace pronghorn
