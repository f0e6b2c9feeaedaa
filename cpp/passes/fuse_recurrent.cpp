// What surrounds an LSTM and its gradient: the gradient by the bias, a sum over all rows and steps of what
// the gradient writes, is made by it on the way; and where nothing else reads the outputs of all steps,
// forward leaves the states that the steps began with in their place, which the gradient by the weights
// needs.
#include <algorithm>
#include <map>
#include <set>

#include "graph/build.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

bool is(const Node& node, std::string_view op) {
  return op == node.op->name;
}

// The lstm_grad whose gradient by the gates `node` sums over rows and steps, or -1.
int32_t summed_gradient(const Graph& graph, const Node& node) {
  if (!is(node, "sum")) return -1;
  Value source = node.inputs[0];
  const int rank = graph.shape(source).rank();
  std::set<int64_t> axes;
  for (int64_t axis : node.attributes.get<std::vector<int64_t>>("axes"))
    axes.insert(normalize_axis(axis, rank, "sum"));
  if (static_cast<int>(axes.size()) != rank - 1 || axes.contains(rank - 1)) return -1;
  const int64_t columns = graph.shape(source).back();
  while (is(graph.node(source), "reshape")) source = graph.node(source).inputs[0];
  const bool whole = is(graph.node(source), "lstm_grad") && source.output == 0;
  return whole && graph.shape(source).back() == columns ? source.node : -1;
}

}  // namespace

Graph fuse_recurrences(const Graph& source) {
  const auto is_gradient = [](const Node& node) { return is(node, "lstm_grad"); };
  if (std::none_of(source.nodes().begin(), source.nodes().end(), is_gradient)) return source;
  const std::vector<bool> live = live_nodes(source);
  std::set<int32_t> sums_bias, needs_outputs;  // gradients; recurrences
  const auto read = [&](Value value) {
    if (value.output == 1) needs_outputs.insert(value.node);
  };
  for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++) {
    if (!live[id]) continue;
    const Node& node = source.nodes()[id];
    if (const int32_t gradient = summed_gradient(source, node); gradient >= 0) sums_bias.insert(gradient);
    for (size_t i = 0; i < node.inputs.size(); i++)
      if (!is_gradient(node) || i != 2) read(node.inputs[i]);
  }
  for (Value fetched : source.fetches()) read(fetched);
  for (const Update& update : source.updates()) read(update.value);
  const auto keeps_before = [&](Value h) {
    return is(source.node(h), "lstm") && h.output == 1 && !needs_outputs.contains(h.node);
  };
  std::set<int32_t> keepers;
  for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++)
    if (const Node& node = source.nodes()[id]; live[id] && is_gradient(node) && keeps_before(node.inputs[2]))
      keepers.insert(node.inputs[2].node);

  Graph result;
  std::map<int32_t, Value> bias;  // by the gradient in the source
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) -> std::vector<Value> {
    const Node& node = source.nodes()[id];
    if (const int32_t gradient = summed_gradient(source, node); gradient >= 0)
      return {reshape(result, bias.at(gradient), node.outputs[0].shape)};
    Attributes attributes = node.attributes;
    if (keepers.contains(id)) attributes.set("keeps_before", true);
    if (!is_gradient(node)) return outputs_of(result, result.add(*node.op, inputs, attributes));
    const bool has_before = keepers.contains(node.inputs[2].node), summed = sums_bias.contains(id);
    if (has_before) attributes.set("has_before", true);
    if (summed) attributes.set("sums_bias", true);
    std::vector<Value> outputs = outputs_of(result, result.add(*node.op, inputs, attributes));
    if (has_before) outputs.insert(outputs.begin() + 1, inputs[2]);
    if (summed) bias[id] = outputs.back(), outputs.pop_back();
    return outputs;
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
