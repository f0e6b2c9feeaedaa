#include "base/buffer.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace pronghorn {
namespace {
std::atomic<int64_t> allocation_count{0};
}

Buffer::Buffer(size_t bytes) : bytes_(bytes) {
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  data_ = std::aligned_alloc(alignment, rounded ? rounded : alignment);
  if (!data_) fail(ErrorKind::Memory, "out of memory: could not allocate ", bytes, " bytes");
  std::memset(data_, 0, rounded);
  allocation_count++;
}

Buffer::~Buffer() {
  std::free(data_);
}

int64_t Buffer::allocations() {
  return allocation_count;
}

}  // namespace pronghorn
