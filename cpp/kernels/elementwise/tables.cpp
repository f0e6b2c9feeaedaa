#include "kernels/elementwise/instructions.h"
#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(TileTable, arithmetic_table)
PRONGHORN_KERNEL_TABLES(TileTable, functions_table)
PRONGHORN_KERNEL_TABLES(TileTable, random_table)
PRONGHORN_KERNEL_TABLES(CastTable, cast_table)

}  // namespace pronghorn
