#include "graph/build.h"

namespace pronghorn {

Value scalar(Graph& graph, double value, DType dtype) {
  Tensor tensor(TensorType{{}, dtype});
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    *tensor.data_as<T>() = static_cast<T>(value);
  });
  return graph.constant(tensor);
}

Value full(Graph& graph, const Shape& shape, double value, DType dtype) {
  return broadcast_to(graph, scalar(graph, value, dtype), shape);
}

Value zeros_like(Graph& graph, Value value) {
  return full(graph, graph.shape(value), 0, graph.dtype(value));
}
Value ones_like(Graph& graph, Value value) {
  return full(graph, graph.shape(value), 1, graph.dtype(value));
}

Value add(Graph& graph, Value a, Value b) {
  return graph.emit("add", {a, b});
}
Value sub(Graph& graph, Value a, Value b) {
  return graph.emit("subtract", {a, b});
}
Value mul(Graph& graph, Value a, Value b) {
  return graph.emit("multiply", {a, b});
}
Value div(Graph& graph, Value a, Value b) {
  return graph.emit("divide", {a, b});
}
Value neg(Graph& graph, Value a) {
  return graph.emit("negative", {a});
}
Value mul(Graph& graph, Value a, double b) {
  return mul(graph, a, scalar(graph, b, graph.dtype(a)));
}
Value add(Graph& graph, Value a, double b) {
  return add(graph, a, scalar(graph, b, graph.dtype(a)));
}

Value cast(Graph& graph, Value value, DType dtype) {
  return graph.dtype(value) == dtype ? value
                                     : graph.emit("cast", {value}, {{"dtype", std::string(name_of(dtype))}});
}

Value reshape(Graph& graph, Value value, const Shape& shape) {
  return graph.shape(value) == shape ? value : graph.emit("reshape", {value}, {{"shape", shape.vector()}});
}

Value transpose(Graph& graph, Value value, const std::vector<int64_t>& axes) {
  return graph.emit("transpose", {value}, {{"axes", axes}});
}

Value broadcast_to(Graph& graph, Value value, const Shape& shape) {
  return graph.shape(value) == shape ? value
                                     : graph.emit("broadcast_to", {value}, {{"shape", shape.vector()}});
}

Value reduce_sum(Graph& graph, Value value, const std::vector<int64_t>& axes, bool keepdims) {
  return graph.emit("sum", {value}, {{"axes", axes}, {"keepdims", keepdims}});
}

Value sum_to(Graph& graph, Value value, const Shape& shape) {
  const Shape from = graph.shape(value);
  if (from == shape) return value;
  const int offset = from.rank() - shape.rank();
  std::vector<int64_t> axes;
  for (int axis = 0; axis < from.rank(); axis++)
    if (axis < offset || (shape[axis - offset] == 1 && from[axis] != 1)) axes.push_back(axis);
  Value summed = axes.empty() ? value : reduce_sum(graph, value, axes, true);
  return reshape(graph, summed, shape);
}

}  // namespace pronghorn
