// What the rules of several families share: typed pointers, steps for either floating point type, rows,
// derivatives by composition.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "graph/autodiff.h"
#include "graph/build.h"
#include "graph/op.h"

namespace pronghorn {

template <class T>
const T* src(const StepArguments& arguments, int i = 0) {
  return static_cast<const T*>(arguments.src[i]);
}
template <class T>
T* dst(const StepArguments& arguments, int i = 0) {
  return static_cast<T*>(arguments.dst[i]);
}

// A step whose body is written once for float and double: make(T{}) gives the function to run.
template <class F>
Step float_step(DType dtype, const char* implementation, const F& make) {
  Step step;
  step.implementation = implementation;
  if (dtype == DType::Float32)
    step.run = make(float{});
  else
    step.run = make(double{});
  return step;
}

inline void require_float(const InferContext& context, int i = 0) {
  const DType dtype = context.inputs[i].dtype;
  if (!is_float(dtype))
    fail(ErrorKind::Type, context.op.name, ": needs floating point values, but input ", i, " is ",
         name_of(dtype));
}

// --- rows: everything but the last axis --------------------------------------------------------------------

struct Rows {
  int64_t count, columns, grain;
};

inline Rows rows_in(const Shape& shape) {
  constexpr int64_t chunk_elements = 16 * 1024;
  const int64_t columns = shape.back();
  return {shape.count(0, shape.rank() - 1), columns,
          std::max<int64_t>(1, chunk_elements / std::max<int64_t>(1, columns))};
}

// Calls f(first row, number of rows) chunk by chunk, in parallel.
template <class F>
void for_rows(const Rows& rows, const F& f) {
  parallel_for(0, rows.count, rows.grain, [&](int64_t begin, int64_t end) { f(begin, end - begin); });
}

inline Shape without_last(const Shape& shape) {
  return Shape(shape.begin(), shape.rank() - 1);
}

inline Value sum_rows(Graph& graph, Value value) {
  return reduce_sum(graph, value, {graph.shape(value).rank() - 1}, true);
}

// A value per row, made to broadcast over the row.
inline Value as_column(Graph& graph, Value value) {
  Shape shape = graph.shape(value);
  shape.push_back(1);
  return reshape(graph, value, shape);
}

// --- derivatives by composition ----------------------------------------------------------------------------

// Differentiates an op that has a kernel only for speed by means of the same function written in plain ops:
// expression(graph, inputs) of the inputs numbered `which`. Each input is renamed by a reshape first, so that
// the derivatives are partial ones even where one input was computed from another.
template <class F>
void differentiate(VjpContext& context, const std::vector<int>& which, const F& expression) {
  Graph& graph = context.graph;
  std::vector<Value> inputs;
  for (int i : which) {
    const Value input = context.input(i);
    inputs.push_back(graph.emit("reshape", {input}, {{"shape", graph.shape(input).vector()}}));
  }
  std::vector<Value> outputs = expression(graph, inputs), diffs;
  std::vector<Value> reached;
  for (size_t i = 0; i < outputs.size(); i++) {
    if (!context.diff(static_cast<int>(i)).valid()) continue;
    reached.push_back(outputs[i]);
    diffs.push_back(context.diff(static_cast<int>(i)));
  }
  const std::vector<Value> result = gradients(graph, reached, inputs, diffs);
  for (size_t i = 0; i < which.size(); i++)
    if (context.wants(which[i]) && result[i].valid()) context.set(which[i], result[i]);
}

}  // namespace pronghorn
