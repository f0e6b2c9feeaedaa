// Graphs under construction. A value is a Python int: node * 256 + output.
#include "graph/graph.h"

#include "bindings/convert.h"
#include "graph/autodiff.h"
#include "graph/op.h"
#include "passes/passes.h"

namespace pronghorn::bindings {
namespace {

constexpr int64_t outputs_per_node = 256;

int64_t handle_of(Value value) {
  return value.valid() ? value.node * outputs_per_node + value.output : -1;
}
Value value_of(int64_t handle) {
  return {static_cast<int32_t>(handle / outputs_per_node), static_cast<int32_t>(handle % outputs_per_node)};
}
std::vector<Value> values_of(const std::vector<int64_t>& handles) {
  std::vector<Value> values;
  for (int64_t handle : handles) values.push_back(value_of(handle));
  return values;
}

py::tuple described(const Graph& graph, Value value) {
  return py::make_tuple(handle_of(value), shape_tuple(graph.shape(value)), name_of(graph.dtype(value)));
}

py::list emit(Graph& graph, const std::string& op, const std::vector<int64_t>& inputs,
              const py::dict& attributes) {
  const int32_t added = graph.add(op, values_of(inputs), core_attributes(attributes));
  const int32_t node = stabilized(graph, {added, 0}).node;  // before anybody differentiates it
  py::list outputs;
  for (size_t k = 0; k < graph.nodes()[added].outputs.size(); k++)
    outputs.append(described(graph, {node, static_cast<int32_t>(k)}));
  return outputs;
}

std::vector<int64_t> gradients_of(Graph& graph, const std::vector<int64_t>& outputs,
                                  const std::vector<int64_t>& inputs,
                                  const std::vector<int64_t>& diff_outputs) {
  std::vector<int64_t> handles;
  for (Value value : gradients(graph, values_of(outputs), values_of(inputs), values_of(diff_outputs)))
    handles.push_back(handle_of(value));
  return handles;
}

}  // namespace

void bind_graph(py::module_& module) {
  module.def(
      "ops",
      [] {
        std::vector<std::string> names;
        for (const OpDef* op : all_ops()) names.push_back(op->name);
        return names;
      },
      "The names of all ops.");

  py::class_<Graph>(module, "Graph", "An append-only list of nodes with static shapes; values are ints.")
      .def(py::init<>())
      .def(
          "feed",
          [](Graph& graph, const std::string& name, const py::sequence& shape, const std::string& dtype) {
            return handle_of(graph.feed(name, {core_shape(shape), dtype_from_name(dtype)}));
          },
          py::arg("name"), py::arg("shape"), py::arg("dtype"))
      .def(
          "state", [](Graph& graph, const State& state) { return handle_of(graph.state(state)); },
          py::arg("state"))
      .def(
          "constant",
          [](Graph& graph, const py::array& value) {
            return handle_of(graph.constant(copy_to_tensor(value)));
          },
          py::arg("value"))
      .def("emit", &emit, py::arg("op"), py::arg("inputs"), py::arg("attributes"),
           "Appends a node; returns (value, shape, dtype) for each of its outputs.")
      .def("gradients", &gradients_of, py::arg("outputs"), py::arg("inputs"),
           py::arg("diff_outputs") = std::vector<int64_t>(),
           "A value per input, -1 where nothing depends on it.")
      .def(
          "fetch", [](Graph& graph, int64_t value) { graph.fetch(value_of(value)); }, py::arg("value"))
      .def(
          "update",
          [](Graph& graph, const State& state, int64_t value) { graph.update(state, value_of(value)); },
          py::arg("state"), py::arg("value"))
      .def(
          "type",
          [](const Graph& graph, int64_t value) {
            return py::make_tuple(shape_tuple(graph.shape(value_of(value))),
                                  name_of(graph.dtype(value_of(value))));
          },
          py::arg("value"), "(shape, dtype)")
      .def(
          "constant_value",
          [](const Graph& graph, int64_t value) -> py::object {
            if (!graph.is_constant(value_of(value))) return py::none();
            const Tensor& tensor = graph.constant_of(value_of(value));
            py::array copy = empty_array(tensor.type);
            std::memcpy(copy.mutable_data(), tensor.data(), tensor.type.bytes());
            return copy;
          },
          py::arg("value"), "The content of a constant, None for any other value.")
      .def("__len__", [](const Graph& graph) { return graph.nodes().size(); })
      .def("__str__", [](const Graph& graph) { return to_string(graph); })
      .def("simplified", &simplify, "A copy after the simplify pass.")
      .def(
          "fused", [](const Graph& graph, bool keep) { return fuse(graph, keep); }, py::arg("keep") = false,
          "A copy after the fuse pass.")
      .def("verify", [](const Graph& graph) { verify(graph); });
}

}  // namespace pronghorn::bindings
