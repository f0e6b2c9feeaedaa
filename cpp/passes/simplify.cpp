#include "passes/simplify.h"

#include "graph/op.h"
#include "passes/passes.h"

namespace pronghorn {
namespace {

template <class... Lists>
std::vector<RuleRow> joined(const Lists&... lists) {
  std::vector<RuleRow> rows;
  (rows.insert(rows.end(), lists.begin(), lists.end()), ...);
  return rows;
}

// What moving data about for the sake of layout costs.
size_t transposed_bytes(const Graph& graph) {
  size_t bytes = 0;
  for (const Node& node : graph.nodes())
    if (std::string_view(node.op->name) == "transpose") bytes += node.outputs[0].bytes();
  return bytes;
}

}  // namespace

Graph simplify(const Graph& graph) {
  const std::vector<RuleRow> rules =
      joined(constant_rules(), algebra_rules(), broadcast_rules(), view_rules(), piece_rules(),
             layout_rules(), conv_rules(), pool_rules(), dropout_rules(), loss_rules());
  Graph best = Rewriter(rules).run(graph);

  // Sinking transposes only pays where they meet their inverse further down, which is seen when it is done.
  for (bool dropouts : {true, false}) {
    if (transposed_bytes(best) == 0) break;
    const std::vector<RuleRow> more = dropouts ? dropout_sinking_rules() : std::vector<RuleRow>{};
    Graph sunk = Rewriter(joined(rules, sinking_rules(), more)).run(best);
    if (draws_agree(sunk) && transposed_bytes(sunk) < transposed_bytes(best)) best = std::move(sunk);
  }
  return Rewriter(constant_broadcast_rules()).run(best);
}

}  // namespace pronghorn
