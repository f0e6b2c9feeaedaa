// The graph: an append-only list of nodes with static shapes. Ids are indices, so the order of insertion is a
// topological order.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/tensor.h"
#include "graph/attributes.h"
#include "graph/state.h"

namespace pronghorn {

struct OpDef;

// One output of one node.
struct Value {
  int32_t node = -1;
  int32_t output = 0;

  bool valid() const { return node >= 0; }
  bool operator==(const Value& other) const = default;
};

struct Node {
  const OpDef* op = nullptr;
  std::vector<Value> inputs;
  Attributes attributes;
  std::vector<TensorType> outputs;
};

struct Feed {
  std::string name;
  Value value;
};
struct StateRead {
  State state;
  Value value;
};
struct Update {   // state := value, after every reader of the old content
  int32_t state;  // index into states()
  Value value;
};

class Graph {
 public:
  // --- sources
  Value feed(const std::string& name, const TensorType& type);
  Value state(const State& state);  // the same Value each time for the same state
  Value constant(const Tensor& tensor);

  // --- nodes. Shapes and attributes are checked here, once: throws Error naming the op, what was expected
  // and what came. An equal node (same op, inputs and attributes) is returned instead of a second one, unless
  // its op has effects.
  int32_t add(const OpDef& op, std::vector<Value> inputs, Attributes attributes = {});
  int32_t add(const std::string& op, std::vector<Value> inputs, Attributes attributes = {});
  Value emit(const std::string& op, std::vector<Value> inputs, Attributes attributes = {});  // output 0

  // --- results
  void fetch(Value value) { fetches_.push_back(value); }
  void update(const State& state,
              Value value);  // the last update of a state wins; throws if the types differ

  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(Value value) const { return nodes_[value.node]; }
  const TensorType& type(Value value) const { return nodes_[value.node].outputs[value.output]; }
  const Shape& shape(Value value) const { return type(value).shape; }
  DType dtype(Value value) const { return type(value).dtype; }

  const std::vector<Feed>& feeds() const { return feeds_; }
  const std::vector<StateRead>& states() const { return states_; }
  const std::vector<Tensor>& constants() const { return constants_; }
  const std::vector<Value>& fetches() const { return fetches_; }
  const std::vector<Update>& updates() const { return updates_; }

  bool is_constant(Value value) const;
  const Tensor& constant_of(Value value) const;  // precondition: is_constant(value)

 private:
  int32_t append(Node node);

  std::vector<Node> nodes_;
  std::vector<Feed> feeds_;
  std::vector<StateRead> states_;
  std::vector<Tensor> constants_;
  std::vector<Value> fetches_;
  std::vector<Update> updates_;
  std::unordered_multimap<size_t, int32_t> known_;  // hash of a node -> its id
};

std::string to_string(const Graph& graph);  // a line per node, for people and tests

// Throws Error (Internal) unless inputs precede their node, shapes follow from the ops' rules, and fetches
// and updates exist.
void verify(const Graph& graph);

}  // namespace pronghorn
