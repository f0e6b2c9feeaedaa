// How elementwise ops become tile instructions: for their own steps and for fusion.
#pragma once
#include "graph/op.h"
#include "kernels/elementwise/program.h"

namespace pronghorn {

// The instruction of an op with the flag `elementwise`; its sources are the node's inputs 0, 1, 2.
TileInstruction tile_instruction(const OpDef& op, const std::vector<TensorType>& inputs,
                                 const TensorType& output, const Attributes& attributes);

// A whole program as the attributes of a node of the op "fused", whose outputs have this shape, and back.
Attributes fused_attributes(const TileProgram& program, const Shape& shape);
TileProgram fused_program(const Attributes& attributes);

// Whether such a node may write an output over an input of the same type: not if it reads the input again
// later.
bool may_overwrite_input(const Attributes& attributes, int output, int input);

// A step that runs a tile program. `implementation` must be a literal.
Step tile_step(const TileProgram& program, const std::vector<TensorType>& inputs, const Shape& shape,
               const char* implementation);
Step lower_elementwise(const LowerContext& context);

}  // namespace pronghorn
