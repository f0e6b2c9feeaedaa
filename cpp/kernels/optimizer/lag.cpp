#include "kernels/optimizer/lag.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/optimizer/optimizer.h"

namespace pronghorn {

template <class T>
void Lag<T>::make_up(T* slot, int64_t row) const {
  const auto due = static_cast<int64_t>(clock_ - times_[row]);
  if (due > 0) optimizer_functions<T>().shrink(static_cast<T>(factor_), due, slot + row * columns_, columns_);
}

template <class T>
void Lag<T>::make_up_all(T* copy) const {
  parallel_for(0, rows_, 1 + 16 * 1024 / columns_, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) make_up(copy, row);
  });
}

template <class T>
void Lag<T>::settle(T* slot) {
  make_up_all(slot);
  forget();
}

template <class T>
void Lag<T>::forget() {
  std::fill(times_, times_ + rows_, clock_);
}

template <class T>
void Lag<T>::begin(T factor, T* slot) {
  if (factor_ == static_cast<double>(factor)) return;
  settle(slot);
  factor_ = factor;
}

template class Lag<float>;
template class Lag<double>;

}  // namespace pronghorn
