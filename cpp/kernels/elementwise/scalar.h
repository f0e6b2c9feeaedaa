// Exact scalar arithmetic that the vector and the plain kernels share, in Python's sense of // and %. Of
// internal linkage, since some users are compiled per instruction set.
#pragma once
#include <cstdint>

namespace pronghorn {
namespace {

template <class T>
[[maybe_unused]] inline T floor_mod(T a, T b) {
  if constexpr (static_cast<T>(0.5) != 0) {
    T m = static_cast<T>(sizeof(T) == 4 ? __builtin_fmodf(a, b) : __builtin_fmod(a, b));
    if (m == 0) return static_cast<T>(__builtin_copysign(0.0, b));
    return (m < 0) != (b < 0) ? m + b : m;
  } else {
    if (b == 0 || b == static_cast<T>(-1)) return b == 0 || static_cast<T>(-1) < 0 ? 0 : a % b;
    const T m = a % b;
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
  }
}

// An integer divided by 0 gives 0.
template <class T>
[[maybe_unused]] inline T floor_divide(T a, T b) {
  if constexpr (static_cast<T>(0.5) != 0) {
    if (b == 0) return a / b;
    const T quotient = (a - floor_mod(a, b)) / b;
    return static_cast<T>(sizeof(T) == 4 ? __builtin_rintf(quotient) : __builtin_rint(quotient));
  } else {
    if (b == 0) return 0;
    if (static_cast<T>(-1) < 0 && b == static_cast<T>(-1))
      return static_cast<T>(0 - static_cast<uint64_t>(a));
    return static_cast<T>(a / b - (a % b != 0 && (a < 0) != (b < 0)));
  }
}

// By squaring, with wrap-around; negative exponents give 0 but for bases of 1 and -1.
template <class T>
[[maybe_unused]] inline T integer_power(T base, T exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == static_cast<T>(-1) ? (exponent % 2 ? base : 1) : 0;
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (uint64_t e = static_cast<uint64_t>(exponent); e; e >>= 1, factor *= factor)
    if (e & 1) result *= factor;
  return static_cast<T>(result);
}

}  // namespace
}  // namespace pronghorn
