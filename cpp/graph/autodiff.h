// Reverse-mode differentiation as a graph transformation.
#pragma once
#include <vector>

#include "graph/graph.h"

namespace pronghorn {

// Appends to `graph` the nodes of sum_k <diff_outputs[k], d outputs[k] / d inputs[i]> for each i and returns
// them. An invalid Value stands where outputs do not depend on inputs[i] differentiably. diff_outputs may be
// empty: ones.
std::vector<Value> gradients(Graph& graph, const std::vector<Value>& outputs,
                             const std::vector<Value>& inputs, const std::vector<Value>& diff_outputs = {});

}  // namespace pronghorn
