// The rules of simplify(), a file per kind.
#pragma once
#include <optional>
#include <vector>

#include "passes/rewrite.h"

namespace pronghorn {

// simplify_<kind>.cpp each:
std::vector<RuleRow> constant_rules();   // nodes of constants are computed now
std::vector<RuleRow> algebra_rules();    // x*1, x+0, powers, casts, …
std::vector<RuleRow> broadcast_rules();  // elementwise ops and reductions of broadcast values
std::vector<RuleRow> view_rules();       // reshape, transpose, flip, … that undo each other
std::vector<RuleRow> piece_rules();      // slices, concatenations and pads
std::vector<RuleRow> layout_rules();     // transposes into matmul and reductions
std::vector<RuleRow> conv_rules();       // zero padding into convolutions
std::vector<RuleRow> pool_rules();       // derivatives through pooling
std::vector<RuleRow> dropout_rules();    // derivatives through dropout
std::vector<RuleRow> loss_rules();       // log of softmax, cross-entropy of softmax and sigmoid

// Transposes moved behind elementwise ops, where they may meet their inverse (simplify_layout.cpp).
std::vector<RuleRow> sinking_rules();
std::vector<RuleRow> dropout_sinking_rules();

// Whether all dropouts that draw with the same seed count their elements in the same order.
bool draws_agree(const Graph& graph);

// Nodes that only make a constant larger, for what is left when all other rules have run.
std::vector<RuleRow> constant_broadcast_rules();

// The one value of all elements of a constant (or the broadcast of one), where there is one.
std::optional<double> uniform_value(const Graph& graph, Value value);

// An op of which element i of the output depends on element i of each (broadcast) input only, not on i itself
// as dropout does.
bool is_pointwise(const Node& node);

std::vector<int64_t> inverse_permutation(const std::vector<int64_t>& axes);

}  // namespace pronghorn
