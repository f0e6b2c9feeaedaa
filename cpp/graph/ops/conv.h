// What passes ask about convolutions.
#pragma once
#include <cstdint>
#include <vector>

#include "graph/op.h"

namespace pronghorn {

// Whether the kernel that computes a convolution or a gradient of one can have the maxima of such windows of
// the convolution's result stand for the whole.
bool conv_can_pool(const LowerContext& context, const std::vector<int64_t>& windows);

}  // namespace pronghorn
