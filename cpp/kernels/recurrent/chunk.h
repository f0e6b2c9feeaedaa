// How the rows of a batch are cut for the threads.
#pragma once
#include <cstdint>

namespace pronghorn {

constexpr int64_t most_chunk = 8;

// Eight rows together make the most of each weight that is read; a small batch is cut in smaller parts, so
// that there are several.
constexpr int64_t recurrent_chunk(int64_t batch) {
  const int64_t fourth = (batch + 3) / 4, half = (batch + 1) / 2;
  const int64_t least = half < 4 ? half : 4;
  const int64_t rows = fourth > least ? fourth : least;
  return rows > most_chunk ? most_chunk : rows > 1 ? rows : 1;
}

}  // namespace pronghorn
