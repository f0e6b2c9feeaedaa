// Derivatives that pass a dropout on their way.
#include "passes/simplify.h"

namespace pronghorn {
namespace {

// Where a dropped-out value is above zero it was kept and was above zero before, so that relu's derivative
// may ask it, and nothing needs to be drawn again: with z = dropout(y), relu_grad(dropout(d), y) =
// relu_grad(d, z) / (1 - rate). What y was computed of need then not be kept.
Value relu_behind_dropout(Rewriter& r, const Node& node) {
  const Value diff = node.inputs[0], y = node.inputs[1];
  if (!r.is(diff, "dropout") || !(r.type(y) == r.type(diff))) return {};
  const Node dropped = r.node(diff);
  const int32_t z = r.graph().add(*dropped.op, {y, dropped.inputs[1]}, dropped.attributes);
  if (z > diff.node) return {};  // nobody drops y out
  const double rate = dropped.attributes.get<double>("rate");
  const Value masked = r.emit("relu_grad", {dropped.inputs[0], {z, 0}});
  return r.emit("multiply", {masked, r.scalar(1 / (1 - rate), node.outputs[0].dtype)});
}

}  // namespace

std::vector<RuleRow> dropout_rules() {
  return {{"relu_grad", relu_behind_dropout}};
}

}  // namespace pronghorn
