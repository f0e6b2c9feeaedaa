// Convolution of images of few channels: the forward direction and the gradient by the weights.
#pragma once
#include "kernels/conv/conv.h"

namespace pronghorn {

// Its functions are null on an instruction set that has it not.
struct FewChannelsTable {
  ConvKernel forward;
};
struct FewChannelsWeightsTable {
  ConvKernel backward_weights;
};
const FewChannelsTable& few_channels_table();
const FewChannelsWeightsTable& few_channels_weights_table();

// Planes, rows of taps without gaps, no residual, and so few channels that a tile is mostly its beginning and
// end.
inline bool suits_few_channels(const ConvProblem& p) {
  return p.ic <= 4 && p.src[0] == 1 && p.kernel[0] == 1 && p.dst[0] == 1 && p.dilation[2] == 1 &&
         !p.has_residual && p.kernel[1] * p.kernel[2] * p.ic <= 256;
}

}  // namespace pronghorn
