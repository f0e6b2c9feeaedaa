// Softmax and log-softmax along the last axis.
#include "kernels/softmax/softmax.h"

#include "graph/ops/families.h"
#include "graph/ops/support.h"

namespace pronghorn {
namespace {

std::vector<TensorType> infer_rows(const InferContext& context) {
  require_float(context);
  require(context.inputs[0].shape.rank() >= 1, context.op.name, ": needs at least one axis, not a scalar");
  return {context.inputs[0]};
}

std::vector<TensorType> infer_rows_grad(const InferContext& context) {
  require(context.inputs[0] == context.inputs[1], context.op.name, ": the output is ", context.inputs[0],
          ", but its gradient is ", context.inputs[1]);
  return infer_rows(context);
}

void vjp_softmax(VjpContext& context) {
  context.set(0, context.graph.emit("softmax_grad", {context.output(), context.diff()}));
}

// y (g - sum(y g)), with h for the gradient of it: by y h (g - sum(y g)) - g sum(h y), by g the same as of
// softmax.
void vjp_softmax_grad(VjpContext& context) {
  Graph& graph = context.graph;
  const Value y = context.input(0), g = context.input(1), h = context.diff();
  if (context.wants(0)) {
    const Value centred = sub(graph, g, sum_rows(graph, mul(graph, y, g)));
    context.set(0, sub(graph, mul(graph, h, centred), mul(graph, g, sum_rows(graph, mul(graph, h, y)))));
  }
  if (context.wants(1)) context.set(1, graph.emit("softmax_grad", {y, h}));
}

void vjp_log_softmax(VjpContext& context) {
  context.set(0, context.graph.emit("log_softmax_grad", {context.output(), context.diff()}));
}

// g - exp(y) sum(g)
void vjp_log_softmax_grad(VjpContext& context) {
  differentiate(context, {0, 1}, [](Graph& graph, const std::vector<Value>& in) -> std::vector<Value> {
    return {sub(graph, in[1], mul(graph, graph.emit("exp", {in[0]}), sum_rows(graph, in[1])))};
  });
}

enum class Kind { Softmax, LogSoftmax };

template <Kind kind>
Step lower_forward(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  return float_step(context.inputs[0].dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const auto& table = softmax_functions<T>();
    const auto kernel = kind == Kind::Softmax ? table.softmax : table.log_softmax;
    return [=](const StepArguments& arguments) {
      for_rows(rows, [&](int64_t row, int64_t n) {
        const int64_t at = row * rows.columns;
        kernel(src<T>(arguments) + at, dst<T>(arguments) + at, n, rows.columns);
      });
    };
  });
}

template <Kind kind>
Step lower_backward(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  return float_step(context.inputs[0].dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const auto& table = softmax_functions<T>();
    const auto kernel = kind == Kind::Softmax ? table.softmax_grad : table.log_softmax_grad;
    return [=](const StepArguments& arguments) {
      for_rows(rows, [&](int64_t row, int64_t n) {
        const int64_t at = row * rows.columns;
        kernel(src<T>(arguments, 0) + at, src<T>(arguments, 1) + at, dst<T>(arguments) + at, n, rows.columns);
      });
    };
  });
}

}  // namespace

std::vector<OpDef> softmax_ops() {
  return {
      {"softmax", infer_rows, vjp_softmax, lower_forward<Kind::Softmax>, inplace_first},
      {"softmax_grad", infer_rows_grad, vjp_softmax_grad, lower_backward<Kind::Softmax>, inplace_first},
      {"log_softmax", infer_rows, vjp_log_softmax, lower_forward<Kind::LogSoftmax>, inplace_first},
      {"log_softmax_grad", infer_rows_grad, vjp_log_softmax_grad, lower_backward<Kind::LogSoftmax>,
       inplace_first},
  };
}

}  // namespace pronghorn
