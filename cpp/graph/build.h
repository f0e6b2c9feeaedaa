// Short names for the nodes that derivative rules and passes append most.
#pragma once
#include "graph/graph.h"

namespace pronghorn {

Value scalar(Graph& graph, double value, DType dtype);                    // a constant of shape ()
Value full(Graph& graph, const Shape& shape, double value, DType dtype);  // broadcast of a scalar
Value zeros_like(Graph& graph, Value value);
Value ones_like(Graph& graph, Value value);

Value add(Graph& graph, Value a, Value b);
Value sub(Graph& graph, Value a, Value b);
Value mul(Graph& graph, Value a, Value b);
Value div(Graph& graph, Value a, Value b);
Value neg(Graph& graph, Value a);
Value mul(Graph& graph, Value a, double b);
Value add(Graph& graph, Value a, double b);

Value cast(Graph& graph, Value value, DType dtype);            // value itself if it has that dtype
Value reshape(Graph& graph, Value value, const Shape& shape);  // value itself if it has that shape
Value transpose(Graph& graph, Value value, const std::vector<int64_t>& axes);
Value broadcast_to(Graph& graph, Value value, const Shape& shape);
Value reduce_sum(Graph& graph, Value value, const std::vector<int64_t>& axes, bool keepdims);

// The sum of `value` over what broadcasting `shape` to value's shape repeated: the transpose of broadcast_to.
Value sum_to(Graph& graph, Value value, const Shape& shape);

}  // namespace pronghorn
