// The rules of simplify(), a file per kind.
#pragma once
#include <optional>
#include <vector>

#include "passes/rewrite.h"

namespace pronghorn {

std::vector<RuleRow> constant_rules();  // simplify_constants.cpp: nodes of constants are computed now
std::vector<RuleRow> algebra_rules();   // simplify_algebra.cpp: x*1, x+0, powers, casts, …
std::vector<RuleRow>
broadcast_rules();  // simplify_broadcast.cpp: elementwise ops and reductions of broadcast values
std::vector<RuleRow>
view_rules();  // simplify_views.cpp: reshape, transpose, slice, concatenate, … that undo each other
std::vector<RuleRow> layout_rules();   // simplify_layout.cpp: transposes into matmul and reductions
std::vector<RuleRow> sinking_rules();  // simplify_layout.cpp: transposes moved behind elementwise ops, where
                                       // they may meet their inverse
std::vector<RuleRow>
loss_rules();  // simplify_losses.cpp: log of softmax, cross-entropy of softmax and sigmoid

// Nodes that only make a constant larger, for what is left when all other rules have run.
std::vector<RuleRow> constant_broadcast_rules();

// The one value of all elements of `value`, if it is a constant (or the broadcast of one) of which that is
// true.
std::optional<double> uniform_value(const Graph& graph, Value value);

// An op of which element i of the output depends on element i of each (broadcast) input only, not on i itself
// as dropout does.
bool is_pointwise(const Node& node);

std::vector<int64_t> inverse_permutation(const std::vector<int64_t>& axes);

}  // namespace pronghorn
