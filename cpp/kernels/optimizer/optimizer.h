// One step of an optimizer over a stretch of one parameter. The numbers that change from step to step and
// those that do not stand together in `c`, in the order given at each rule; g is the gradient, p the
// parameter, s0, s1, s2 the slots.
#pragma once
#include <cstdint>

namespace pronghorn {

constexpr int max_optimizer_slots = 3;

// src and dst may be the same memory, for parameter and slots.
template <class T>
struct OptimizerData {
  const T *grad, *param;
  const T* slots[max_optimizer_slots];
  T* new_param;
  T* new_slots[max_optimizer_slots];
  // So many elements further on is what comes next, which is asked for meanwhile: large tables and their
  // slots are not in the caches near by.
  int64_t ahead = 2048 / sizeof(T);
};

template <class T>
using OptimizerFunction = void (*)(const T* c, const OptimizerData<T>& data, int64_t count);

// rmsprop:   c = lr, epsilon, rho, 1 - rho, epsilon under the root: one of the two is 0
//            s0' = rho s0 + (1 - rho) g^2,  p' = p - lr g / (sqrt(s0' + epsilon under the root) + epsilon)
// adagrad:   c = lr, epsilon, epsilon under the root;  s0' = s0 + g^2, then as rmsprop
// adadelta:  c as rmsprop;  s0' as rmsprop,  u = g sqrt(s1 + epsilon) / sqrt(s0' + epsilon)
//            p' = p - lr u,  s1' = rho s1 + (1 - rho) u^2
// adam:      c = lr_t, epsilon, beta_1, 1 - beta_1, beta_2, 1 - beta_2
//            s0' = beta_1 s0 + (1 - beta_1) g,  s1' = beta_2 s1 + (1 - beta_2) g^2
//            p' = p - lr_t s0' / (sqrt(s1') + epsilon)
// amsgrad:   adam with s2' = max(s2, s1') under the root
// adamax:    adam with s1' = max(beta_2 s1, |g|),  p' = p - lr_t s0' / (s1' + epsilon)
// nadam:     c as adam, then a, b, d;  p' = p - lr_t (a g + b s0') / (sqrt(s1' / d) + epsilon)
template <class T>
struct OptimizerFunctions {
  OptimizerFunction<T> sgd;       // c = lr;  p' = p - lr g
  OptimizerFunction<T> momentum;  // c = lr, momentum;  s0' = momentum s0 - lr g,  p' = p + s0'
  OptimizerFunction<T> nesterov;  // c and s0' as momentum;  p' = p + momentum s0' - lr g
  OptimizerFunction<T> rmsprop, adagrad, adadelta, adam, amsgrad, adamax, nadam;
  // What remains of rmsprop and adadelta where g = 0 and epsilon > 0: s0' = rho s0, and s1' = rho s1.
  OptimizerFunction<T> rmsprop_idle, adadelta_idle;
  // That so many times over: slot = rho slot, rounded each time. rho may wait (lag.h).
  void (*shrink)(T rho, int64_t times, T* slot, int64_t count);
};

struct OptimizerTable {
  OptimizerFunctions<float> f32;
  OptimizerFunctions<double> f64;
};

const OptimizerTable& optimizer_table();

template <class T>
const OptimizerFunctions<T>& optimizer_functions() {
  if constexpr (sizeof(T) == sizeof(float))
    return optimizer_table().f32;
  else
    return optimizer_table().f64;
}

}  // namespace pronghorn
