#include "kernels/recurrent/simple_rnn.h"

#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(SimpleRnnTable, simple_rnn_table)

}  // namespace pronghorn
