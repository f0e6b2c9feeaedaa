// What passes ask about convolutions.
#pragma once
#include <cstdint>
#include <vector>

#include "graph/op.h"

namespace pronghorn {

// Whether the kernel that computes a convolution can keep the maxima of such windows of its result alone.
bool conv_can_pool(const std::vector<TensorType>& inputs, const Attributes& attributes,
                   const std::vector<int64_t>& windows);

}  // namespace pronghorn
