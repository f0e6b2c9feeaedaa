// Rewriting: a graph is copied node by node into a new one, and on the way each new node may be replaced by a
// rule.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/op.h"

namespace pronghorn {

class Rewriter;

// What stands for `node`, which is already in rewriter.graph(), or an invalid Value. Rules look backwards
// only, at what a node reads, and build what replaces it with Rewriter::emit; what nothing reads any more
// disappears when the copy is complete.
using Rule = Value (*)(Rewriter& rewriter, const Node& node);

struct RuleRow {
  const char* op;  // "*": every op with one output
  Rule rule;
};

class Rewriter {
 public:
  explicit Rewriter(std::vector<RuleRow> rules);

  Graph& graph() { return graph_; }
  const Node& node(Value value) const { return graph_.node(value); }
  const TensorType& type(Value value) const { return graph_.type(value); }
  const Shape& shape(Value value) const { return graph_.shape(value); }
  bool is(Value value, std::string_view op) const { return op == graph_.node(value).op->name; }

  // A node of the new graph, after the rules.
  Value emit(const std::string& op, std::vector<Value> inputs, Attributes attributes = {});
  Value emit(const OpDef& op, std::vector<Value> inputs, Attributes attributes = {});
  Value cast(Value value, DType dtype);
  Value reshape(Value value, const Shape& shape);
  Value transpose(Value value, const std::vector<int64_t>& axes);
  Value broadcast_to(Value value, const Shape& shape);
  Value scalar(double value, DType dtype);

  // The copy of `source` after the rules, without dead nodes. Once per Rewriter.
  Graph run(const Graph& source);

 private:
  Value simplified(int32_t id);

  std::vector<RuleRow> rules_;
  std::unordered_map<const OpDef*, std::vector<Rule>> rules_of_;
  std::unordered_map<int32_t, Value> replaced_;  // node of the new graph -> what the rules made of it
  Graph graph_;
};

// Copies `source` into the empty graph `result`. `replacement(id, inputs)` appends what stands for each live
// node, whose inputs in the new graph are given, and returns one Value per output. Feeds and states keep
// their order and index, unread ones included.
using Replacement = std::function<std::vector<Value>(int32_t id, const std::vector<Value>& inputs)>;
void copy_graph(const Graph& source, Graph& result, const Replacement& replacement);

// The same with the table of copies, per node and output, in the caller's hands: a replacement may redirect
// what later nodes, fetches and updates read.
using Copies = std::vector<std::vector<Value>>;
void copy_graph(const Graph& source, Graph& result, const Replacement& replacement, Copies& copies);
Graph without_dead_nodes(const Graph& source);
std::vector<Value> outputs_of(const Graph& graph, int32_t id);

// Which nodes fetches, updates or effects need.
std::vector<bool> live_nodes(const Graph& graph);

// Per node, how often its output 0 is read by live nodes, fetches and updates.
std::vector<int> reader_counts(const Graph& graph);

// Per node the only reader of its output 0, -1 where there is not exactly one or where it is also a result.
std::vector<int32_t> only_readers(const Graph& graph);

}  // namespace pronghorn
