// Where values come from: batch data, state that outlives a run, constants. They are appended by Graph
// itself, never inferred.
#include "graph/ops/families.h"

namespace pronghorn {
namespace {

std::vector<TensorType> no_rule(const InferContext& context) {
  fail(ErrorKind::Internal, context.op.name, " is made by Graph, not by add");
}

}  // namespace

std::vector<OpDef> source_ops() {
  return {
      {"feed", no_rule, nullptr, nullptr},
      {"state", no_rule, nullptr, nullptr},
      {"constant", no_rule, nullptr, nullptr},
  };
}

}  // namespace pronghorn
