// A relu's derivative behind the gradient by a convolution's input, where nothing else reads that: the
// convolution writes zeros where the relu's result is not above zero.
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {

Graph fuse_relu_gradients(const Graph& source) {
  const std::vector<int32_t> only_reader = only_readers(source);
  // The convolution that `node` is taken into, or -1.
  const auto convolution = [&](int32_t id) {
    const Node& node = source.nodes()[id];
    if (std::string_view(node.op->name) != "relu_grad") return -1;
    const Node& diff = source.node(node.inputs[0]);
    const bool fits = std::string_view(diff.op->name) == "conv_backward_data" &&
                      only_reader[node.inputs[0].node] == id && !diff.attributes.find("has_mask") &&
                      source.type(node.inputs[1]) == diff.outputs[0];
    return fits ? node.inputs[0].node : -1;
  };
  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    inputs_of[id] = inputs;
    const Node& node = source.nodes()[id];
    if (const int32_t product = convolution(id); product >= 0) {
      const Node& diff = source.nodes()[product];
      Attributes attributes = diff.attributes;
      attributes.set("has_mask", true);
      const std::vector<Value>& operands = inputs_of[product];
      return outputs_of(result, result.add(*diff.op, {operands[0], operands[1], inputs[1]}, attributes));
    }
    return outputs_of(result, result.add(*node.op, inputs, node.attributes));
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
