#include "base/buffer.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace pronghorn {
namespace {
std::atomic<int64_t> allocation_count{0};

// Large buffers lie on huge pages where the system has them: transforms and transposes write to dozens of
// places in turn, more than the processor remembers small pages for.
constexpr size_t huge_page = size_t{2} << 20;
size_t alignment_of(size_t bytes) {
  return bytes >= 2 * huge_page ? huge_page : Buffer::alignment;
}
void ask_for_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] size_t bytes) {
#ifdef MADV_HUGEPAGE
  madvise(data, bytes, MADV_HUGEPAGE);  // a wish: nothing is lost where it is refused
#endif
}
}  // namespace

Buffer::Buffer(size_t bytes) : bytes_(bytes) {
  const size_t aligned = alignment_of(bytes), rounded = (bytes + aligned - 1) / aligned * aligned;
  data_ = std::aligned_alloc(aligned, rounded ? rounded : aligned);
  if (!data_) fail(ErrorKind::Memory, "out of memory: could not allocate ", bytes, " bytes");
  if (aligned == huge_page) ask_for_huge_pages(data_, rounded);
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
