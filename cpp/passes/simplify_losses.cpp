#include <algorithm>

#include "graph/build.h"
#include "passes/passes.h"
#include "passes/simplify.h"

namespace pronghorn {
namespace {

using Integers = std::vector<int64_t>;

bool is(const Graph& graph, Value value, std::string_view op) {
  return op == graph.node(value).op->name;
}

// Where `probabilities` is `activation` of some logits, seen through reshapes and transposes: the logits in
// the same shape. For softmax, which runs over the last axis, that axis must end up as the last one again.
Value logits_of(Graph& graph, Value probabilities, std::string_view activation) {
  std::vector<Node> moves;
  Value value = probabilities;
  int classes =
      graph.shape(value).rank() - 1;  // the axis of value that becomes the last one of probabilities
  while (!is(graph, value, activation)) {
    const Node node = graph.node(value);
    const std::string_view op = node.op->name;
    if (op == "transpose") {
      classes = static_cast<int>(node.attributes.get<Integers>("axes")[classes]);
    } else if (op == "reshape") {
      const Shape from = graph.shape(node.inputs[0]), to = graph.shape(value);
      const bool keeps_last =
          from.rank() > 0 && to.rank() > 0 && from.back() == to.back() && classes == to.rank() - 1;
      if (activation == "softmax" && !keeps_last) return {};
      classes = from.rank() - 1;
    } else {
      return {};
    }
    moves.push_back(node);
    value = node.inputs[0];
  }
  if (activation == "softmax" && classes != graph.shape(value).rank() - 1) return {};
  Value logits = graph.node(value).inputs[0];
  for (auto move = moves.rbegin(); move != moves.rend(); ++move)
    logits = {graph.add(*move->op, {logits}, move->attributes), 0};
  return logits;
}

struct StableLoss {
  const char *loss, *activation, *stable;
};
constexpr StableLoss stable_losses[] = {
    {"categorical_crossentropy", "softmax", "softmax_cross_entropy"},
    {"sparse_categorical_crossentropy", "softmax", "sparse_softmax_cross_entropy"},
    {"binary_crossentropy", "sigmoid", "sigmoid_cross_entropy"},
};

Value cross_entropy(Rewriter& r, const Node& node) {
  const Value loss{r.graph().add(*node.op, node.inputs, node.attributes), 0};
  const Value stable = stabilized(r.graph(), loss);
  return stable == loss ? Value{} : stable;
}

Value log(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  if (r.is(x, "softmax")) return r.emit("log_softmax", {r.node(x).inputs[0]}, r.node(x).attributes);
  if (r.is(x, "sigmoid"))  // log(1 / (1 + e^-x)) = -log(1 + e^-x)
    return r.emit("negative", {r.emit("softplus", {r.emit("negative", {r.node(x).inputs[0]})})});
  return {};
}

// The most likely class is that of the largest logit, which accuracy asks for in a training step that needs
// no probabilities. (The smallest is another matter: probabilities that have become 0 tie.)
Value argmax(Rewriter& r, const Node& node) {
  const Value x = node.inputs[0];
  const int rank = r.shape(x).rank();
  if (!r.is(x, "softmax") || normalize_axis(node.attributes.get<int64_t>("axis"), rank, "argmax") != rank - 1)
    return {};
  return r.emit("argmax", {r.node(x).inputs[0]}, node.attributes);
}

}  // namespace

Value stabilized(Graph& graph, Value loss) {
  for (const StableLoss& row : stable_losses) {
    if (!is(graph, loss, row.loss)) continue;
    const std::vector<Value> inputs = graph.node(loss).inputs;
    const Value logits = logits_of(graph, inputs[1], row.activation);
    if (!logits.valid()) return loss;
    const Value stable = graph.emit(row.stable, {logits, inputs[0]});
    return graph.type(stable) == graph.type(loss) ? stable : loss;
  }
  return loss;
}

std::vector<RuleRow> loss_rules() {
  std::vector<RuleRow> rows = {{"log", log}, {"argmax", argmax}};
  for (const StableLoss& row : stable_losses) rows.push_back({row.loss, cross_entropy});
  return rows;
}

}  // namespace pronghorn
