// The op families, each the rows of one file of this folder.
#pragma once
#include <vector>

#include "graph/op.h"

namespace pronghorn {

std::vector<OpDef> callback_ops();
std::vector<OpDef> conv_ops();
std::vector<OpDef> distinct_ops();
std::vector<OpDef> elementwise_ops();
std::vector<OpDef> fused_ops();
std::vector<OpDef> index_ops();
std::vector<OpDef> layout_ops();
std::vector<OpDef> linear_ops();
std::vector<OpDef> losses_ops();
std::vector<OpDef> normalize_ops();
std::vector<OpDef> optimizers_ops();
std::vector<OpDef> pool_ops();
std::vector<OpDef> random_ops();
std::vector<OpDef> recurrent_ops();
std::vector<OpDef> reduce_ops();
std::vector<OpDef> softmax_ops();
std::vector<OpDef> source_ops();

}  // namespace pronghorn
