// Depthwise convolution: each input channel has its own oc / ic filters. Weights (kd, kh, kw, ic, oc / ic).
#pragma once
#include "kernels/conv/conv.h"

namespace pronghorn {

struct DepthwiseTable {
  ConvKernel forward, backward_data, backward_weights;
};
const DepthwiseTable& depthwise_table();

}  // namespace pronghorn
