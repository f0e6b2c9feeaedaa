#include "graph/autodiff.h"

#include "graph/build.h"
#include "graph/op.h"

namespace pronghorn {
namespace {

// For every node whether its value depends on one of `sources` through differentiable ops of floating point
// values.
std::vector<bool> dependents(const Graph& graph, const std::vector<Value>& sources, int32_t last) {
  std::vector<bool> depends(last + 1, false);
  for (Value source : sources)
    if (source.node <= last) depends[source.node] = true;
  for (int32_t id = 0; id <= last; id++) {
    const Node& node = graph.nodes()[id];
    if (depends[id] || !node.op->vjp) continue;
    for (Value input : node.inputs)
      if (depends[input.node] && is_float(graph.dtype(input))) depends[id] = true;
  }
  return depends;
}

void accumulate(Graph& graph, Value& sum, Value term) {
  sum = sum.valid() ? add(graph, sum, term) : term;
}

}  // namespace

std::vector<Value> gradients(Graph& graph, const std::vector<Value>& outputs,
                             const std::vector<Value>& inputs, const std::vector<Value>& diff_outputs) {
  require(diff_outputs.empty() || diff_outputs.size() == outputs.size(), "gradients: ", outputs.size(),
          " outputs, but ", diff_outputs.size(), " gradients of outputs");
  int32_t last = -1;
  for (Value output : outputs) last = std::max(last, output.node);
  const std::vector<bool> depends = dependents(graph, inputs, last);

  std::vector<std::vector<Value>> diffs(last + 1);  // per node and output, filled when first needed
  auto diff_of = [&](Value value) -> Value& {
    auto& slots = diffs[value.node];
    if (slots.empty()) slots.resize(graph.nodes()[value.node].outputs.size());
    return slots[value.output];
  };

  for (size_t k = 0; k < outputs.size(); k++) {
    const Value seed = diff_outputs.empty() ? ones_like(graph, outputs[k]) : diff_outputs[k];
    require(graph.type(seed) == graph.type(outputs[k]), "gradients: output ", k, " is ",
            graph.type(outputs[k]), ", but its gradient is ", graph.type(seed));
    accumulate(graph, diff_of(outputs[k]), seed);
  }

  // The nodes in reverse of their topological order. Sources' own gradients are complete when the loop is
  // over.
  for (int32_t id = last; id >= 0; id--) {
    const OpDef* op = graph.nodes()[id].op;
    if (diffs[id].empty() || !depends[id] || !op->vjp) continue;
    const std::vector<Value> node_inputs = graph.nodes()[id].inputs;
    std::vector<bool> wanted(node_inputs.size());
    bool any = false;
    for (size_t i = 0; i < node_inputs.size(); i++) {
      wanted[i] = depends[node_inputs[i].node] && is_float(graph.dtype(node_inputs[i]));
      any = any || wanted[i];
    }
    if (!any) continue;
    std::vector<Value> diff_inputs(node_inputs.size());
    const std::vector<Value> diff_node = diffs[id];
    VjpContext context(graph, id, diff_node, diff_inputs, wanted);
    op->vjp(context);
    for (size_t i = 0; i < node_inputs.size(); i++) {
      if (!wanted[i] || !diff_inputs[i].valid()) continue;
      if (!(graph.type(diff_inputs[i]) == graph.type(node_inputs[i])))
        fail(ErrorKind::Internal, "the derivative rule of ", op->name, " gives ", graph.type(diff_inputs[i]),
             " for input ", i, ", which is ", graph.type(node_inputs[i]));
      accumulate(graph, diff_of(node_inputs[i]), diff_inputs[i]);
    }
  }

  std::vector<Value> result;
  for (Value input : inputs) {
    const bool reached = input.node <= last && !diffs[input.node].empty();
    result.push_back(reached ? diffs[input.node][input.output] : Value{});
  }
  return result;
}

}  // namespace pronghorn
