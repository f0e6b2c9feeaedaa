// How random words become numbers, for the vector and the plain kernels alike.
//
// Elements come in groups, aligned in the whole tensor, so that what an element gets depends on its index
// alone. A group of 64 uses 64 words of philox (float: element i uses word i) or 128 words (double). Dropout
// chooses by fewer bits: by the bytes of the words where the rate is a multiple of 1/256, else by their
// 16-bit halves.
#pragma once
#include "kernels/elementwise/instructions.h"

namespace pronghorn {
namespace {

constexpr int random_group = 64;
template <class T>
constexpr int random_words = random_group * static_cast<int>(sizeof(T)) / 4;

// A number drawn from the normal distribution cut off at two standard deviations is z = sqrt(2) erfinv(x)
// with x uniform within
// +-truncated_most = erf(sqrt(2)). With w = -log(1 - x^2), z / x is a smooth function of w; highest power
// first.
constexpr double truncated_most = 0.9544997361036416;
constexpr float truncated_ratio[] = {
    -6.558205313922372e-06f, 9.209046402247623e-05f, -0.00021935538097750396f, -0.0032724153717116144f,
    0.01632176712155342f,    0.32811856269836426f,   1.2533141374588013f};

constexpr int dropout_group = 128;

[[maybe_unused]] inline bool dropout_by_bytes(double rate) {
  return rate * 256 == static_cast<int>(rate * 256);
}

// What is less than this is dropped.
template <class Narrow>
[[maybe_unused]] inline uint32_t dropout_threshold(double rate) {
  return static_cast<uint32_t>(rate * (uint32_t{1} << (8 * sizeof(Narrow))) + 0.5);
}

}  // namespace
}  // namespace pronghorn
