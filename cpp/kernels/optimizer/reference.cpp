#include <algorithm>
#include <cmath>

#include "kernels/optimizer/optimizer.h"

namespace pronghorn::Reference {
namespace {

// One element of a parameter with its gradient and slots.
template <class T>
struct Element {
  T g, p, slot[max_optimizer_slots];
};

template <class T, int slots, class Rule>
void update(const OptimizerData<T>& data, int64_t count, Rule rule) {
  for (int64_t i = 0; i < count; i++) {
    Element<T> at{data.grad[i], data.param[i], {}};
    for (int k = 0; k < slots; k++) at.slot[k] = data.slots[k][i];
    rule(at);
    data.new_param[i] = at.p;
    for (int k = 0; k < slots; k++) data.new_slots[k][i] = at.slot[k];
  }
}

template <class T>
void sgd(const T* c, const OptimizerData<T>& data, int64_t count) {
  const T lr = c[0];
  update<T, 0>(data, count, [&](Element<T>& at) { at.p = at.p - lr * at.g; });
}

template <class T>
void momentum(const T* c, const OptimizerData<T>& data, int64_t count) {
  const T lr = c[0], keep = c[1];
  update<T, 1>(data, count, [&](Element<T>& at) {
    at.slot[0] = keep * at.slot[0] - lr * at.g;
    at.p += at.slot[0];
  });
}

template <class T>
void nesterov(const T* c, const OptimizerData<T>& data, int64_t count) {
  const T lr = c[0], keep = c[1];
  update<T, 1>(data, count, [&](Element<T>& at) {
    at.slot[0] = keep * at.slot[0] - lr * at.g;
    at.p = at.p + keep * at.slot[0] - lr * at.g;
  });
}

template <class T>
void rmsprop(const T* c, const OptimizerData<T>& data, int64_t count) {
  const T lr = c[0], epsilon = c[1], rho = c[2], rest = c[3], inner = c[4];
  update<T, 1>(data, count, [&](Element<T>& at) {
    at.slot[0] = rho * at.slot[0] + rest * (at.g * at.g);
    at.p -= lr * at.g / (std::sqrt(at.slot[0] + inner) + epsilon);
  });
}

template <class T>
void adagrad(const T* c, const OptimizerData<T>& data, int64_t count) {
  const T lr = c[0], epsilon = c[1], inner = c[2];
  update<T, 1>(data, count, [&](Element<T>& at) {
    at.slot[0] += at.g * at.g;
    at.p -= lr * at.g / (std::sqrt(at.slot[0] + inner) + epsilon);
  });
}

template <class T>
void adadelta(const T* c, const OptimizerData<T>& data, int64_t count) {
  const T lr = c[0], epsilon = c[1], rho = c[2], rest = c[3];
  update<T, 2>(data, count, [&](Element<T>& at) {
    at.slot[0] = rho * at.slot[0] + rest * (at.g * at.g);
    const T change = at.g * std::sqrt(at.slot[1] + epsilon) / std::sqrt(at.slot[0] + epsilon);
    at.p -= lr * change;
    at.slot[1] = rho * at.slot[1] + rest * (change * change);
  });
}

template <class T, int slots>
void decay(const T* c, const OptimizerData<T>& data, int64_t count) {
  for (int k = 0; k < slots; k++)
    for (int64_t i = 0; i < count; i++) data.new_slots[k][i] = c[2] * data.slots[k][i];
}

template <class T>
void shrink(T rho, int64_t times, T* slot, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    for (int64_t k = 0; k < times; k++) slot[i] = rho * slot[i];
}

// The moving averages that adam and its kin share.
template <class T>
struct Moments {
  T lr, epsilon, beta_1, rest_1, beta_2, rest_2;

  explicit Moments(const T* c)
      : lr(c[0]), epsilon(c[1]), beta_1(c[2]), rest_1(c[3]), beta_2(c[4]), rest_2(c[5]) {}
};

template <class T>
T first_moment(const Moments<T>& m, const Element<T>& at) {
  return m.beta_1 * at.slot[0] + m.rest_1 * at.g;
}
template <class T>
T second_moment(const Moments<T>& m, const Element<T>& at) {
  return m.beta_2 * at.slot[1] + m.rest_2 * (at.g * at.g);
}

template <class T>
void adam(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  update<T, 2>(data, count, [&](Element<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = second_moment(m, at);
    at.p -= m.lr * at.slot[0] / (std::sqrt(at.slot[1]) + m.epsilon);
  });
}

template <class T>
void amsgrad(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  update<T, 3>(data, count, [&](Element<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = second_moment(m, at);
    at.slot[2] = std::max(at.slot[2], at.slot[1]);
    at.p -= m.lr * at.slot[0] / (std::sqrt(at.slot[2]) + m.epsilon);
  });
}

template <class T>
void adamax(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  update<T, 2>(data, count, [&](Element<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = std::max(m.beta_2 * at.slot[1], std::abs(at.g));
    at.p -= m.lr * at.slot[0] / (at.slot[1] + m.epsilon);
  });
}

template <class T>
void nadam(const T* c, const OptimizerData<T>& data, int64_t count) {
  const Moments<T> m(c);
  const T of_gradient = c[6], of_moment = c[7], correction = c[8];
  update<T, 2>(data, count, [&](Element<T>& at) {
    at.slot[0] = first_moment(m, at);
    at.slot[1] = second_moment(m, at);
    const T ahead = of_gradient * at.g + of_moment * at.slot[0];
    at.p -= m.lr * ahead / (std::sqrt(at.slot[1] / correction) + m.epsilon);
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

}  // namespace pronghorn::Reference
