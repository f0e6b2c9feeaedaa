#include <cstring>

#include "passes/simplify.h"

namespace pronghorn {
namespace {

// Larger results cost more memory than computing them again costs time.
constexpr size_t largest_result = 64 << 10;

Tensor evaluate(const Graph& graph, const Node& node) {
  const Tensor& first = graph.constant_of(node.inputs[0]);
  Tensor result(node.outputs[0]);
  if (node.op->has(view)) {
    std::memcpy(result.data(), first.data(), result.type.bytes());
    return result;
  }
  std::vector<TensorType> types;
  std::vector<const void*> src;
  for (Value input : node.inputs) {
    types.push_back(graph.type(input));
    src.push_back(graph.constant_of(input).data());
  }
  const Step step = node.op->lower({*node.op, types, node.outputs, node.attributes});
  const Buffer scratch(step.scratch);
  void* dst[] = {result.data()};
  step.run({src.data(), dst, scratch.data()});
  return result;
}

Value fold(Rewriter& rewriter, const Node& node) {
  if (node.inputs.empty() || node.outputs[0].bytes() > largest_result ||
      (!node.op->lower && !node.op->has(view)))
    return {};
  for (Value input : node.inputs)
    if (!rewriter.graph().is_constant(input)) return {};
  return rewriter.graph().constant(evaluate(rewriter.graph(), node));
}

// A broadcast is worth more as such to the rules than as a tensor of equal numbers.
Value fold_unless_broadcast(Rewriter& rewriter, const Node& node) {
  return std::string_view(node.op->name) == "broadcast_to" ? Value{} : fold(rewriter, node);
}

}  // namespace

std::optional<double> uniform_value(const Graph& graph, Value value) {
  while (std::string_view(graph.node(value).op->name) == "broadcast_to") value = graph.node(value).inputs[0];
  if (!graph.is_constant(value)) return {};
  const Tensor& tensor = graph.constant_of(value);
  if (tensor.type.count() == 0) return {};
  return visit_dtype(tensor.type.dtype, [&](auto zero) -> std::optional<double> {
    const auto* data = tensor.data_as<decltype(zero)>();
    for (int64_t i = 1; i < tensor.type.count(); i++)
      if (!(data[i] == data[0])) return {};
    return static_cast<double>(data[0]);
  });
}

std::vector<RuleRow> constant_rules() {
  return {{"*", fold_unless_broadcast}};
}
std::vector<RuleRow> constant_broadcast_rules() {
  return {{"*", fold}};
}

}  // namespace pronghorn
