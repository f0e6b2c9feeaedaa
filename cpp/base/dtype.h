// Element types of tensors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace pronghorn {

enum class DType : uint8_t { Float32, Float64, Int32, Int64, UInt8, Bool };

size_t size_of(DType dtype);                     // bytes of one element
const char* name_of(DType dtype);                // "float32", ...
DType dtype_from_name(const std::string& name);  // throws Error (Type) for an unknown name

inline bool is_float(DType dtype) {
  return dtype == DType::Float32 || dtype == DType::Float64;
}

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::Float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::Float64;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::Int32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::Int64;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::UInt8;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::Bool;
};

// Calls f(T{}) with the C++ type of `dtype`: the one place that turns a run-time dtype into a compile-time
// type.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Float32:
      return f(float{});
    case DType::Float64:
      return f(double{});
    case DType::Int32:
      return f(int32_t{});
    case DType::Int64:
      return f(int64_t{});
    case DType::UInt8:
      return f(uint8_t{});
    default:
      return f(bool{});
  }
}

}  // namespace pronghorn
