// The gradient of a large weight matrix is a product that only the optimizer reads. The optimizer takes the
// two factors instead and computes it block by block, so that it never stands in memory as a whole. Likewise
// that of a table whose rows were taken by index: the optimizer takes the indices and the rows' gradients.
#include <algorithm>

#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

// Below it a gradient stays in the processor's caches until it is read.
constexpr int64_t worthwhile_bytes = int64_t{4} << 20;

bool is_large_product(const Graph& graph, Value value, const std::vector<int32_t>& only_reader) {
  const Node& node = graph.node(value);
  if (std::string_view(node.op->name) != "matmul" || only_reader[value.node] < 0) return false;
  const TensorType &type = node.outputs[0], &a = graph.type(node.inputs[0]), &b = graph.type(node.inputs[1]);
  return type.shape.rank() == 2 && static_cast<int64_t>(type.bytes()) >= worthwhile_bytes &&
         node.attributes.get<bool>("transpose_a", false) &&
         !node.attributes.get<bool>("transpose_b", false) &&
         2 * (a.count() + b.count()) < type.count();  // the factors are kept until the update
}

// Few rows of the first axis of a table.
bool is_sparse(const Graph& graph, Value value, const std::vector<int32_t>& only_reader) {
  const Node& node = graph.node(value);
  return std::string_view(node.op->name) == "scatter_add" && only_reader[value.node] >= 0 &&
         node.attributes.get<int64_t>("axis", 0) == 0 && is_float(node.outputs[0].dtype) &&
         graph.shape(node.inputs[1]).count() < node.outputs[0].count();
}

}  // namespace

Graph fuse_updates(const Graph& source) {
  const std::vector<int32_t> only_reader = only_readers(source);
  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    inputs_of[id] = inputs;
    const Node& node = source.nodes()[id];
    if (!node.op->has(inplace_pairs) || node.attributes.find("factored") || node.attributes.find("sparse"))
      return outputs_of(result, result.add(*node.op, inputs, node.attributes));
    const auto n = node.attributes.get<int64_t>("n");
    const auto first_param = node.attributes.get<int64_t>("inplace_from");
    const int64_t scalars = first_param - n;
    std::vector<Value> fused(inputs.begin(), inputs.begin() + scalars);
    std::vector<int64_t> factored, sparse;
    for (int64_t i = 0; i < n; i++) {
      const Value gradient = node.inputs[scalars + i];
      const bool is_product = is_large_product(source, gradient, only_reader);
      if (!is_product && !is_sparse(source, gradient, only_reader)) {
        fused.push_back(inputs[scalars + i]);
        continue;
      }
      const std::vector<Value>& parts = inputs_of[gradient.node];
      fused.insert(fused.end(), parts.begin(), parts.end());
      (is_product ? factored : sparse).push_back(i);
    }
    fused.insert(fused.end(), inputs.begin() + first_param, inputs.end());
    Attributes attributes = node.attributes;
    attributes.set("inplace_from", first_param + static_cast<int64_t>(factored.size() + sparse.size()));
    if (!factored.empty()) attributes.set("factored", factored);
    if (!sparse.empty()) attributes.set("sparse", sparse);
    return outputs_of(result, result.add(*node.op, fused, attributes));
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
