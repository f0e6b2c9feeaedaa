#include "kernels/conv/conv.h"

#include "kernels/conv/depthwise.h"
#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(ConvTable, conv_table)
PRONGHORN_KERNEL_TABLES(ConvWeightsTable, conv_weights_table)
PRONGHORN_KERNEL_TABLES(DepthwiseTable, depthwise_table)

}  // namespace pronghorn
