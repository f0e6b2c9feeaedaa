#include "kernels/optimizer/optimizer.h"

#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// One vector of a parameter with its gradient and slots.
template <class T>
struct Lanes {
  Vec<T> g, p, slot[max_optimizer_slots];
};

// Runs rule(lanes), which changes p and the slots, over all elements.
template <class T, int slots, class Rule>
PRONGHORN_INLINE void update(const OptimizerData<T>& given, int64_t count, Rule rule) {
  const OptimizerData<T> data = given;  // no store can change a copy: its pointers stay in registers
  int64_t i = 0;
  for (; i + width<T> <= count; i += width<T>) {
    __builtin_prefetch(data.param + i + data.ahead);
    for (int k = 0; k < slots; k++) __builtin_prefetch(data.slots[k] + i + data.ahead);
    Lanes<T> lanes;
    lanes.g = load(data.grad + i);
    lanes.p = load(data.param + i);
    for (int k = 0; k < slots; k++) lanes.slot[k] = load(data.slots[k] + i);
    rule(lanes);
    store(data.new_param + i, lanes.p);
    for (int k = 0; k < slots; k++) store(data.new_slots[k] + i, lanes.slot[k]);
  }
  if (i < count) {
    const int n = static_cast<int>(count - i);
    Lanes<T> lanes;
    lanes.g = load_part(data.grad + i, n);
    lanes.p = load_part(data.param + i, n);
    for (int k = 0; k < slots; k++) lanes.slot[k] = load_part(data.slots[k] + i, n);
    rule(lanes);
    store_part(data.new_param + i, lanes.p, n);
    for (int k = 0; k < slots; k++) store_part(data.new_slots[k] + i, lanes.slot[k], n);
  }
}

template <class T>
void sgd(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Vec<T> lr = broadcast(c[0]);
  update<T, 0>(data, count, [&](Lanes<T>& at) { at.p = at.p - lr * at.g; });
}

template <class T>
void momentum(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Vec<T> lr = broadcast(c[0]), keep = broadcast(c[1]);
  update<T, 1>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = keep * at.slot[0] - lr * at.g;
    at.p += at.slot[0];
  });
}

template <class T>
void nesterov(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Vec<T> lr = broadcast(c[0]), keep = broadcast(c[1]);
  update<T, 1>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = keep * at.slot[0] - lr * at.g;
    at.p = at.p + keep * at.slot[0] - lr * at.g;
  });
}

template <class T>
void rmsprop(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Vec<T> lr = broadcast(c[0]), epsilon = broadcast(c[1]), rho = broadcast(c[2]), rest = broadcast(c[3]);
  const Vec<T> inner = broadcast(c[4]);
  update<T, 1>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = rho * at.slot[0] + rest * (at.g * at.g);
    at.p -= lr * at.g / (sqrt(at.slot[0] + inner) + epsilon);
  });
}

template <class T>
void adagrad(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Vec<T> lr = broadcast(c[0]), epsilon = broadcast(c[1]), inner = broadcast(c[2]);
  update<T, 1>(data, count, [&](Lanes<T>& at) {
    at.slot[0] += at.g * at.g;
    at.p -= lr * at.g / (sqrt(at.slot[0] + inner) + epsilon);
  });
}

template <class T>
void adadelta(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Vec<T> lr = broadcast(c[0]), epsilon = broadcast(c[1]), rho = broadcast(c[2]), rest = broadcast(c[3]);
  update<T, 2>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = rho * at.slot[0] + rest * (at.g * at.g);
    const Vec<T> change = at.g * sqrt(at.slot[1] + epsilon) / sqrt(at.slot[0] + epsilon);
    at.p -= lr * change;
    at.slot[1] = rho * at.slot[1] + rest * (change * change);
  });
}

template <class T, int slots>
void decay(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Vec<T> rho = broadcast(c[2]);
  for (int k = 0; k < slots; k++)
    for (int64_t i = 0; i < count; i += width<T>)
      store_upto(data.new_slots[k] + i, rho * load_upto(data.slots[k] + i, count - i), count - i);
}

