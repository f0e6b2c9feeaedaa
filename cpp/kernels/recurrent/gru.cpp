#include "kernels/recurrent/gru.h"

#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(GruTable, gru_table)

}  // namespace pronghorn
