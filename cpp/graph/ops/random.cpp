// Tensors of random numbers: element i is drawn by counter from (seed, step, i), so a node is a function of
// its input, the step.
#include "graph/ops/elementwise.h"
#include "graph/ops/families.h"

namespace pronghorn {
namespace {

std::vector<TensorType> infer_random(const InferContext& context) {
  require(
      context.inputs.size() == 1 && context.inputs[0].dtype == DType::Int64 && context.inputs[0].count() == 1,
      context.op.name, ": takes one int64, the step");
  const DType dtype = context.attributes.dtype();
  if (!is_float(dtype))
    fail(ErrorKind::Type, context.op.name, ": draws float32 or float64, not ", name_of(dtype));
  return {{Shape(context.attributes.get<std::vector<int64_t>>("shape")), dtype}};
}

}  // namespace

std::vector<OpDef> random_ops() {
  return {
      {"random_uniform", infer_random, nullptr, lower_elementwise, elementwise},
      {"random_normal", infer_random, nullptr, lower_elementwise, elementwise},
      {"random_truncated_normal", infer_random, nullptr, lower_elementwise, elementwise},
      {"random_bernoulli", infer_random, nullptr, lower_elementwise, elementwise},
  };
}

}  // namespace pronghorn
