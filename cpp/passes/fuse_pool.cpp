// The gradient through a maximum needs to know which element was the maximum, a byte for each window: where
// the maximum writes it, nobody has to keep, or read again, what it was taken of.
#include <map>

#include "kernels/pool/pool.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

using Integers = std::vector<int64_t>;

bool is(const Node& node, std::string_view op) {
  return op == node.op->name;
}

bool places_fit_a_byte(const Node& node) {
  int64_t elements = 1;
  for (int64_t size : node.attributes.get<Integers>("kernel")) elements *= size;
  return elements <= no_place;
}

// The max_pool whose gradient `node` is, or -1.
int32_t pool_of(const Graph& graph, const Node& node) {
  if (!is(node, "max_pool_grad") || !places_fit_a_byte(node)) return -1;
  const Node& pool = graph.node(node.inputs[1]);
  const bool fits =
      is(pool, "max_pool") && pool.inputs[0] == node.inputs[0] && pool.attributes == node.attributes;
  return fits ? node.inputs[1].node : -1;
}

}  // namespace

Graph fuse_max_pools(const Graph& source) {
  const std::vector<bool> live = live_nodes(source);
  std::map<int32_t, int32_t> places;  // max_pool of the source -> its node in the new graph, once it is there
  for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++)
    if (live[id])
      if (const int32_t pool = pool_of(source, source.nodes()[id]); pool >= 0) places[pool] = -1;
  if (places.empty()) return source;

  Graph result;
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) -> std::vector<Value> {
    const Node& node = source.nodes()[id];
    Attributes attributes = node.attributes;
    if (const auto pool = places.find(id); pool != places.end()) {
      attributes.set("has_places", true);
      pool->second = result.add(*node.op, inputs, attributes);
      return {{pool->second, 0}};
    }
    if (const int32_t pool = pool_of(source, node); pool >= 0) {
      attributes.set("shape", node.outputs[0].shape.vector());
      return {result.emit("max_pool_scatter", {{places.at(pool), 1}, inputs[2]}, attributes)};
    }
    return outputs_of(result, result.add(*node.op, inputs, attributes));
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
