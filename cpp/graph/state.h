// What a graph reads that outlives a run: weights, optimizer slots, metric accumulators, the random counter.
// Programs share it.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "base/tensor.h"

namespace pronghorn {

struct StateTensor;
using State = std::shared_ptr<StateTensor>;

// The memory may be behind the content: rows of a slot that an optimizer has put off multiplying, with a
// record of it beside them (kernels/optimizer/lag.h). Programs that take the record too use the memory as it
// is; everything else goes through read, write and settle.
struct StateTensor : Tensor {
  explicit StateTensor(const Tensor& content, bool may_lag = true) : Tensor(content), may_lag(may_lag) {}

  const bool may_lag;  // false where the memory itself is handed out

  void read(void* to) const;
  void write(const void* from);
  // Brings the memory up to date; every program does so first with each state whose record it does not take.
  void settle() {
    if (has_lag_.load(std::memory_order_acquire)) settle_rows();
  }

  // How often the content was replaced, as far as those who replace it tell, when they have. Programs go by
  // it that keep what they computed from states.
  uint64_t writes() const { return writes_.load(std::memory_order_acquire); }
  void count_write() { writes_.fetch_add(1, std::memory_order_release); }

  State lag();  // the record, made by the first who asks
  State lag_if_any() const;

 private:
  void settle_rows();
  template <class F>
  void with_lag(const F& f) const;

  mutable std::mutex mutex_;
  State lag_;
  std::atomic<bool> has_lag_ = false;
  std::atomic<uint64_t> writes_ = 0;
};

}  // namespace pronghorn
