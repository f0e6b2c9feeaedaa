// Loads and stores of as many lanes as are left: a whole vector where n allows it, else the first n.
#pragma once
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

template <class T>
PRONGHORN_INLINE Vec<T> load_upto(const T* p, int64_t n) {
  return n >= width<T> ? load(p) : load_part(p, static_cast<int>(n));
}

template <class T>
PRONGHORN_INLINE void store_upto(T* p, Vec<T> v, int64_t n) {
  n >= width<T> ? store(p, v) : store_part(p, v, static_cast<int>(n));
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
