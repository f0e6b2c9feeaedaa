// A dense row-major array: a type and the memory that holds it. Copies share the memory.
#pragma once
#include <memory>

#include "base/buffer.h"
#include "base/dtype.h"
#include "base/shape.h"

namespace pronghorn {

struct TensorType {
  Shape shape;
  DType dtype = DType::Float32;

  int64_t count() const { return shape.count(); }
  size_t bytes() const { return static_cast<size_t>(shape.count()) * size_of(dtype); }
  bool operator==(const TensorType& other) const { return dtype == other.dtype && shape == other.shape; }
};

inline std::string to_string(const TensorType& type) {
  return name_of(type.dtype) + to_string(type.shape);
}
inline std::ostream& operator<<(std::ostream& out, const TensorType& type) {
  return out << to_string(type);
}

struct Tensor {
  TensorType type;
  std::shared_ptr<Buffer> buffer;

  Tensor() = default;
  explicit Tensor(const TensorType& type) : type(type), buffer(std::make_shared<Buffer>(type.bytes())) {}

  void* data() const { return buffer->data(); }
  template <class T>
  T* data_as() const {
    return static_cast<T*>(buffer->data());
  }
};

}  // namespace pronghorn
