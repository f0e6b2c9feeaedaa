#include "passes/rewrite.h"

#include "graph/build.h"

namespace pronghorn {
namespace {

std::string_view name_of(const Node& node) {
  return node.op->name;
}

}  // namespace

std::vector<bool> live_nodes(const Graph& graph) {
  std::vector<bool> live(graph.nodes().size(), false);
  for (Value value : graph.fetches()) live[value.node] = true;
  for (const Update& update : graph.updates()) live[update.value.node] = true;
  for (size_t id = live.size(); id-- > 0;) {
    const Node& node = graph.nodes()[id];
    if (node.op->has(effect)) live[id] = true;
    if (live[id])
      for (Value input : node.inputs) live[input.node] = true;
  }
  return live;
}

std::vector<int> reader_counts(const Graph& graph) {
  std::vector<int> readers(graph.nodes().size(), 0);
  const std::vector<bool> live = live_nodes(graph);
  auto count = [&](Value value) { readers[value.node] += value.output == 0; };
  for (size_t id = 0; id < live.size(); id++)
    if (live[id])
      for (Value input : graph.nodes()[id].inputs) count(input);
  for (Value value : graph.fetches()) count(value);
  for (const Update& update : graph.updates()) count(update.value);
  return readers;
}

std::vector<int32_t> only_readers(const Graph& graph) {
  const std::vector<int> counts = reader_counts(graph);
  const std::vector<bool> live = live_nodes(graph);
  std::vector<int32_t> readers(graph.nodes().size(), -1);
  for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++)
    if (live[id])
      for (Value input : graph.nodes()[id].inputs)
        if (input.output == 0 && counts[input.node] == 1) readers[input.node] = id;
  return readers;
}

void copy_graph(const Graph& source, Graph& result, const Replacement& replacement) {
  Copies copies;
  copy_graph(source, result, replacement, copies);
}

void copy_graph(const Graph& source, Graph& result, const Replacement& replacement, Copies& copies) {
  const std::vector<bool> live = live_nodes(source);
  copies.assign(source.nodes().size(), {});
  for (const Feed& feed : source.feeds())
    copies[feed.value.node] = {result.feed(feed.name, source.type(feed.value))};
  for (const StateRead& read : source.states()) copies[read.value.node] = {result.state(read.state)};

  auto copy_of = [&](Value value) { return copies[value.node][value.output]; };
  for (int32_t id = 0; id < static_cast<int32_t>(live.size()); id++) {
    if (!live[id] || !copies[id].empty()) continue;
    const Node& node = source.nodes()[id];
    if (name_of(node) == "constant") {
      copies[id] = {result.constant(source.constant_of({id, 0}))};
      continue;
    }
    std::vector<Value> inputs;
    inputs.reserve(node.inputs.size());
    for (Value input : node.inputs) inputs.push_back(copy_of(input));
    copies[id] = replacement(id, inputs);
  }

  for (Value value : source.fetches()) result.fetch(copy_of(value));
  for (const Update& update : source.updates())
    result.update(source.states()[update.state].state, copy_of(update.value));
}

std::vector<Value> outputs_of(const Graph& graph, int32_t id) {
  std::vector<Value> values;
  for (int32_t i = 0; i < static_cast<int32_t>(graph.nodes()[id].outputs.size()); i++)
    values.push_back({id, i});
  return values;
}

Graph without_dead_nodes(const Graph& source) {
  Graph result;
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    const Node& node = source.nodes()[id];
    return outputs_of(result, result.add(*node.op, inputs, node.attributes));
  });
  return result;
}

Rewriter::Rewriter(std::vector<RuleRow> rules) : rules_(std::move(rules)) {}

Value Rewriter::simplified(int32_t id) {
  if (auto known = replaced_.find(id); known != replaced_.end()) return known->second;
  const Node node = graph_.nodes()[id];  // a copy: rules append
  Value result{id, 0};
  replaced_[id] = result;  // a rule that comes back to the same node leaves it as it is
  if (node.outputs.size() == 1 && !node.op->has(effect)) {
    auto [rules, first_time] = rules_of_.try_emplace(node.op);
    if (first_time)
      for (const RuleRow& row : rules_)
        if (std::string_view(row.op) == "*" || name_of(node) == row.op) rules->second.push_back(row.rule);
    // Not by reference: a rule that emits an op seen for the first time may move the table.
    const std::vector<Rule> candidates = rules->second;
    for (Rule rule : candidates) {
      const Value replacement = rule(*this, node);
      if (!replacement.valid()) continue;
      if (!(graph_.type(replacement) == node.outputs[0]))
        fail(ErrorKind::Internal, "simplify: ", node.op->name, " is ", node.outputs[0], ", its replacement ",
             graph_.node(replacement).op->name, " is ", graph_.type(replacement));
      result = replacement;
      break;
    }
  }
  replaced_[id] = result;
  return result;
}

Value Rewriter::emit(const OpDef& op, std::vector<Value> inputs, Attributes attributes) {
  return simplified(graph_.add(op, std::move(inputs), std::move(attributes)));
}

Value Rewriter::emit(const std::string& op, std::vector<Value> inputs, Attributes attributes) {
  return emit(find_op(op), std::move(inputs), std::move(attributes));
}

Value Rewriter::cast(Value value, DType dtype) {
  return type(value).dtype == dtype
             ? value
             : emit("cast", {value}, {{"dtype", std::string(pronghorn::name_of(dtype))}});
}

Value Rewriter::reshape(Value value, const Shape& to) {
  return shape(value) == to ? value : emit("reshape", {value}, {{"shape", to.vector()}});
}

Value Rewriter::transpose(Value value, const std::vector<int64_t>& axes) {
  return emit("transpose", {value}, {{"axes", axes}});
}

Value Rewriter::broadcast_to(Value value, const Shape& to) {
  return shape(value) == to ? value : emit("broadcast_to", {value}, {{"shape", to.vector()}});
}

Value Rewriter::scalar(double value, DType dtype) {
  return pronghorn::scalar(graph_, value, dtype);
}

Graph Rewriter::run(const Graph& source) {
  copy_graph(source, graph_, [&](int32_t id, const std::vector<Value>& inputs) {
    const Node& node = source.nodes()[id];
    const int32_t copy = graph_.add(*node.op, inputs, node.attributes);
    if (node.outputs.size() != 1) return outputs_of(graph_, copy);
    return std::vector<Value>{simplified(copy)};
  });
  return without_dead_nodes(graph_);
}

}  // namespace pronghorn
