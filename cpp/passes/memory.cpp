#include "passes/memory.h"

#include <algorithm>
#include <numeric>

#include "base/buffer.h"

namespace pronghorn {

int64_t place_in_arena(std::vector<Lifetime>& buffers) {
  constexpr int64_t alignment = Buffer::alignment;
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });

  int64_t total = 0;
  std::vector<const Lifetime*> placed;  // sorted by offset
  for (size_t index : order) {
    Lifetime& buffer = buffers[index];
    buffer.bytes = (buffer.bytes + alignment - 1) / alignment * alignment;
    int64_t offset = 0;
    for (const Lifetime* other : placed) {
      if (other->last < buffer.first || buffer.last < other->first) continue;
      if (offset + buffer.bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    buffer.offset = offset;
    total = std::max(total, offset + buffer.bytes);
    auto at = std::upper_bound(placed.begin(), placed.end(), &buffer,
                               [](const Lifetime* a, const Lifetime* b) { return a->offset < b->offset; });
    placed.insert(at, &buffer);
  }
  return total;
}

}  // namespace pronghorn
