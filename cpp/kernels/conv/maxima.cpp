#include "kernels/conv/maxima.h"

#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(MaximaTable, maxima_table)
PRONGHORN_KERNEL_TABLES(MaximaWeightsTable, maxima_weights_table)

namespace Reference {  // takes gradients at their places and sums by the definition
extern const MaximaTable maxima_table = {};
extern const MaximaWeightsTable maxima_weights_table = {};
}  // namespace Reference

}  // namespace pronghorn
