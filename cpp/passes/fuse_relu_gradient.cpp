// A relu's derivative behind the gradient by an input of a convolution or of a product, where nothing else
// reads that: it writes zeros where the relu's result is not above zero. Behind a dropout the derivative is
// also multiplied by a constant.
#include <map>
#include <optional>

#include "graph/build.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"
#include "passes/simplify.h"

namespace pronghorn {
namespace {

bool is(const Node& node, std::string_view op) {
  return op == node.op->name;
}

// What is taken into `product`. The ids are of nodes of the graph that is rewritten.
struct Masked {
  int32_t product, relu_grad;
  double factor = 1;
};

class Matcher {
 public:
  explicit Matcher(const Graph& graph) : graph_(graph), only_reader_(only_readers(graph)) {}

  std::map<int32_t, Masked> run() const {  // by the last node
    std::map<int32_t, Masked> found;
    for (int32_t id = 0; id < static_cast<int32_t>(graph_.nodes().size()); id++) {
      if (!is(graph_.nodes()[id], "relu_grad")) continue;
      const int32_t product = product_of(id);
      if (product < 0) continue;
      const int32_t next = only_reader_[id];
      const std::optional<double> factor = next >= 0 ? factor_of(graph_.nodes()[next], id) : std::nullopt;
      found[factor ? next : id] = {product, id, factor.value_or(1)};
    }
    return found;
  }

 private:
  // The product whose result, seen in whatever shape, `relu_grad` alone reads, or -1.
  int32_t product_of(int32_t relu_grad) const {
    const Node& node = graph_.nodes()[relu_grad];
    if (!(graph_.type(node.inputs[1]) == graph_.type(node.inputs[0]))) return -1;
    int32_t reader = relu_grad, id = node.inputs[0].node;
    while (is(graph_.nodes()[id], "reshape") && only_reader_[id] == reader)
      reader = id, id = graph_.nodes()[id].inputs[0].node;
    const Node& product = graph_.nodes()[id];
    const bool fits = (is(product, "conv_backward_data") && !product.attributes.find("has_mask")) ||
                      (is(product, "matmul") && product.outputs[0].shape.rank() == 2);
    return fits && only_reader_[id] == reader && is_float(product.outputs[0].dtype) ? id : -1;
  }

  // The constant that `node` multiplies `value` by.
  std::optional<double> factor_of(const Node& node, int32_t value) const {
    if (!is(node, "multiply") || !(node.outputs[0] == graph_.nodes()[value].outputs[0])) return {};
    return uniform_value(graph_, node.inputs[node.inputs[0].node == value ? 1 : 0]);
  }

  const Graph& graph_;
  const std::vector<int32_t> only_reader_;
};

}  // namespace

Graph fuse_relu_gradients(const Graph& source) {
  const std::map<int32_t, Masked> found = Matcher(source).run();
  if (found.empty()) return source;
  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) -> std::vector<Value> {
    inputs_of[id] = inputs;
    const Node& node = source.nodes()[id];
    const auto at = found.find(id);
    if (at == found.end()) return outputs_of(result, result.add(*node.op, inputs, node.attributes));
    const Masked& masked = at->second;
    const Node& product = source.nodes()[masked.product];
    std::vector<Value> operands = inputs_of[masked.product];
    operands.push_back(reshape(result, inputs_of[masked.relu_grad][1], product.outputs[0].shape));
    Attributes attributes = product.attributes;
    attributes.set("has_mask", true);
    if (masked.factor != 1) attributes.set("mask_factor", masked.factor);
    const char* op = is(product, "matmul") ? "gemm" : product.op->name;
    return {reshape(result, result.emit(op, operands, attributes), node.outputs[0].shape)};
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
