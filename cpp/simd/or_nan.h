// The greater and the less of two numbers, and NaN where either is: for pooling and reductions.
#pragma once
#include "simd/min_max.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Where one is NaN, one of the two orders gives it; joined with the other's bits it stays one.
template <class V>
PRONGHORN_INLINE V max_or_nan(V a, V b) {
  return from_bits(bits(max(a, b)) | bits(max(b, a)));
}
template <class V>
PRONGHORN_INLINE V min_or_nan(V a, V b) {
  return from_bits(bits(min(a, b)) | bits(min(b, a)));
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
