// Memory that the threads of a loop take turns with. Internal to each file compiled per instruction set.
#pragma once
#include <cstdint>

#include "base/parallel.h"

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

// parallel_for whose body is told, too, which of `workers` pieces of scratch memory is its own for the time.
template <class Body>
void parallel_for_lent(int64_t workers, int64_t end, int64_t grain, double flops, const Body& body) {
  Lender lender(workers);
  parallel_for(
      0, end, grain,
      [&](int64_t first, int64_t last) {
        const int64_t lent = lender.take();
        body(first, last, lent);
        lender.give_back(lent);
      },
      flops);
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
