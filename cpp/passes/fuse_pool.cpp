// The gradient through a maximum needs to know which element was the maximum, a byte for each window: where
// the maximum writes it, nobody has to keep, or read again, what it was taken of. A convolution of which only
// the maxima are read then writes nothing else.
#include <algorithm>
#include <map>

#include "graph/ops/conv.h"
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

// Windows side by side from the first element on; what is left at the end is in none.
bool is_plain(const Node& pool) {
  const auto none = [](const Integers& sizes) {
    return std::all_of(sizes.begin(), sizes.end(), [](int64_t size) { return size == 0; });
  };
  const Attributes& a = pool.attributes;
  return a.get<Integers>("kernel") == a.get<Integers>("strides") && none(a.get<Integers>("pads_before")) &&
         none(a.get<Integers>("pads_after"));
}

bool can_pool(const Graph& graph, const Node& convolution, const Node& pool) {
  std::vector<TensorType> inputs;
  for (Value input : convolution.inputs) inputs.push_back(graph.type(input));
  return conv_can_pool({*convolution.op, inputs, convolution.outputs, convolution.attributes},
                       pool.attributes.get<Integers>("kernel"));
}

// Whether `convolution` can keep the maxima of `pool` alone.
bool keeps_maxima(const Graph& graph, const Node& convolution, const Node& pool) {
  if (!is(convolution, "conv") || !is(pool, "max_pool") || !is_plain(pool)) return false;
  const Attributes& a = convolution.attributes;
  const auto activation = a.get<std::string>("activation", "linear");
  if (a.get<bool>("has_residual", false) || (activation != "linear" && activation != "relu")) return false;
  return can_pool(graph, convolution, pool);
}

// Whether `convolution` is a gradient that can take the maxima's gradients instead of what `scatter` makes of
// them.
bool takes_maxima(const Graph& graph, const Node& convolution, int32_t scatter) {
  const Node& node = graph.nodes()[scatter];
  const bool is_gradient = is(convolution, "conv_backward_data") || is(convolution, "conv_backward_weights");
  return is_gradient && convolution.inputs[1].node == scatter && convolution.inputs[0].node != scatter &&
         is_plain(node) && can_pool(graph, convolution, node);
}

}  // namespace

Graph fuse_pooled_convolutions(const Graph& source) {
  const std::vector<int32_t> only_reader = only_readers(source);
  const auto pooled = [&](int32_t convolution) {
    const int32_t pool = only_reader[convolution];
    return pool >= 0 && keeps_maxima(source, source.nodes()[convolution], source.nodes()[pool]);
  };
  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    inputs_of[id] = inputs;
    const Node& node = source.nodes()[id];
    if (!is(node, "max_pool") || !pooled(node.inputs[0].node))
      return outputs_of(result, result.add(*node.op, inputs, node.attributes));
    const Node& convolution = source.node(node.inputs[0]);
    Attributes attributes = convolution.attributes;
    attributes.set("pool", node.attributes.get<Integers>("kernel"));
    attributes.set("has_places", node.attributes.get<bool>("has_places", false));
    return outputs_of(result, result.add(*convolution.op, inputs_of[node.inputs[0].node], attributes));
  });
  return without_dead_nodes(result);
}

Graph fuse_pooled_gradients(const Graph& source) {
  const std::vector<bool> live = live_nodes(source);
  std::vector<int> others = reader_counts(source);  // of a scatter: the readers that need its result
  const auto scatter_of = [&](const Node& node) {
    const int32_t id = node.inputs.size() > 1 ? node.inputs[1].node : -1;
    const bool fits = id >= 0 && is(source.nodes()[id], "max_pool_scatter") && takes_maxima(source, node, id);
    return fits ? id : -1;
  };
  for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++)
    if (live[id])
      if (const int32_t scatter = scatter_of(source.nodes()[id]); scatter >= 0) others[scatter]--;

  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    inputs_of[id] = inputs;
    const Node& node = source.nodes()[id];
    const int32_t scatter = scatter_of(node);
    if (scatter < 0 || others[scatter] > 0)
      return outputs_of(result, result.add(*node.op, inputs, node.attributes));
    std::vector<Value> operands = inputs;
    operands[1] = inputs_of[scatter][1];
    operands.push_back(inputs_of[scatter][0]);
    Attributes attributes = node.attributes;
    attributes.set("pool", source.nodes()[scatter].attributes.get<Integers>("kernel"));
    return outputs_of(result, result.add(*node.op, operands, attributes));
  });
  return without_dead_nodes(result);
}

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
