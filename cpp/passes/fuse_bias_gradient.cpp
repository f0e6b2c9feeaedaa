// The gradient by a convolution's bias is the sum of its result's gradient over all pixels, which the
// gradient by the weights reads anyway: both are made by one node.
#include <map>
#include <set>

#include "graph/build.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

using Integers = std::vector<int64_t>;

bool sums_pixels(const Graph& graph, const Node& node) {
  if (std::string_view(node.op->name) != "sum") return false;
  const int channels = graph.shape(node.inputs[0]).rank() - 1;
  std::set<int64_t> axes;
  for (int64_t axis : node.attributes.get<Integers>("axes"))
    axes.insert(normalize_axis(axis, channels + 1, "sum"));
  return static_cast<int>(axes.size()) == channels && !axes.contains(channels);
}

// A 1×1 convolution of many channels is a product of matrices, which has no room for another sum.
bool has_room(const Node& node) {
  if (std::string_view(node.op->name) != "conv_backward_weights") return false;
  const Shape& weights = node.outputs[0].shape;
  constexpr int64_t few_channels = 8;
  return weights.count() > weights[weights.rank() - 2] * weights.back() ||
         weights[weights.rank() - 2] <= few_channels;
}

}  // namespace

Graph fuse_bias_gradients(const Graph& source) {
  const std::vector<bool> live = live_nodes(source);
  struct Pair {
    int32_t weights = -1, bias = -1;
  };
  std::map<std::pair<int32_t, int32_t>, Pair> pairs;  // by the gradient that both read
  for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++) {
    const Node& node = source.nodes()[id];
    if (!live[id]) continue;
    if (has_room(node)) pairs[{node.inputs[1].node, node.inputs[1].output}].weights = id;
    if (sums_pixels(source, node)) pairs[{node.inputs[0].node, node.inputs[0].output}].bias = id;
  }
  std::map<int32_t, Pair> partner;  // by either node
  for (const auto& [diff, pair] : pairs) {
    // Where the sum comes first the product moves before it: what that reads must be there.
    if (pair.weights < 0 || pair.bias < 0 || source.nodes()[pair.weights].inputs[0].node >= pair.bias)
      continue;
    partner[pair.weights] = partner[pair.bias] = pair;
  }
  if (partner.empty()) return source;

  Graph result;
  Copies copies(source.nodes().size());
  std::map<int32_t, int32_t> made;  // conv_backward_weights of the source -> the node of the result for both
  copy_graph(
      source, result,
      [&](int32_t id, const std::vector<Value>& inputs) -> std::vector<Value> {
        const Node& node = source.nodes()[id];
        const auto found = partner.find(id);
        if (found == partner.end()) return outputs_of(result, result.add(*node.op, inputs, node.attributes));
        const Pair pair = found->second;
        if (!made.contains(pair.weights)) {
          const Node& weights = source.nodes()[pair.weights];
          std::vector<Value> operands;
          for (Value input : weights.inputs) operands.push_back(copies[input.node][input.output]);
          Attributes attributes = weights.attributes;
          attributes.set("has_diff_bias", true);
          made[pair.weights] = result.add(*weights.op, operands, attributes);
        }
        const Value both{made[pair.weights], 0};
        if (id == pair.weights) return {both};
        return {reshape(result, {both.node, 1}, node.outputs[0].shape)};
      },
      copies);
  return without_dead_nodes(result);
}

}  // namespace pronghorn
