#include "kernels/conv/winograd.h"

#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(WinogradTable, winograd_table)
PRONGHORN_KERNEL_TABLES(WinogradWeightsTable, winograd_weights_table)

namespace Reference {  // sums by the definition are all that it has
extern const WinogradTable winograd_table = {};
extern const WinogradWeightsTable winograd_weights_table = {};
}  // namespace Reference

}  // namespace pronghorn
