#include "graph/ops/callback.h"

#include <atomic>

#include "graph/ops/families.h"

namespace pronghorn {
namespace {

std::atomic<CallbackHandler> installed{nullptr};

// Attributes: id; per output a dtype and a rank, and the sizes of all outputs one after the other.
std::vector<TensorType> infer_callback(const InferContext& context) {
  const auto dtypes = context.attributes.get<std::vector<std::string>>("dtypes");
  const auto ranks = context.attributes.get<std::vector<int64_t>>("ranks");
  const auto sizes = context.attributes.get<std::vector<int64_t>>("sizes");
  require(dtypes.size() == ranks.size(), "callback: ", dtypes.size(), " dtypes, but ", ranks.size(),
          " ranks");
  std::vector<TensorType> types;
  size_t at = 0;
  for (size_t i = 0; i < dtypes.size(); i++) {
    require(at + static_cast<size_t>(ranks[i]) <= sizes.size(), "callback: too few sizes for the ranks");
    types.push_back({Shape(sizes.data() + at, static_cast<int>(ranks[i])), dtype_from_name(dtypes[i])});
    at += static_cast<size_t>(ranks[i]);
  }
  return types;
}

Step lower_callback(const LowerContext& context) {
  Step step;
  step.implementation = "callback";
  step.run = [id = context.attributes.get<int64_t>("id"), inputs = context.inputs,
              outputs = context.outputs](const StepArguments& arguments) {
    const CallbackHandler handler = installed;
    if (!handler)
      fail(ErrorKind::NotImplemented, "this program calls a Python function; it can only run inside Python");
    handler(id, inputs, arguments.src, outputs, arguments.dst);
  };
  return step;
}

}  // namespace

void set_callback_handler(CallbackHandler handler) {
  installed = handler;
}

std::vector<OpDef> callback_ops() {
  return {{"callback", infer_callback, nullptr, lower_callback, effect}};
}

}  // namespace pronghorn
