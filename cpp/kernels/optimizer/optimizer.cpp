#include "kernels/optimizer/optimizer.h"

#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(OptimizerTable, optimizer_table)

}  // namespace pronghorn