// Several vectors at a time, as a product has to wait for the one before. What stays as it is for some
// multiplications does so for good.
template <class T>
void shrink(T rho, int64_t times, T* slot, int64_t count) {
  constexpr int vectors = 8, part = 16;
  const Vec<T> factor = broadcast(rho);
  for (int64_t at = 0; at < count; at += vectors * width<T>) {
    Vec<T> v[vectors];
    const auto left = [&](int i) { return count - at - i * width<T>; };
    for (int i = 0; i < vectors; i++)
      v[i] = left(i) > 0 ? load_upto(slot + at + i * width<T>, left(i)) : Vec<T>{};
    const auto multiply = [&](int64_t often) {
      for (int64_t k = 0; k < often; k++)
        for (int i = 0; i < vectors; i++) v[i] = factor * v[i];
    };
    multiply(times % part);
    for (int64_t due = times / part; due > 0; due--) {
      Vec<T> before[vectors];
      for (int i = 0; i < vectors; i++) before[i] = v[i];
      multiply(part);
      auto changed = v[0] != before[0];
      for (int i = 1; i < vectors; i++) changed |= v[i] != before[i];
      if (!any(changed)) break;
    }
    for (int i = 0; i < vectors; i++)
      if (left(i) > 0) store_upto(slot + at + i * width<T>, v[i], left(i));
  }
}

// The moving averages that adam and its kin share.
template <class T>
struct Moments {
  Vec<T> lr, epsilon, beta_1, rest_1, beta_2, rest_2;

  explicit Moments(const T* c)
      : lr(broadcast(c[0])),
        epsilon(broadcast(c[1])),
        beta_1(broadcast(c[2])),
        rest_1(broadcast(c[3])),
        beta_2(broadcast(c[4])),
        rest_2(broadcast(c[5])) {}
};

template <class T>
PRONGHORN_INLINE Vec<T> first_moment(const Moments<T>& m, const Lanes<T>& at) {
  return m.beta_1 * at.slot[0] + m.rest_1 * at.g;
}
template <class T>
PRONGHORN_INLINE Vec<T> second_moment(const Moments<T>& m, const Lanes<T>& at) {
  return m.beta_2 * at.slot[1] + m.rest_2 * (at.g * at.g);
}

template <class T>
void adam(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  update<T, 2>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = second_moment(m, at);
    at.p -= m.lr * at.slot[0] / (sqrt(at.slot[1]) + m.epsilon);
  });
}

template <class T>
void amsgrad(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  update<T, 3>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = second_moment(m, at);
    at.slot[2] = max(at.slot[2], at.slot[1]);
    at.p -= m.lr * at.slot[0] / (sqrt(at.slot[2]) + m.epsilon);
  });
}

template <class T>
void adamax(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  update<T, 2>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = max(m.beta_2 * at.slot[1], abs(at.g));
    at.p -= m.lr * at.slot[0] / (at.slot[1] + m.epsilon);
  });
}

template <class T>
void nadam(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  const Vec<T> of_gradient = broadcast(c[6]), of_moment = broadcast(c[7]), correction = broadcast(c[8]);
  update<T, 2>(data, count, [&](Lanes<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = second_moment(m, at);
    const Vec<T> ahead = of_gradient * at.g + of_moment * at.slot[0];
    at.p -= m.lr * ahead / (sqrt(at.slot[1] / correction) + m.epsilon);
  });
}

template <class T>
constexpr OptimizerFunctions<T> functions = {
    sgd<T>,     momentum<T>, nesterov<T>, rmsprop<T>,  adagrad<T>,  adadelta<T>, adam<T>,
    amsgrad<T>, adamax<T>,   nadam<T>,    decay<T, 1>, decay<T, 2>, shrink<T>,
};

}  // namespace

extern const OptimizerTable optimizer_table;
const OptimizerTable optimizer_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
