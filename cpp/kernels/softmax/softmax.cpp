#include "kernels/softmax/softmax.h"

#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(SoftmaxTable, softmax_table)

}  // namespace pronghorn
