#include "graph/graph.h"

#include <algorithm>
#include <sstream>

#include "graph/op.h"

namespace pronghorn {
namespace {

void mix(size_t& hash, size_t value) {
  hash ^= value + 0x9e3779b97f4a7c15ull + (hash << 6) + (hash >> 2);
}

size_t hash_of(const Node& node) {
  size_t hash = std::hash<const void*>()(node.op);
  for (Value input : node.inputs) mix(hash, (static_cast<size_t>(input.node) << 8) + input.output);
  mix(hash, std::hash<std::string>()(to_string(node.attributes)));
  return hash;
}

bool equal(const Node& a, const Node& b) {
  return a.op == b.op && a.inputs == b.inputs && a.attributes == b.attributes;
}

}  // namespace

int32_t Graph::append(Node node) {
  nodes_.push_back(std::move(node));
  return static_cast<int32_t>(nodes_.size()) - 1;
}

Value Graph::feed(const std::string& name, const TensorType& type) {
  const auto index = static_cast<int64_t>(feeds_.size());
  Value value{append({&find_op("feed"), {}, {{"index", index}}, {type}}), 0};
  feeds_.push_back({name, value});
  return value;
}

Value Graph::state(const State& state) {
  for (const StateRead& read : states_)
    if (read.state == state) return read.value;
  const auto index = static_cast<int64_t>(states_.size());
  Value value{append({&find_op("state"), {}, {{"index", index}}, {state->type}}), 0};
  states_.push_back({state, value});
  return value;
}

Value Graph::constant(const Tensor& tensor) {
  for (const Node& node : nodes_) {
    if (std::string_view(node.op->name) != "constant") continue;
    const auto index = node.attributes.get<int64_t>("index");
    const Tensor& known = constants_[index];
    if (known.type == tensor.type && known.type.bytes() <= 64 &&
        std::equal(known.data_as<char>(), known.data_as<char>() + known.type.bytes(), tensor.data_as<char>()))
      return {static_cast<int32_t>(&node - nodes_.data()), 0};
  }
  const auto index = static_cast<int64_t>(constants_.size());
  constants_.push_back(tensor);
  return {append({&find_op("constant"), {}, {{"index", index}}, {tensor.type}}), 0};
}

int32_t Graph::add(const OpDef& op, std::vector<Value> inputs, Attributes attributes) {
  std::vector<TensorType> types;
  types.reserve(inputs.size());
  for (Value input : inputs) {
    if (input.node < 0 || input.node >= static_cast<int32_t>(nodes_.size()) || input.output < 0 ||
        input.output >= static_cast<int32_t>(nodes_[input.node].outputs.size()))
      fail(ErrorKind::Value, op.name, ": an input is not a value of this graph");
    types.push_back(type(input));
  }
  Node node{&op, std::move(inputs), std::move(attributes), {}};
  const size_t hash = hash_of(node);
  if (!op.has(effect)) {
    auto [first, last] = known_.equal_range(hash);
    for (auto at = first; at != last; ++at)
      if (equal(nodes_[at->second], node)) return at->second;
  }
  node.outputs = op.infer({op, types, node.attributes});
  const int32_t id = append(std::move(node));
  known_.emplace(hash, id);
  return id;
}

int32_t Graph::add(const std::string& op, std::vector<Value> inputs, Attributes attributes) {
  return add(find_op(op), std::move(inputs), std::move(attributes));
}

Value Graph::emit(const std::string& op, std::vector<Value> inputs, Attributes attributes) {
  return {add(op, std::move(inputs), std::move(attributes)), 0};
}

void Graph::update(const State& state, Value value) {
  const Value read = this->state(state);
  require(type(value) == state->type, "an update of a variable must keep its type: the variable is ",
          state->type, ", the new value is ", type(value));
  const auto index = static_cast<int32_t>(node(read).attributes.get<int64_t>("index"));
  auto at = std::find_if(updates_.begin(), updates_.end(), [&](const Update& u) { return u.state == index; });
  if (at != updates_.end())
    at->value = value;
  else
    updates_.push_back({index, value});
}

bool Graph::is_constant(Value value) const {
  return std::string_view(node(value).op->name) == "constant";
}

const Tensor& Graph::constant_of(Value value) const {
  return constants_[node(value).attributes.get<int64_t>("index")];
}

std::string to_string(const Graph& graph) {
  std::ostringstream out;
  auto print = [&](Value value) {
    out << '%' << value.node;
    if (graph.node(value).outputs.size() > 1) out << '.' << value.output;
  };
  for (size_t id = 0; id < graph.nodes().size(); id++) {
    const Node& node = graph.nodes()[id];
    out << '%' << id << " = " << node.op->name << '(';
    for (size_t i = 0; i < node.inputs.size(); i++) {
      if (i) out << ", ";
      print(node.inputs[i]);
    }
    out << ')';
    if (!node.attributes.items().empty()) out << " {" << to_string(node.attributes) << '}';
    out << " :";
    for (const TensorType& type : node.outputs) out << ' ' << type;
    out << '\n';
  }
  for (Value value : graph.fetches()) {
    out << "fetch ";
    print(value);
    out << '\n';
  }
  for (const Update& update : graph.updates()) {
    out << "update state " << update.state << " := ";
    print(update.value);
    out << '\n';
  }
  return out.str();
}

}  // namespace pronghorn
