#include "passes/lasting.h"

#include <algorithm>

#include "graph/op.h"

namespace pronghorn {

std::vector<bool> lasting_nodes(const Graph& graph) {
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<bool> lasting(nodes.size(), false), changing(nodes.size(), false);
  for (const Update& update : graph.updates()) {
    changing[graph.states()[update.state].value.node] = true;
    Value value = update.value;
    while (nodes[value.node].op->has(view)) value = nodes[value.node].inputs[0];
    changing[value.node] = true;
  }
  for (size_t id = 0; id < nodes.size(); id++) {
    const Node& node = nodes[id];
    if (changing[id] || node.op->has(effect) || std::string_view(node.op->name) == "feed") continue;
    lasting[id] =
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](Value input) { return lasting[input.node]; });
  }
  return lasting;
}

}  // namespace pronghorn
