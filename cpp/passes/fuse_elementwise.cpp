// Elementwise ops that feed each other become one node, so that intermediate results stay in the L1 cache and
// a chain is one step.
//
// A group has one result and grows from it towards what it reads. An op joins if all its readers are in the
// group and its result has the group's shape; what is only broadcast into that shape stays an input, and a
// broadcast_to in front of it is not carried out.
#include <algorithm>
#include <map>
#include <queue>
#include <set>

#include "graph/ops/elementwise.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

constexpr size_t most_instructions = 32, most_inputs = 16;
constexpr int most_registers = 12;

bool is_elementwise(const Node& node) {
  return node.op->has(elementwise) && tile_op_from_name(node.op->name) >= 0;
}

Value before_broadcast(const Graph& graph, Value value) {
  while (std::string_view(graph.node(value).op->name) == "broadcast_to") value = graph.node(value).inputs[0];
  return value;
}

struct Group {
  TileProgram program;
  std::vector<Value> inputs;  // of `graph`
  std::vector<TensorType> types;
};

// The program of `members`, ascending and the result last. `graph` holds them and what they read.
Group assemble(const Graph& graph, const std::set<int32_t>& members) {
  Group group;
  std::map<int32_t, int> instruction_of;
  for (int32_t id : members) {
    const Node& node = graph.nodes()[id];
    std::vector<TensorType> types;
    for (Value input : node.inputs) types.push_back(graph.type(input));
    TileInstruction instruction = tile_instruction(*node.op, types, node.outputs[0], node.attributes);
    instruction.source = {};
    for (size_t k = 0; k < node.inputs.size(); k++) {
      if (auto made = instruction_of.find(node.inputs[k].node); made != instruction_of.end()) {
        instruction.source[k] = ~made->second;
        continue;
      }
      const Value input = before_broadcast(graph, node.inputs[k]);
      const auto at = std::find(group.inputs.begin(), group.inputs.end(), input);
      instruction.source[k] = static_cast<int>(at - group.inputs.begin());
      if (at == group.inputs.end()) {
        group.inputs.push_back(input);
        group.types.push_back(graph.type(input));
      }
    }
    instruction_of[id] = static_cast<int>(group.program.instructions.size());
    group.program.instructions.push_back(instruction);
  }
  group.program.outputs = {static_cast<int>(members.size()) - 1};
  return group;
}

class Grouper {
 public:
  explicit Grouper(const Graph& graph)
      : graph_(graph), readers_(reader_counts(graph)), taken_(graph.nodes().size(), false) {}

  // By result. Groups of one are left out.
  std::map<int32_t, std::set<int32_t>> run() {
    std::map<int32_t, std::set<int32_t>> groups;
    const std::vector<bool> live = live_nodes(graph_);
    for (int32_t id = static_cast<int32_t>(live.size()) - 1; id >= 0; id--) {
      if (!live[id] || taken_[id] || !is_elementwise(graph_.nodes()[id])) continue;
      std::set<int32_t> members = grow(id);
      if (members.size() > 1) groups[id] = std::move(members);
    }
    return groups;
  }

 private:
  std::set<int32_t> grow(int32_t result) {
    const Shape& shape = graph_.nodes()[result].outputs[0].shape;
    std::set<int32_t> members;
    std::map<int32_t, int> uses;              // by members
    std::priority_queue<int32_t> candidates;  // the latest first: then all its readers have been decided
    auto add = [&](int32_t id) {
      members.insert(id);
      taken_[id] = true;
      for (Value input : graph_.nodes()[id].inputs)
        if (uses[input.node]++ == 0) candidates.push(input.node);
    };
    add(result);
    while (!candidates.empty()) {
      const int32_t id = candidates.top();
      candidates.pop();
      const Node& node = graph_.nodes()[id];
      if (taken_[id] || !is_elementwise(node) || !(node.outputs[0].shape == shape) ||
          uses[id] != readers_[id])
        continue;
      std::set<int32_t> larger = members;
      larger.insert(id);
      if (fits(larger, shape)) add(id);
    }
    return members;
  }

  bool fits(const std::set<int32_t>& members, const Shape& shape) const {
    if (members.size() > most_instructions) return false;
    const Group group = assemble(graph_, members);
    return group.inputs.size() <= most_inputs &&
           TileKernel::registers(group.program, group.types, shape) <= most_registers;
  }

  const Graph& graph_;
  const std::vector<int> readers_;
  std::vector<bool> taken_;
};

}  // namespace

Graph fuse_elementwise(const Graph& source) {
  const std::map<int32_t, std::set<int32_t>> groups = Grouper(source).run();
  if (groups.empty()) return source;
  Graph result;
  std::vector<int32_t> copies(source.nodes().size(), -1);
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    const Node& node = source.nodes()[id];
    copies[id] = result.add(*node.op, inputs, node.attributes);
    const auto found = groups.find(id);
    if (found == groups.end()) return outputs_of(result, copies[id]);
    std::set<int32_t> members;  // in the new graph, where they are copies without readers but this
    for (int32_t member : found->second) members.insert(copies[member]);
    const Group group = assemble(result, members);
    return std::vector<Value>{
        result.emit("fused", group.inputs, fused_attributes(group.program, node.outputs[0].shape))};
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
