#include "kernels/recurrent/lstm.h"

#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(LstmTable, lstm_table)

}  // namespace pronghorn
