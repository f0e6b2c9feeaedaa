// Between Python's objects and the core's plain data.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "base/tensor.h"
#include "graph/attributes.h"

namespace pronghorn::bindings {

namespace py = pybind11;

py::dtype numpy_dtype(DType dtype);
DType core_dtype(const py::dtype& dtype);  // TypeError for one that the core does not have
py::tuple shape_tuple(const Shape& shape);
Shape core_shape(const py::sequence& sizes);
Attributes core_attributes(const py::dict& attributes);
py::dict python_attributes(const Attributes& attributes);

// A dense array of exactly `type`, or an error saying what `what` should have been.
py::array exact_array(py::handle object, const TensorType& type, const std::string& what);
py::array empty_array(const TensorType& type);
Tensor copy_to_tensor(const py::array& array);

void bind_callbacks(py::module_& module);
void bind_runtime(py::module_& module);
void bind_graph(py::module_& module);
void bind_program(py::module_& module);

}  // namespace pronghorn::bindings
