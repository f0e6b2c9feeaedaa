#include <map>
#include <string_view>

#include "graph/ops/families.h"

namespace pronghorn {
namespace {

using Families = std::vector<OpDef> (*)();
// clang-format off: a line each
constexpr Families families[] = {
    callback_ops,
    conv_ops,
    distinct_ops,
    elementwise_ops,
    fused_ops,
    index_ops,
    layout_ops,
    linear_ops,
    losses_ops,
    normalize_ops,
    optimizers_ops,
    pool_ops,
    random_ops,
    recurrent_ops,
    reduce_ops,
    softmax_ops,
    source_ops,
};
// clang-format on

const std::map<std::string, OpDef, std::less<>>& table() {
  static const auto built = [] {
    std::map<std::string, OpDef, std::less<>> ops;
    for (Families family : families)
      for (const OpDef& op : family())
        if (!ops.emplace(op.name, op).second) fail(ErrorKind::Internal, "op ", op.name, " is defined twice");
    return ops;
  }();
  return built;
}

}  // namespace

const OpDef* lookup_op(const std::string& name) {
  auto at = table().find(name);
  return at == table().end() ? nullptr : &at->second;
}

const OpDef& find_op(const std::string& name) {
  if (const OpDef* op = lookup_op(name)) return *op;
  fail(ErrorKind::Value, "there is no op \"", name, "\"");
}

std::vector<const OpDef*> all_ops() {
  std::vector<const OpDef*> ops;
  for (const auto& [name, op] : table()) ops.push_back(&op);
  return ops;
}

}  // namespace pronghorn
