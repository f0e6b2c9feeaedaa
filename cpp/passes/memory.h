// Placement of buffers with known lifetimes into one arena.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pronghorn {

struct Lifetime {
  int64_t bytes;
  int32_t first, last;  // steps, inclusive
  int64_t offset = 0;   // the answer
};

// Sets each offset (64-byte aligned) so that no two buffers alive in the same step overlap; returns the bytes
// needed. Largest first, each at the lowest offset that is free during its whole life: within a few percent
// of the lower bound on training graphs (Pisarchyk and Lee, "Efficient memory management for deep neural net
// inference", 2020).
int64_t place_in_arena(std::vector<Lifetime>& buffers);

}  // namespace pronghorn
