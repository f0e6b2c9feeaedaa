// What an op is: one row that says how its shapes follow, how it differentiates and how it becomes a step.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pronghorn {

// --- shape rule
// -------------------------------------------------------------------------------------------------------------------
struct InferContext {
  const OpDef& op;
  const std::vector<TensorType>& inputs;
  const Attributes& attributes;
};
using InferRule = std::vector<TensorType> (*)(const InferContext&);

// --- derivative: appends nodes only, so gradients can be differentiated again
// ----------------------------------------------------
class VjpContext {
 public:
  VjpContext(Graph& graph, int32_t node, const std::vector<Value>& diff_outputs,
             std::vector<Value>& diff_inputs, const std::vector<bool>& wanted)
      : graph(graph), node_(node), diff_outputs_(diff_outputs), diff_inputs_(diff_inputs), wanted_(wanted) {}

  Graph& graph;
  Value input(int i) const { return graph.nodes()[node_].inputs[i]; }
  int input_count() const { return static_cast<int>(graph.nodes()[node_].inputs.size()); }
  Value output(int i = 0) const { return {node_, i}; }
  Attributes attributes() const {
    return graph.nodes()[node_].attributes;
  }  // a copy: appending nodes moves them
  Shape input_shape(int i) const { return graph.shape(input(i)); }

  // dL/d output i; an invalid Value where nothing depends on that output.
  Value diff(int i = 0) const { return diff_outputs_[i]; }
  bool wants(int i) const { return wanted_[i]; }             // is dL/d input i needed at all
  void set(int i, Value value) { diff_inputs_[i] = value; }  // inputs never set have no gradient

 private:
  int32_t node_;
  const std::vector<Value>& diff_outputs_;
  std::vector<Value>& diff_inputs_;
  const std::vector<bool>& wanted_;
};
using VjpRule = void (*)(VjpContext&);

// --- step
// -------------------------------------------------------------------------------------------------------------------------
struct StepArguments {
  const void* const* src;  // one pointer per input
  void* const* dst;        // one per output
  void* scratch;           // Step::scratch bytes, 64-byte aligned; shared by all steps, so empty between them
};
using StepFunction = std::function<void(const StepArguments&)>;

struct Step {
  StepFunction run;
  const char* implementation = "";  // shown by PRONGHORN_VERBOSE=1: "gemm:packed", "conv:direct", …
  size_t scratch = 0;               // bytes
  double flops = 0;
};

struct LowerContext {
  const OpDef& op;
  const std::vector<TensorType>& inputs;
  const std::vector<TensorType>& outputs;
  const Attributes& attributes;

  const Shape& src(int i = 0) const { return inputs[i].shape; }
  const Shape& dst(int i = 0) const { return outputs[i].shape; }
};
using LowerRule = Step (*)(const LowerContext&);

// --- the row
// ----------------------------------------------------------------------------------------------------------------------
enum OpFlags : uint32_t {
  no_flags = 0,
  elementwise = 1 << 0,  // one output; a tile instruction of the same name exists (kernels/elementwise), so
                         // fusion may take it
  view = 1 << 1,         // output 0 is input 0's memory under another shape; never becomes a step
  effect = 1 << 2,       // calls out of the program: never merged, never dropped
  inplace_pairs = 1
      << 3,  // output i may overwrite input `inplace_from + i` (attributes hold inplace_from): optimizers
  inplace_first = 1 << 4,  // output 0 may overwrite input 0
};

struct OpDef {
  const char* name;
  InferRule infer;
  VjpRule vjp;      // nullptr: not differentiable (gradients stop here)
  LowerRule lower;  // nullptr: a source or a view
  uint32_t flags = no_flags;

  bool has(OpFlags flag) const { return (flags & flag) != 0; }
};

// All ops, each family in a file of graph/ops/. The table is built at first use from registry.cpp's list of
// families.
const OpDef& find_op(const std::string& name);  // throws Error (Value) for an unknown name
const OpDef* lookup_op(const std::string& name);
std::vector<const OpDef*> all_ops();

}  // namespace pronghorn
