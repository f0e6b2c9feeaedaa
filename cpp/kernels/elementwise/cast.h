// C's conversions, save that anything but 0 (NaN too) is true, and that a float goes to a byte through int32,
// as in NumPy. What no integer holds, NaN too, becomes the least one: x86 does that by itself.
// Of internal linkage: one copy per instruction set.
#pragma once
#include <type_traits>

#include "kernels/elementwise/instructions.h"

namespace pronghorn {
namespace {

template <class To, class From>
inline To convert(From x) {
  if constexpr (tile_dtype<To> == tile_dtype<bool>)
    return x != 0;
  else if constexpr (tile_dtype<To> == tile_dtype<uint8_t>)
    return static_cast<uint8_t>(convert<int32_t>(x));
#if !defined(__x86_64__)
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From limit = static_cast<From>(uint64_t{1} << (8 * sizeof(To) - 1));
    return x >= -limit && x < limit ? static_cast<To>(x) : static_cast<To>(-limit);
  }
#endif
  else
    return static_cast<To>(x);
}

template <class From, class To>
void cast_tile(const TileArguments& a) {
  const From* src = static_cast<const From*>(a.src[0]);
  To* dst = static_cast<To*>(a.dst);
  if (a.step[0] == 0) {
    const To value = convert<To>(*src);
    for (int64_t i = 0; i < a.n; i++) dst[i] = value;
  } else {
    for (int64_t i = 0; i < a.n; i++) dst[i] = convert<To>(src[i]);
  }
}

constexpr CastTable make_cast_table() {
  CastTable t{};
  auto row = [&t]<class From>(From) {
    auto& to = t.function[tile_dtype<From>];
    to[tile_dtype<float>] = cast_tile<From, float>;
    to[tile_dtype<double>] = cast_tile<From, double>;
    to[tile_dtype<int32_t>] = cast_tile<From, int32_t>;
    to[tile_dtype<int64_t>] = cast_tile<From, int64_t>;
    to[tile_dtype<uint8_t>] = cast_tile<From, uint8_t>;
    to[tile_dtype<bool>] = cast_tile<From, bool>;
  };
  row(float{}), row(double{}), row(int32_t{}), row(int64_t{}), row(uint8_t{}), row(bool{});
  return t;
}

}  // namespace
}  // namespace pronghorn
