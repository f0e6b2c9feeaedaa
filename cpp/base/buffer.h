// Memory aligned for the widest vectors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

namespace pronghorn {

class Buffer {
 public:
  static constexpr size_t alignment = 64;
  static constexpr size_t aligned(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

  explicit Buffer(size_t bytes);  // zeroed; throws Error (Memory) with the size asked for
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  static int64_t
  allocations();  // how many were made since the process began: what tests of "no allocation" read

 private:
  void* data_;
  size_t bytes_;
};

}  // namespace pronghorn
