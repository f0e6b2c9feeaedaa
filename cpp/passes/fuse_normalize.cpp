// What is added behind batch normalisation, and a relu behind that or at once, is taken into it where nothing
// else reads what lies between, and its derivative into that of the normalisation where nothing was added,
// which finds the elements above zero again from x.
#include <algorithm>
#include <map>

#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

bool is(const Node& node, std::string_view op) {
  return op == node.op->name;
}

// A node by the attributes of another, with the relu.
Attributes with_relu(const Node& node) {
  Attributes attributes = node.attributes;
  attributes.set("activation", std::string("relu"));
  return attributes;
}

}  // namespace

Graph fuse_normalizations(const Graph& source) {
  const auto normalizes = [](const Node& node) { return is(node, "batch_norm_train"); };
  if (std::none_of(source.nodes().begin(), source.nodes().end(), normalizes)) return source;
  const std::vector<int32_t> only_reader = only_readers(source);
  const auto takes_relu = [&](int32_t id) {
    return normalizes(source.nodes()[id]) && only_reader[id] >= 0 &&
           is(source.nodes()[only_reader[id]], "relu");
  };

  // The normalisation whose relu's derivative `node`, a batch_norm_grad, is given, or -1.
  const auto fused_forward = [&](const Node& node) {
    const Node& relu_grad = source.node(node.inputs[4]);
    if (!is(relu_grad, "relu_grad")) return -1;
    const Node& relu = source.node(relu_grad.inputs[1]);
    if (!is(relu, "relu") || !takes_relu(relu.inputs[0].node) || relu.inputs[0].output != 0) return -1;
    const Node& forward = source.node(relu.inputs[0]);
    const bool same = forward.inputs[0] == node.inputs[0] && forward.inputs[1] == node.inputs[1] &&
                      node.inputs[2] == Value{relu.inputs[0].node, 1} &&
                      node.inputs[3] == Value{relu.inputs[0].node, 2} &&
                      forward.attributes == node.attributes;
    return same ? relu.inputs[0].node : -1;
  };

  // The addition behind normalisation `id` of something like it that is there before, or -1.
  const auto sum_behind = [&](int32_t id) {
    const int32_t sum = only_reader[id];
    if (!normalizes(source.nodes()[id]) || sum < 0 || !is(source.nodes()[sum], "add")) return -1;
    const Node& add = source.nodes()[sum];
    const Value other = add.inputs[add.inputs[0] == Value{id, 0} ? 1 : 0];
    return other.node < id && source.type(other) == source.nodes()[id].outputs[0] ? sum : -1;
  };
  std::map<int32_t, int32_t> adds_to;  // the addition, or the relu behind it -> the normalisation
  for (int32_t id = 0; id < static_cast<int32_t>(source.nodes().size()); id++)
    if (const int32_t sum = sum_behind(id); sum >= 0 && adds_to.emplace(sum, id).second)
      if (const int32_t next = only_reader[sum]; next >= 0 && is(source.nodes()[next], "relu"))
        adds_to[next] = id;

  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  Copies copies;
  const auto copy = [&](int32_t id, const std::vector<Value>& inputs) -> std::vector<Value> {
    inputs_of[id] = inputs;
    const Node& node = source.nodes()[id];
    if (const auto found = adds_to.find(id); found != adds_to.end()) return {copies[found->second][0]};
    if (const int32_t sum = sum_behind(id); sum >= 0 && adds_to.at(sum) == id) {
      const Node& add = source.nodes()[sum];
      const Value other = add.inputs[add.inputs[0] == Value{id, 0} ? 1 : 0];
      const bool relu = only_reader[sum] >= 0 && adds_to.contains(only_reader[sum]);
      Attributes attributes = relu ? with_relu(node) : node.attributes;
      attributes.set("has_residual", true);
      std::vector<Value> operands = inputs;
      operands.push_back(copies[other.node][other.output]);
      return outputs_of(result, result.add(*node.op, operands, attributes));
    }
    if (takes_relu(id)) return outputs_of(result, result.add(*node.op, inputs, with_relu(node)));
    if (is(node, "relu") && node.inputs[0].output == 0 && takes_relu(node.inputs[0].node)) return {inputs[0]};
    if (is(node, "batch_norm_grad"))
      if (const int32_t forward = fused_forward(node); forward >= 0) {
        std::vector<Value> fused = inputs;
        fused[4] = inputs_of[node.inputs[4].node][0];
        fused.push_back(inputs_of[forward][2]);
        return outputs_of(result, result.add(*node.op, fused, with_relu(node)));
      }
    return outputs_of(result, result.add(*node.op, inputs, node.attributes));
  };
  copy_graph(source, result, copy, copies);
  return without_dead_nodes(result);
}

}  // namespace pronghorn
