// Batch normalisation at inference is a scale and a shift per channel. Behind a product (matmul or
// convolution) the scale moves into the weights and the shift becomes a bias:
//   ((x · w) + c) * s + d = x · (w * s) + (c * s + d)
#include <algorithm>
#include <map>
#include <optional>

#include "graph/build.h"
#include "passes/fuse.h"
#include "passes/lasting.h"
#include "passes/rewrite.h"

namespace pronghorn {
namespace {

// How many numbers of scaled weights may be kept for each of a result that is not scaled in every run.
constexpr int64_t worth_keeping = 16;

struct Chain {
  int32_t product;
  struct Link {
    int32_t node;
    int operand;  // which input of the node is the number per channel
  };
  std::vector<Link> links;
};

bool is_product(const Node& node) {
  const std::string_view op = node.op->name;
  return (op == "matmul" && node.outputs[0].shape.rank() == 2) || op == "conv";
}

// The links behind `product` that are worth folding: those up to the last one, if a multiplication is among
// them.
std::optional<Chain> chain_behind(const Graph& graph, int32_t product,
                                  const std::vector<int32_t>& only_reader) {
  const TensorType& type = graph.nodes()[product].outputs[0];
  Chain chain{product, {}};
  bool scales = false;
  for (int32_t at = product, next = only_reader[at]; next >= 0; at = next, next = only_reader[at]) {
    const Node& node = graph.nodes()[next];
    const std::string_view op = node.op->name;
    if ((op != "add" && op != "subtract" && op != "multiply") || !(node.outputs[0] == type)) break;
    const int operand = node.inputs[0].node == at ? 1 : 0;
    if (op == "subtract" && operand == 0) break;
    if (!is_per_channel(graph.shape(node.inputs[operand]), type.shape)) break;
    scales = scales || op == "multiply";
    chain.links.push_back({next, operand});
  }
  if (!scales) return {};
  return chain;
}

class Folder {
 public:
  Folder(const Graph& source, Graph& result, const std::vector<std::vector<Value>>& inputs_of)
      : source_(source), graph_(result), inputs_of_(inputs_of) {}

  Value fold(const Chain& chain) {
    const Node& product = source_.nodes()[chain.product];
    channels_ = product.outputs[0].shape.back();
    Value scale, shift;
    for (const Chain::Link& link : chain.links) {
      const std::string_view op = source_.nodes()[link.node].op->name;
      const Value operand = reshape(graph_, inputs_of_[link.node][link.operand], {channels_});
      if (op == "multiply") {
        scale = scale.valid() ? mul(graph_, scale, operand) : operand;
        if (shift.valid()) shift = mul(graph_, shift, operand);
      } else if (op == "add") {
        shift = shift.valid() ? add(graph_, shift, operand) : operand;
      } else {
        shift = shift.valid() ? sub(graph_, shift, operand) : neg(graph_, operand);
      }
    }
    std::vector<Value> inputs = inputs_of_[chain.product];
    if (product.attributes.get<bool>("transpose_b", false)) scale = reshape(graph_, scale, {channels_, 1});
    inputs[1] = mul(graph_, inputs[1], scale);
    const Value scaled{graph_.add(*product.op, inputs, product.attributes), 0};
    return shift.valid() ? add(graph_, scaled, shift) : scaled;
  }

 private:
  const Graph& source_;
  Graph& graph_;
  const std::vector<std::vector<Value>>& inputs_of_;
  int64_t channels_ = 0;
};

}  // namespace

Graph fold_scales(const Graph& source, bool keep) {
  const std::vector<int32_t> only_reader = only_readers(source);
  const std::vector<bool> lasting =
      keep ? lasting_nodes(source) : std::vector<bool>(source.nodes().size(), false);
  std::map<int32_t, Chain> chains;  // by their last node
  for (int32_t id = 0; id < static_cast<int32_t>(source.nodes().size()); id++) {
    const Node& node = source.nodes()[id];
    if (only_reader[id] < 0 || !is_product(node) || !is_float(node.outputs[0].dtype)) continue;
    const auto chain = chain_behind(source, id, only_reader);
    if (!chain) continue;
    // Scaling the weights must cost less than scaling the result, unless it is done once.
    const auto operand = [&](const Chain::Link& link) {
      return source.nodes()[link.node].inputs[link.operand];
    };
    const bool once = lasting[node.inputs[1].node] &&
                      std::all_of(chain->links.begin(), chain->links.end(),
                                  [&](const Chain::Link& link) { return lasting[operand(link).node]; });
    if (source.shape(node.inputs[1]).count() < node.outputs[0].count() * (once ? worth_keeping : 1))
      chains[chain->links.back().node] = *chain;
  }
  if (chains.empty()) return source;

  Graph result;
  std::vector<std::vector<Value>> inputs_of(source.nodes().size());  // in the new graph
  Folder folder(source, result, inputs_of);
  copy_graph(source, result, [&](int32_t id, const std::vector<Value>& inputs) {
    inputs_of[id] = inputs;
    if (auto found = chains.find(id); found != chains.end())
      return std::vector<Value>{folder.fold(found->second)};
    return outputs_of(result, result.add(*source.nodes()[id].op, inputs, source.nodes()[id].attributes));
  });
  return without_dead_nodes(result);
}

}  // namespace pronghorn
