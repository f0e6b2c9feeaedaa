#include "base/error.h"
#include "bindings/convert.h"

namespace pronghorn::bindings {
namespace {

PyObject* python_type(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Value:
      return PyExc_ValueError;
    case ErrorKind::Type:
      return PyExc_TypeError;
    case ErrorKind::Index:
      return PyExc_IndexError;
    case ErrorKind::NotImplemented:
      return PyExc_NotImplementedError;
    case ErrorKind::Memory:
      return PyExc_MemoryError;
    default:
      return PyExc_RuntimeError;
  }
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  module.doc() = "The C++ core of Pronghorn: graphs, compiled programs and the state they share.";
  module.attr("__version__") = PRONGHORN_VERSION;
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      PyErr_SetString(python_type(error.kind), error.what());
    }
  });
  bind_runtime(module);
  bind_callbacks(module);
  bind_graph(module);
  bind_program(module);
}

}  // namespace pronghorn::bindings
