#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "graph/build.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

constexpr int32_t none = -1;

std::string_view name_of(const Graph& graph, int32_t id) {
  return graph.nodes()[id].op->name;
}

// What a product (matmul or convolution) may do to its result while it is in registers. The ids are of nodes
// of the graph that is rewritten; each is read by the next alone.
struct Epilogue {
  int32_t product = none;
  int32_t result = none;  // the last node that is taken in
  struct Operand {
    int32_t node = none, input = none;  // the add, and which of its inputs
  };
  Operand bias, residual;
  std::string activation = "linear";
};

class Matcher {
 public:
  explicit Matcher(const Graph& graph) : graph_(graph), only_reader_(only_readers(graph)) {}

  std::map<int32_t, Epilogue> run() {  // by result
    const std::vector<bool> live = live_nodes(graph_);
    std::map<int32_t, Epilogue> found;
    for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++) {
      if (!live[id] || !is_product(graph_.nodes()[id])) continue;
      const Epilogue epilogue = match(id);
      if (epilogue.result != id) found[epilogue.result] = epilogue;
    }
    return found;
  }

 private:
  static bool is_product(const Node& node) {
    const std::string_view op = node.op->name;
    if (!is_float(node.outputs[0].dtype)) return false;
    // A matmul of batches of matrices has no rows that one bias could go along.
    if (op == "matmul") return node.outputs[0].shape.rank() == 2;
    return op == "conv";
  }

  Epilogue match(int32_t product) {
    Epilogue epilogue{product, product, {}, {}};
    while (take_add(epilogue)) continue;
    const int32_t next = only_reader_[epilogue.result];
    if (next != none)
      for (const char* activation : {"relu", "sigmoid", "tanh"})
        if (name_of(graph_, next) == activation) {
          epilogue.result = next;
          epilogue.activation = activation;
        }
    return epilogue;
  }

  bool take_add(Epilogue& epilogue) {
    const int32_t next = only_reader_[epilogue.result];
    if (next == none || name_of(graph_, next) != "add" || taken_.contains(next)) return false;
    const Node& add = graph_.nodes()[next];
    const TensorType& type = add.outputs[0];
    if (!(type == graph_.nodes()[epilogue.product].outputs[0])) return false;
    const int32_t other = add.inputs[0].node == epilogue.result ? 1 : 0;
    const Shape& shape = graph_.shape(add.inputs[other]);
    Epilogue::Operand* slot = epilogue.bias.node == none && is_per_channel(shape, type.shape) ? &epilogue.bias
                              : epilogue.residual.node == none && shape == type.shape ? &epilogue.residual
                                                                                      : nullptr;
    if (!slot) return false;
    *slot = {next, other};
    epilogue.result = next;
    taken_.insert(next);
    return true;
  }

  const Graph& graph_;
  const std::vector<int32_t> only_reader_;
  std::set<int32_t> taken_;
};

}  // namespace

bool is_per_channel(const Shape& operand, const Shape& shape) {
  return operand.count() == shape.back() && (operand.rank() == 0 || operand.back() == shape.back()) &&
         operand.rank() <= shape.rank();
}

Graph fuse_epilogues(const Graph& source) {
  const std::map<int32_t, Epilogue> epilogues = Matcher(source).run();
  if (epilogues.empty()) return source;

  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  auto fused = [&](const Epilogue& epilogue) {
    const Node& product = source.nodes()[epilogue.product];
    const bool is_matmul = std::string_view(product.op->name) == "matmul";
    std::vector<Value> inputs = inputs_of[epilogue.product];
    Attributes attributes = product.attributes;
    attributes.set("has_bias", epilogue.bias.node != none);
    attributes.set("has_residual", epilogue.residual.node != none);
    attributes.set("activation", epilogue.activation);
    if (epilogue.bias.node != none) {
      const Value bias = inputs_of[epilogue.bias.node][epilogue.bias.input];
      inputs.push_back(reshape(result, bias, {product.outputs[0].shape.back()}));
    }
    if (epilogue.residual.node != none)
      inputs.push_back(inputs_of[epilogue.residual.node][epilogue.residual.input]);
    return result.emit(is_matmul ? "gemm" : "conv", inputs, attributes);
  };
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    inputs_of[id] = inputs;
    if (auto found = epilogues.find(id); found != epilogues.end())
      return std::vector<Value>{fused(found->second)};
    return outputs_of(result, result.add(*source.nodes()[id].op, inputs, source.nodes()[id].attributes));
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
