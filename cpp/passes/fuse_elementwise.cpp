// Elementwise ops that feed each other become one node, so that intermediate results stay in the L1 cache and
// a chain is one step.
//
// A group grows from its last op towards what it reads. An op joins if its result has the group's shape and
// whatever reads it from outside of the group comes after the group's last op, where the whole group is
// carried out: such results are stored, as further outputs. What is only broadcast into the group's shape
// stays an input, and a broadcast_to in front of it is not carried out.
#include <algorithm>
#include <limits>
#include <map>
#include <queue>
#include <set>

#include "graph/ops/elementwise.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

constexpr size_t most_instructions = 32, most_inputs = 16, most_outputs = 8;
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

// The program of `members`, in ascending order. `graph` holds them and what they read. Results are those of
// `outputs`, a part of the members.
Group assemble(const Graph& graph, const std::set<int32_t>& members, const std::vector<int32_t>& outputs) {
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
  for (int32_t id : outputs) group.program.outputs.push_back(instruction_of.at(id));
  return group;
}

class Grouper {
 public:
  explicit Grouper(const Graph& graph)
      : graph_(graph), readers_(graph.nodes().size()), taken_(graph.nodes().size(), false) {
    live_ = live_nodes(graph);
    for (int32_t id = 0; id < static_cast<int32_t>(live_.size()); id++)
      if (live_[id])
        for (Value input : graph.nodes()[id].inputs) readers_[input.node].push_back(id);
    for (Value value : graph.fetches()) readers_[value.node].push_back(the_end);
    for (const Update& update : graph.updates()) readers_[update.value.node].push_back(the_end);
  }

  struct Members {
    std::set<int32_t> all;
    std::vector<int32_t> outputs;  // ascending: the last op of the group is the last of them
  };

  // By last op. Groups of one are left out.
  std::map<int32_t, Members> run() {
    std::map<int32_t, Members> groups;
    for (int32_t id = static_cast<int32_t>(live_.size()) - 1; id >= 0; id--) {
      if (!live_[id] || taken_[id] || !is_elementwise(graph_.nodes()[id])) continue;
      const std::set<int32_t> members = grow(id);
      if (members.size() > 1) groups[id] = {members, outputs_of(members)};
    }
    return groups;
  }

 private:
  static constexpr int32_t the_end = std::numeric_limits<int32_t>::max();  // fetches and updates read then

  std::set<int32_t> grow(int32_t last) {
    const Shape& shape = graph_.nodes()[last].outputs[0].shape;
    std::set<int32_t> members;
    std::set<int32_t> seen;
    std::priority_queue<int32_t> candidates;  // the latest first: then all its readers have been decided
    auto add = [&](int32_t id) {
      members.insert(id);
      taken_[id] = true;
      for (Value input : graph_.nodes()[id].inputs)
        if (seen.insert(input.node).second) candidates.push(input.node);
    };
    add(last);
    while (!candidates.empty()) {
      const int32_t id = candidates.top();
      candidates.pop();
      const Node& node = graph_.nodes()[id];
      if (taken_[id] || !is_elementwise(node) || !(node.outputs[0].shape == shape)) continue;
      const bool joins = std::all_of(readers_[id].begin(), readers_[id].end(), [&](int32_t reader) {
        return reader > last || members.contains(reader);
      });
      if (!joins) continue;
      std::set<int32_t> larger = members;
      larger.insert(id);
      if (fits(larger, shape)) add(id);
    }
    return members;
  }

  std::vector<int32_t> outputs_of(const std::set<int32_t>& members) const {
    std::vector<int32_t> outputs;
    for (int32_t id : members)
      if (std::any_of(readers_[id].begin(), readers_[id].end(),
                      [&](int32_t reader) { return !members.contains(reader); }))
        outputs.push_back(id);
    return outputs;
  }

  bool fits(const std::set<int32_t>& members, const Shape& shape) const {
    const std::vector<int32_t> outputs = outputs_of(members);
    if (members.size() > most_instructions || outputs.size() > most_outputs) return false;
    const Group group = assemble(graph_, members, outputs);
    return group.inputs.size() <= most_inputs &&
           TileKernel::registers(group.program, group.types, shape) <= most_registers;
  }

  const Graph& graph_;
  std::vector<bool> live_;
  std::vector<std::vector<int32_t>> readers_;  // per node
  std::vector<bool> taken_;
};

}  // namespace

Graph fuse_elementwise(const Graph& source) {
  const std::map<int32_t, Grouper::Members> groups = Grouper(source).run();
  if (groups.empty()) return source;
  Graph result;
  Copies copies;
  auto copy = [&](int32_t id, const std::vector<Value>& inputs) {
    const Node& node = source.nodes()[id];
    const int32_t made = result.add(*node.op, inputs, node.attributes);
    const auto found = groups.find(id);
    if (found == groups.end()) return outputs_of(result, made);
    // In the new graph the members stand as copies, which nothing reads once the group is there.
    auto copy_of = [&](int32_t member) { return member == id ? made : copies[member][0].node; };
    std::set<int32_t> members;
    std::vector<int32_t> outputs;
    for (int32_t member : found->second.all) members.insert(copy_of(member));
    for (int32_t member : found->second.outputs) outputs.push_back(copy_of(member));
    const Group group = assemble(result, members, outputs);
    const int32_t fused =
        result.add("fused", group.inputs, fused_attributes(group.program, node.outputs[0].shape));
    for (size_t k = 0; k < outputs.size(); k++)
      copies[found->second.outputs[k]] = {{fused, static_cast<int32_t>(k)}};
    return copies[id];
  };
  copy_graph(source, result, copy, copies);
  return without_dead_nodes(result);
}

}  // namespace pronghorn
