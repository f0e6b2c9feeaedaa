#include "kernels/conv/conv.h"

#include "kernels/conv/depthwise.h"
#include "kernels/conv/few_channels.h"
#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(ConvTable, conv_table)
PRONGHORN_KERNEL_TABLES(ConvWeightsTable, conv_weights_table)
PRONGHORN_KERNEL_TABLES(DepthwiseTable, depthwise_table)
PRONGHORN_KERNEL_TABLES(FewChannelsTable, few_channels_table)
PRONGHORN_KERNEL_TABLES(FewChannelsWeightsTable, few_channels_weights_table)

namespace Reference {  // the definition does for all
extern const FewChannelsTable few_channels_table = {};
extern const FewChannelsWeightsTable few_channels_weights_table = {};
}  // namespace Reference

}  // namespace pronghorn
