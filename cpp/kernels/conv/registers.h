// How much of a result the registers hold where rows are read at a constant distance and cost no pointers: so
// many rows by two vectors, beside the operands. Internal to each file compiled per instruction set.
#pragma once
#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

#if defined(PRONGHORN_ISA_avx512)
constexpr int most_rows = 14;
#elif defined(PRONGHORN_ISA_avx2)
constexpr int most_rows = 6;
#elif defined(PRONGHORN_ISA_neon)
constexpr int most_rows = 12;
#else
constexpr int most_rows = 4;
#endif
constexpr int panel_vectors = 2;

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
