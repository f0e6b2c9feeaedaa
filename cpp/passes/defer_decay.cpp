// Where the gradient is 0, rmsprop and adadelta only let their slots shrink. For the rows of a large table
// that a step does not touch, the optimizer puts that off and keeps a record, which belongs to the slot's
// state. That is right as long as nobody else in the program uses the slots.
#include <algorithm>

#include "graph/ops/optimizer_gradients.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

constexpr int64_t cache_line = 64;  // of a row at least that long the record is a small part

class Finder {
 public:
  explicit Finder(const Graph& graph)
      : graph_(graph), live_(live_nodes(graph)), only_reader_(only_readers(graph)) {}

  const State& state_of(Value slot) const {
    return graph_.states()[graph_.node(slot).attributes.get<int64_t>("index")].state;
  }

  // The parameters of a node whose slots may lag.
  std::vector<int64_t> deferred(int32_t id) const {
    const Node& node = graph_.nodes()[id];
    const std::string_view op = node.op->name;
    std::vector<int64_t> found;
    if ((op != "rmsprop" && op != "adadelta") || node.attributes.find("deferred")) return found;
    const OptimizerLayout layout(node.attributes);
    for (int64_t parameter : node.attributes.get<std::vector<int64_t>>("sparse", {})) {
      const TensorType& table = node.outputs[parameter];
      const int64_t rows = table.shape[0],
                    indices = graph_.shape(node.inputs[layout.gradients[parameter].input]).count();
      bool only_here = indices < rows && static_cast<int64_t>(table.bytes()) >= rows * cache_line;
      for (int k = 1; k <= layout.slots(node.outputs.size()); k++)
        only_here = only_here && is_only_here(id, layout, k * layout.n + static_cast<int>(parameter));
      if (only_here) found.push_back(parameter);
    }
    return found;
  }

 private:
  // Is this slot a state that nothing but the node reads, and its result what that state becomes, and no
  // more?
  bool is_only_here(int32_t id, const OptimizerLayout& layout, int output) const {
    const Value slot = graph_.nodes()[id].inputs[layout.first_param + output], result = {id, output};
    if (std::string_view(graph_.node(slot).op->name) != "state" || only_reader_[slot.node] != id ||
        !state_of(slot)->may_lag)
      return false;
    for (int32_t reader = id + 1; reader < static_cast<int32_t>(live_.size()); reader++) {
      const std::vector<Value>& inputs = graph_.nodes()[reader].inputs;
      if (live_[reader] && std::count(inputs.begin(), inputs.end(), result) > 0) return false;
    }
    if (std::count(graph_.fetches().begin(), graph_.fetches().end(), result) > 0) return false;
    int updates = 0, own = 0;
    for (const Update& update : graph_.updates())
      if (update.value == result) {
        updates++;
        own += graph_.states()[update.state].value == slot;
      }
    return updates == 1 && own == 1;
  }

  const Graph& graph_;
  const std::vector<bool> live_;
  const std::vector<int32_t> only_reader_;
};

}  // namespace

Graph defer_decay(const Graph& source) {
  const Finder finder(source);
  Graph result;
  std::vector<std::pair<State, Value>> records;  // and what they become
  copy_graph(source, result, [&](int32_t id, std::vector<Value> inputs) {
    const Node& node = source.nodes()[id];
    const std::vector<int64_t> deferred = finder.deferred(id);
    if (deferred.empty()) return outputs_of(result, result.add(*node.op, inputs, node.attributes));
    const OptimizerLayout layout(node.attributes);
    const auto outputs = static_cast<int>(node.outputs.size());
    std::vector<State> lags;
    for (int64_t parameter : deferred)
      for (int k = 1; k <= layout.slots(node.outputs.size()); k++) {
        const Value slot = node.inputs[layout.first_param + k * layout.n + parameter];
        lags.push_back(finder.state_of(slot)->lag());
        inputs.push_back(result.state(lags.back()));
      }
    Attributes attributes = node.attributes;
    attributes.set("deferred", deferred);
    const int32_t added = result.add(*node.op, inputs, attributes);
    for (const State& lag : lags)
      records.push_back({lag, {added, outputs + static_cast<int32_t>(&lag - lags.data())}});
    std::vector<Value> values = outputs_of(result, added);
    values.resize(outputs);
    return values;
  });
  for (const auto& [lag, value] : records) result.update(lag, value);
  return result;
}

}  // namespace pronghorn
