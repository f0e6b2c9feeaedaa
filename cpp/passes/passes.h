// Graph -> Graph -> Plan. Each pass is a function; compile() reads like the list of them.
#pragma once
#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "graph/op.h"

namespace pronghorn {

// Constants folded, algebra, cancelling transposes and reshapes, stable cross-entropies, dead nodes.
Graph simplify(const Graph& graph);

// Epilogues into gemm and conv; chains of elementwise ops into one tile program. With `keep`, what depends on
// states alone is taken to cost nothing, but memory.
Graph fuse(const Graph& graph, bool keep = false);

// The same loss computed from logits where `loss` is a cross-entropy whose probabilities are the softmax or
// sigmoid of some, else `loss` itself. To be called before the loss is differentiated:
// softmax_cross_entropy has the derivative p - y.
Value stabilized(Graph& graph, Value loss);

// Where a value lives while a program runs.
struct Place {
  enum Kind : uint8_t { Arena, Feed, State, Constant, None } kind = None;
  int64_t offset = 0;  // bytes into the arena, or index of the feed, state or constant
};

struct PlannedStep {
  int32_t node;
  Step step;
  std::vector<Place> src, dst;
};

struct Plan {
  std::vector<PlannedStep> steps;
  std::vector<Place> fetches;
  size_t prologue = 0;  // so many steps at the front depend on states alone that the program does not update
  std::vector<int32_t> prologue_reads;  // those states; what the steps computed stays in the arena
  int64_t first_write =
      0;  // the first step that writes a state; before it a run can be abandoned without a trace
  size_t arena_bytes = 0;    // values
  size_t scratch_bytes = 0;  // the largest scratch of a step, behind the values
};

// Chooses each node's implementation and places its outputs: lifetimes, then largest first into one arena;
// views share their input's place; an output takes its dying input's place where the op may run in place; a
// state's last update is written into the state itself where no later step reads the old content, and copied
// there at the end where one does. With `keep`, steps that need to run only after a write to a state come
// first.
Plan plan(const Graph& graph, bool keep = false);

}  // namespace pronghorn
