// Python functions that programs call.
#include "graph/ops/callback.h"

#include <cstring>

#include "base/error.h"
#include "bindings/convert.h"

namespace pronghorn::bindings {
namespace {

// Functions live as long as the process: a program may call them at any time. Guarded by the GIL.
std::vector<py::function>& functions() {
  static auto* registered = new std::vector<py::function>;
  return *registered;
}

void call(int64_t id, const std::vector<TensorType>& input_types, const void* const* src,
          const std::vector<TensorType>& output_types, void* const* dst) {
  py::gil_scoped_acquire gil;
  py::tuple arguments(input_types.size());
  for (size_t i = 0; i < input_types.size(); i++) {
    py::array copy = empty_array(input_types[i]);
    std::memcpy(copy.mutable_data(), src[i], input_types[i].bytes());
    arguments[i] = std::move(copy);
  }
  const py::object result = functions().at(static_cast<size_t>(id))(*arguments);
  const py::sequence results = py::isinstance<py::list>(result) || py::isinstance<py::tuple>(result)
                                   ? py::sequence(result)
                                   : py::sequence(py::make_tuple(result));
  require(results.size() == output_types.size(), "a Python function in a program must return ",
          output_types.size(), " arrays, but it returned ", results.size());
  for (size_t k = 0; k < output_types.size(); k++) {
    const py::array array =
        exact_array(results[k], output_types[k], "what a Python function in a program returns");
    std::memcpy(dst[k], array.data(), output_types[k].bytes());
  }
}

}  // namespace

void bind_callbacks(py::module_& module) {
  set_callback_handler(call);
  module.def(
      "register_callback",
      [](const py::function& function) {
        functions().push_back(function);
        return functions().size() - 1;
      },
      py::arg("function"),
      "Keeps a function for the op `callback`, whose attribute `id` is the number returned.");
}

}  // namespace pronghorn::bindings
