// What a program has to compute again only after somebody has written into a state.
#pragma once
#include <vector>

#include "graph/graph.h"

namespace pronghorn {

// Per node, whether it depends on constants and on states alone that the graph does not update. Not so what
// becomes the new content of another state: that is written in every run, whoever else has written there.
std::vector<bool> lasting_nodes(const Graph& graph);

}  // namespace pronghorn
