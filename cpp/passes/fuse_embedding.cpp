// A text names the same words again and again. Where the rows that an embedding takes are only multiplied by
// a matrix, as by the kernel of a recurrent layer, each distinct row is multiplied once, and the results are
// handed out by index; the gradients likewise, if the optimizer takes that of the table by its rows.
#include <map>

#include "graph/ops/optimizer_gradients.h"
#include "passes/fuse.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

constexpr int32_t none = -1;
constexpr int64_t worthwhile = int64_t{1} << 21;  // multiplications

// What is replaced together, by id. Without gradients the last four are none.
struct Embedding {
  int32_t take = none, product = none;
  int32_t by_weights = none, by_rows = none;  // the products that are the gradients
  int32_t optimizer = none;
  int64_t parameter = none;
};

bool is(const Node& node, std::string_view op) {
  return op == node.op->name;
}

bool flag(const Node& node, const char* name) {
  return node.attributes.get<bool>(name, false);
}

// Which input of an optimizer holds the indices of a sparse gradient; the updates follow.
int place_of_indices(const Node& optimizer, int64_t parameter) {
  return OptimizerLayout(optimizer.attributes).gradients[parameter].input;
}

class Matcher {
 public:
  explicit Matcher(const Graph& graph)
      : graph_(graph), live_(live_nodes(graph)), only_reader_(only_readers(graph)), readers_(live_.size()) {
    for (int32_t id = 0; id < count(); id++)
      if (live_[id])
        for (Value input : node(id).inputs) readers_[input.node].push_back(id);
    for (Value value : graph.fetches()) readers_[value.node].push_back(none);
    for (const Update& update : graph.updates()) readers_[update.value.node].push_back(none);
  }

  std::vector<Embedding> run() const {
    std::vector<Embedding> found;
    for (int32_t id = 0; id < count(); id++)
      if (Embedding e; live_[id] && match(id, e)) found.push_back(e);
    return found;
  }

 private:
  int32_t count() const { return static_cast<int32_t>(live_.size()); }
  const Node& node(int32_t id) const { return graph_.nodes()[id]; }
  Value behind_views(Value value) const {
    while (graph_.node(value).op->has(view)) value = graph_.node(value).inputs[0];
    return value;
  }

  // Readers of a node, behind views.
  void collect_readers(int32_t id, std::vector<int32_t>& into) const {
    for (int32_t reader : readers_[id]) {
      if (reader != none && node(reader).op->has(view))
        collect_readers(reader, into);
      else
        into.push_back(reader);
    }
  }

  bool match(int32_t id, Embedding& e) const {
    const Node& take = node(id);
    if (!is(take, "take") || take.attributes.get<int64_t>("axis", 0) != 0 ||
        !is_float(take.outputs[0].dtype) || graph_.shape(take.inputs[0]).rank() != 2)
      return false;
    e.take = id;
    std::vector<int32_t> readers;
    collect_readers(id, readers);
    for (int32_t reader : readers)
      if (reader == none || !assign(reader, e)) return false;
    if (e.product == none) return false;
    const Shape& weights = graph_.shape(node(e.product).inputs[1]);
    const int64_t rows = node(e.product).outputs[0].shape[0];
    if (rows * weights.count() < worthwhile || weights[1] > 4 * weights[0]) return false;
    return e.by_weights == none || match_update(e);
  }

  // Is `reader` the product with the weights, or the gradient by them?
  bool assign(int32_t reader, Embedding& e) const {
    const Node& n = node(reader);
    if ((!is(n, "matmul") && !is(n, "gemm")) || n.outputs[0].shape.rank() != 2 ||
        behind_views(n.inputs[0]).node != e.take || behind_views(n.inputs[1]).node == e.take ||
        flag(n, "transpose_b") || flag(n, "has_residual") ||
        n.attributes.get<std::string>("activation", "linear") != "linear")
      return false;
    int32_t& place = flag(n, "transpose_a") ? e.by_weights : e.product;
    if (place != none || (flag(n, "transpose_a") && !is(n, "matmul"))) return false;
    place = reader;
    return true;
  }

