#include <algorithm>
#include <string_view>

#include "graph/op.h"

namespace pronghorn {
namespace {

template <class... Parts>
void check(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail(ErrorKind::Internal, "graph: ", parts...);
}

bool exists(const Graph& graph, Value value) {
  return value.node >= 0 && value.node < static_cast<int32_t>(graph.nodes().size()) && value.output >= 0 &&
         value.output < static_cast<int32_t>(graph.nodes()[value.node].outputs.size());
}

bool is_source(const Node& node) {
  const std::string_view name = node.op->name;
  return name == "feed" || name == "state" || name == "constant";
}

void verify_source(const Graph& graph, int32_t id) {
  const Node& node = graph.nodes()[id];
  const std::string_view name = node.op->name;
  const auto index = static_cast<size_t>(node.attributes.get<int64_t>("index"));
  check(node.inputs.empty() && node.outputs.size() == 1, name, " %", id, " has inputs or several outputs");
  if (name == "feed")
    check(index < graph.feeds().size() && graph.feeds()[index].value.node == id, "feed %", id,
          " is not feed ", index);
  else if (name == "state")
    check(index < graph.states().size() && graph.states()[index].value.node == id &&
              graph.states()[index].state->type == node.outputs[0],
          "state %", id, " is not state ", index, " or has changed its type");
  else
    check(index < graph.constants().size() && graph.constants()[index].type == node.outputs[0], "constant %",
          id, " is not constant ", index);
}

void verify_node(const Graph& graph, int32_t id) {
  const Node& node = graph.nodes()[id];
  std::vector<TensorType> types;
  for (Value input : node.inputs) {
    check(exists(graph, input) && input.node < id, node.op->name, " %", id, " reads %", input.node, ".",
          input.output, ", which does not precede it");
    types.push_back(graph.type(input));
  }
  const std::vector<TensorType> outputs = node.op->infer({*node.op, types, node.attributes});
  check(outputs.size() == node.outputs.size(), node.op->name, " %", id, " has ", node.outputs.size(),
        " outputs, its rule gives ", outputs.size());
  for (size_t i = 0; i < outputs.size(); i++)
    check(outputs[i] == node.outputs[i], node.op->name, " %", id, " output ", i, " is ", node.outputs[i],
          ", its rule gives ", outputs[i]);
}

}  // namespace

void verify(const Graph& graph) {
  for (int32_t id = 0; id < static_cast<int32_t>(graph.nodes().size()); id++)
    is_source(graph.nodes()[id]) ? verify_source(graph, id) : verify_node(graph, id);
  for (Value value : graph.fetches())
    check(exists(graph, value), "a fetch reads %", value.node, ", which does not exist");
  for (const Update& update : graph.updates()) {
    check(exists(graph, update.value), "an update reads %", update.value.node, ", which does not exist");
    check(update.state >= 0 && update.state < static_cast<int32_t>(graph.states().size()),
          "an update writes state ", update.state, ", which does not exist");
    check(graph.type(update.value) == graph.states()[update.state].state->type, "state ", update.state,
          " is updated with a value of another type");
  }
}

}  // namespace pronghorn
