// Gradients of a convolution of whose results only the maxima of windows are kept. Of a window's gradients
// one is not zero, and behind relu or dropout often none: these kernels go by lists of those that are.
#pragma once
#include "kernels/conv/conv.h"

namespace pronghorn {

// Its functions are null on an instruction set that has them not, and for double.
struct MaximaTable {
  ConvKernel backward_data;
};
struct MaximaWeightsTable {
  ConvKernel backward_weights;
};
const MaximaTable& maxima_table();
const MaximaWeightsTable& maxima_weights_table();

// Planes, steps of 1 and kernels of 3 or 5 columns, whose sums the registers hold.
inline bool suits_maxima(const ConvProblem& p) {
  for (int axis = 0; axis < 3; axis++)
    if (p.stride[axis] != 1 || p.dilation[axis] != 1) return false;
  const bool plane = p.kernel[0] == 1 && p.pad[0] == 0 && p.src[0] == p.dst[0] && p.pool[0] == 1;
  return plane && p.has_pool() && p.pool[1] == p.pool[2] && p.pool[1] <= 15 &&
         (p.kernel[2] == 3 || p.kernel[2] == 5) && p.kernel[1] <= 8;
}

}  // namespace pronghorn