  // The optimizer that takes the gradient by the table row by row, and the product that this is.
  bool match_update(Embedding& e) const {
    const Node &take = node(e.take), &product = node(e.product), &by_weights = node(e.by_weights);
    for (int32_t id = e.by_weights; id < count(); id++) {
      const Node& optimizer = node(id);
      if (!live_[id] || !optimizer.op->has(inplace_pairs)) continue;
      for (int64_t parameter : optimizer.attributes.get<std::vector<int64_t>>("sparse", {})) {
        const auto [indices, updates] = sparse_inputs(optimizer, parameter);
        const Value gradient = behind_views(updates);
        const Node& n = graph_.node(gradient);
        if (!(indices == take.inputs[1]) || !is(n, "matmul") || flag(n, "transpose_a") ||
            !flag(n, "transpose_b") || !(n.inputs[0] == by_weights.inputs[1]) ||
            !(n.inputs[1] == product.inputs[1]) || !read_once(updates, gradient.node))
          continue;
        e.by_rows = gradient.node, e.optimizer = id, e.parameter = parameter;
        return true;
      }
    }
    return false;
  }

  // Is the node read by nothing but the views in front of `value`, and that by one reader?
  bool read_once(Value value, int32_t id) const {
    for (; value.node != id; value = graph_.node(value).inputs[0])
      if (only_reader_[value.node] == none) return false;
    return only_reader_[id] != none;
  }

  std::pair<Value, Value> sparse_inputs(const Node& optimizer, int64_t parameter) const {
    const auto at = place_of_indices(optimizer, parameter);
    return {optimizer.inputs[at], optimizer.inputs[at + 1]};
  }

  const Graph& graph_;
  const std::vector<bool> live_;
  const std::vector<int32_t> only_reader_;
  std::vector<std::vector<int32_t>> readers_;  // of any output; none: a fetch or an update
};

}  // namespace

Graph fuse_embeddings(const Graph& source) {
  const std::vector<Embedding> embeddings = Matcher(source).run();
  if (embeddings.empty()) return source;
  std::map<int32_t, const Embedding*> part_of;  // by each id that is replaced, but for optimizers
  for (const Embedding& e : embeddings)
    for (int32_t id : {e.take, e.product, e.by_weights, e.by_rows})
      if (id != none) part_of[id] = &e;

  Graph result;
  std::map<const Embedding*, int32_t> rows_of;   // the node distinct_rows
  std::map<const Embedding*, Value> weights_of;  // in the new graph
  copy_graph(source, result, [&](int32_t id, std::vector<Value> inputs) -> std::vector<Value> {
    const Node& node = source.nodes()[id];
    Attributes attributes = node.attributes;
    if (const auto found = part_of.find(id); found != part_of.end()) {
      const Embedding* e = found->second;
      if (id == e->take) {
        rows_of[e] = result.add("distinct_rows", inputs);
        const Value rows{rows_of[e], 0};  // read by none of the nodes that stay
        return {result.emit("reshape", {rows}, {{"shape", node.outputs[0].shape.vector()}})};
      }
      const int32_t rows = rows_of[e];
      if (id == e->product) {
        weights_of[e] = inputs[1];
        inputs[0] = {rows, 0};
        inputs.insert(inputs.end(), {{rows, 1}, {rows, 3}});
        return {result.emit("distinct_matmul", inputs, {{"has_bias", flag(node, "has_bias")}})};
      }
      const Value diff = id == e->by_weights ? inputs[1] : inputs[0];
      const int32_t grad =
          result.add("distinct_matmul_grad", {{rows, 0}, weights_of[e], diff, {rows, 1}, {rows, 3}});
      return {{grad, id == e->by_weights ? 0 : 1}};
    }
    std::vector<int64_t> distinct;
    for (const Embedding& e : embeddings)
      if (e.optimizer == id) {
        inputs[place_of_indices(node, e.parameter)] = {rows_of[&e], 2};
        distinct.push_back(e.parameter);
      }
    if (!distinct.empty()) attributes.set("distinct", distinct);
    return outputs_of(result, result.add(*node.op, inputs, attributes));
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
