// The two parts of fuse().
#pragma once
#include "graph/graph.h"

namespace pronghorn {

// Bias, residual and activation behind a matmul or a convolution, where nothing else reads what lies between.
Graph fuse_epilogues(const Graph& graph);

}  // namespace pronghorn
