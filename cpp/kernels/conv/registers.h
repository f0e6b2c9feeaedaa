// How much of a result the registers hold where rows are read at a constant distance and cost no pointers: so
// many rows by two vectors, beside the operands. Internal to each file compiled per instruction set.
#pragma once
#include <cstdint>

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

// Cycles that a tile takes for a pixel: two multiply-adds each, if there are enough of them to hide how long
// one takes, and if the loads keep up.
constexpr double tile_cycles(int64_t rows, int64_t vectors) {
  const double sums = static_cast<double>(rows * vectors) / 2,
               loads = static_cast<double>(rows + vectors + 1) / 2.5;
  const double least = sums > loads ? sums : loads;
  return least > 4 ? least : 4;
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
