// Memory that the threads of a loop take turns with. Internal to each file compiled per instruction set.
#pragma once
#include <cstdint>

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Lends each of the threads at work one of `count` pieces of scratch memory.
class Lender {
 public:
  explicit Lender(int64_t count) : count_(count) {}
  int64_t take() {
    for (int64_t i = 0;; i = i + 1 < count_ ? i + 1 : 0)
      if (!(__atomic_fetch_or(&taken_, uint64_t{1} << i, __ATOMIC_ACQUIRE) >> i & 1)) return i;
  }
  void give_back(int64_t i) { __atomic_fetch_and(&taken_, ~(uint64_t{1} << i), __ATOMIC_RELEASE); }

 private:
  int64_t count_;
  uint64_t taken_ = 0;
};

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
