#include "graph/state.h"

#include <cstring>

#include "base/parallel.h"
#include "kernels/optimizer/lag.h"

namespace pronghorn {

// Calls f with the record and 0 in the slot's type, if there is a record. Numbers are rounded as in programs.
template <class F>
void StateTensor::with_lag(const F& f) const {
  if (!has_lag_.load(std::memory_order_acquire)) return;
  const FlushDenormals flush;
  const std::lock_guard lock(mutex_);
  const auto in = [&](auto zero) {
    f(Lag<decltype(zero)>(lag_->data_as<double>(), type.shape[0], type.shape.count(1, type.shape.rank())),
      zero);
  };
  type.dtype == DType::Float32 ? in(0.0f) : in(0.0);
}

void StateTensor::read(void* to) const {
  std::memcpy(to, data(), type.bytes());
  with_lag([&](const auto& lag, auto zero) { lag.make_up_all(static_cast<decltype(zero)*>(to)); });
}

void StateTensor::write(const void* from) {
  std::memcpy(data(), from, type.bytes());
  with_lag([](auto lag, auto) { lag.forget(); });
  count_write();
}

void StateTensor::settle_rows() {
  with_lag([&](auto lag, auto zero) { lag.settle(data_as<decltype(zero)>()); });
}

State StateTensor::lag_if_any() const {
  const std::lock_guard lock(mutex_);
  return lag_;
}

State StateTensor::lag() {
  const std::lock_guard lock(mutex_);
  if (!lag_) {
    lag_ = std::make_shared<StateTensor>(Tensor({{Lag<double>::size(type.shape[0])}, DType::Float64}));
    has_lag_.store(true, std::memory_order_release);
  }
  return lag_;
}

}  // namespace pronghorn
