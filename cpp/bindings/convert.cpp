#include "bindings/convert.h"

#include <cstring>

#include "base/error.h"

namespace pronghorn::bindings {
namespace {

// bool, int, float and str as themselves; NumPy's scalars through __index__ and __float__.
Attribute scalar_attribute(const std::string& name, py::handle value) {
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::str>(value)) return value.cast<std::string>();
  if (PyIndex_Check(value.ptr())) return py::int_(py::reinterpret_borrow<py::object>(value)).cast<int64_t>();
  if (PyFloat_Check(value.ptr()) || py::hasattr(value, "__float__"))
    return py::float_(py::reinterpret_borrow<py::object>(value)).cast<double>();
  fail(ErrorKind::Type, "attribute \"", name, "\" must be a bool, int, float, str or a list of them, not ",
       std::string(py::str(py::type::of(value))));
}

Attribute list_attribute(const std::string& name, const py::sequence& values) {
  std::vector<int64_t> ints;
  std::vector<double> floats;
  std::vector<std::string> strings;
  bool all_ints = true;
  for (py::handle item : values) {
    const Attribute value = scalar_attribute(name, item);
    if (const auto* text = std::get_if<std::string>(&value)) {
      strings.push_back(*text);
      continue;
    }
    const auto* integer = std::get_if<int64_t>(&value);
    const auto* flag = std::get_if<bool>(&value);
    all_ints = all_ints && (integer || flag);
    ints.push_back(integer ? *integer : flag ? *flag : 0);
    floats.push_back(integer ? static_cast<double>(*integer) : flag ? *flag : std::get<double>(value));
  }
  if (!strings.empty()) return strings;
  if (all_ints) return ints;
  return floats;
}

}  // namespace

py::dtype numpy_dtype(DType dtype) {
  return visit_dtype(dtype, [](auto zero) { return py::dtype::of<decltype(zero)>(); });
}

DType core_dtype(const py::dtype& dtype) {
  const char kind = dtype.kind();
  const auto size = dtype.itemsize();
  if (kind == 'f' && size == 4) return DType::Float32;
  if (kind == 'f' && size == 8) return DType::Float64;
  if (kind == 'i' && size == 4) return DType::Int32;
  if (kind == 'i' && size == 8) return DType::Int64;
  if (kind == 'u' && size == 1) return DType::UInt8;
  if (kind == 'b') return DType::Bool;
  fail(ErrorKind::Type, "arrays of dtype ", std::string(py::str(dtype)),
       " are not supported; expected float32, float64, int32, int64, uint8 or bool");
}

py::tuple shape_tuple(const Shape& shape) {
  py::tuple result(shape.rank());
  for (int axis = 0; axis < shape.rank(); axis++) result[axis] = py::int_(shape[axis]);
  return result;
}

Shape core_shape(const py::sequence& sizes) {
  Shape shape;
  for (py::handle size : sizes)
    shape.push_back(py::int_(py::reinterpret_borrow<py::object>(size)).cast<int64_t>());
  return Shape(shape.begin(), shape.rank());
}

Attributes core_attributes(const py::dict& attributes) {
  Attributes result;
  for (const auto& [key, value] : attributes) {
    const auto name = key.cast<std::string>();
    const bool list = py::isinstance<py::list>(value) || py::isinstance<py::tuple>(value);
    result.set(name, list ? list_attribute(name, py::reinterpret_borrow<py::sequence>(value))
                          : scalar_attribute(name, value));
  }
  return result;
}

py::dict python_attributes(const Attributes& attributes) {
  py::dict result;
  for (const auto& [name, value] : attributes.items()) result[py::str(name)] = py::cast(value);
  return result;
}

py::array exact_array(py::handle object, const TensorType& type, const std::string& what) {
  if (!py::isinstance<py::array>(object))
    fail(ErrorKind::Type, what, " must be a NumPy array, not ", std::string(py::str(py::type::of(object))));
  auto array = py::reinterpret_borrow<py::array>(object);
  bool same = array.ndim() == type.shape.rank() && array.dtype().kind() != 'O' &&
              core_dtype(array.dtype()) == type.dtype;
  for (int axis = 0; same && axis < type.shape.rank(); axis++) same = array.shape(axis) == type.shape[axis];
  if (!same)
    fail(ErrorKind::Value, what, " must be ", type, ", not ", std::string(py::str(array.dtype())),
         std::string(py::str(array.attr("shape"))));
  if (!(array.flags() & py::array::c_style)) array = py::array::ensure(array, py::array::c_style);
  return array;
}

py::array empty_array(const TensorType& type) {
  return py::array(numpy_dtype(type.dtype), type.shape.vector());
}

Tensor copy_to_tensor(const py::array& array) {
  const py::array dense = py::array::ensure(array, py::array::c_style);
  Shape shape;
  for (py::ssize_t axis = 0; axis < dense.ndim(); axis++) shape.push_back(dense.shape(axis));
  Tensor tensor(TensorType{shape, core_dtype(dense.dtype())});
  std::memcpy(tensor.data(), dense.data(), tensor.type.bytes());
  return tensor;
}

}  // namespace pronghorn::bindings
