// Who computes a convolution: directly, or by minimal filtering where that is possible, pays and is allowed.
#pragma once
#include <string>

#include "kernels/conv/conv.h"

namespace pronghorn {

enum class ConvDirection { Forward, BackwardData, BackwardWeights };

// The implementation for a problem of float (or else double) numbers, on the active instruction set.
const ConvKernel& choose_conv(ConvDirection direction, const ConvProblem& problem, bool is_float);

// What minimal filtering may be used from now on: "on", "off", "accurate" (only tiles whose rounding is close
// to that of direct sums), "force" (wherever it is possible), or a tile ("4x4_3x3", "2x2_3x3", "2x2_5x5",
// "4x4_5x5", "6x6_3x3")
// that is used wherever it is possible, and no other. At first what the environment variable
// PRONGHORN_WINOGRAD says, where 0 and 1 stand for off and on.
std::string winograd_use();
void set_winograd_use(const std::string& use);  // throws Error (Value) naming what is known

}  // namespace pronghorn
