// The slots of a parameter whose idle rows an optimizer puts off.
#pragma once
#include <cstring>

#include "graph/ops/optimizer_gradients.h"
#include "kernels/optimizer/lag.h"
#include "kernels/optimizer/optimizer.h"

namespace pronghorn {

// They, the parameter and the records are worked on where the results belong; none where nothing is put off.
template <class T>
class DeferredSlots {
 public:
  DeferredSlots(const StepArguments& arguments, const OptimizerLayout& layout, int slots,
                const SparseGradient& rows)
      : columns_(rows.columns) {
    const int at = layout.gradients[rows.parameter].deferred;
    if (at == OptimizerLayout::none) return;
    const auto brought = [&](int output, size_t bytes) {
      const void* from = arguments.src[layout.first_param + output];
      if (from != arguments.dst[output]) std::memcpy(arguments.dst[output], from, bytes);
      return arguments.dst[output];
    };
    const size_t bytes = static_cast<size_t>(rows.rows * columns_) * sizeof(T);
    brought(rows.parameter, bytes);
    for (count_ = 0; count_ < slots; count_++) {
      slots_[count_] = static_cast<T*>(brought((1 + count_) * layout.n + rows.parameter, bytes));
      records_[count_] =
          static_cast<double*>(brought(layout.record(slots, at, count_), Lag<T>::bytes(rows.rows)));
    }
    rows_ = rows.rows;
  }

  // Whether idle rows, which are multiplied by `factor` if they shrink at all, wait in this step.
  bool begin(bool shrink, T factor) {
    const bool waits = count_ > 0 && shrink && Lag<T>::may_wait(factor);
    for (int k = 0; k < count_; k++) waits ? lag(k).begin(factor, slots_[k]) : lag(k).settle(slots_[k]);
    return waits;
  }
  void touch(int64_t row) {
    for (int k = 0; k < count_; k++) lag(k).touch(slots_[k], row);
  }
  void end() {
    for (int k = 0; k < count_; k++) lag(k).end();
  }

 private:
  Lag<T> lag(int k) const { return {records_[k], rows_, columns_}; }

  int count_ = 0;
  int64_t rows_ = 0;
  const int64_t columns_;
  T* slots_[max_optimizer_slots];
  double* records_[max_optimizer_slots];
};

}  // namespace pronghorn
