// Derivatives that pass a pooling on their way.
#include "passes/simplify.h"

namespace pronghorn {
namespace {

// An element is a window's maximum exactly where it equals it, so that relu's derivative, which asks whether
// it is above zero, may as well ask the maximum: relu_grad(max_pool_grad(y, m, d), y) =
// max_pool_grad(y, m, relu_grad(d, m)).
Value relu_behind_max_pool(Rewriter& r, const Node& node) {
  const Value diff = node.inputs[0], y = node.inputs[1];
  if (!r.is(diff, "max_pool_grad")) return {};
  const Node pool = r.node(diff);
  if (!(pool.inputs[0] == y)) return {};
  const Value masked = r.emit("relu_grad", {pool.inputs[2], pool.inputs[1]});
  return r.emit("max_pool_grad", {y, pool.inputs[1], masked}, pool.attributes);
}

}  // namespace

std::vector<RuleRow> pool_rules() {
  return {{"relu_grad", relu_behind_max_pool}};
}

}  // namespace pronghorn
