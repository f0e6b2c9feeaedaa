// Gated recurrent unit over all time steps, given what the inputs contribute to the gates.
//
// With gates_x cut into the parts x_z, x_r, x_c of `units` each, and the weights into U_z, U_r, U_c:
//   z = sigmoid(x_z + h U_z), r = sigmoid(x_r + h U_r)
//   c = tanh(x_c + (r h) U_c), or with reset_after tanh(x_c + r (h U_c + inner_bias));  h' = z h + (1 - z) c
// A row of the batch depends on no other, so chunks of rows run through all steps on their own.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/recurrent/chunk.h"

namespace pronghorn {

struct GruProblem {
  int64_t batch = 0, time = 0, units = 0;
  bool hard = false;  // gates by max(0, min(1, 0.2 z + 0.5)) in place of the sigmoid
  bool reset_after = false;

  // Rows of the batch that go together: as many as share the weights well, if that leaves several parts.
  int64_t chunk() const { return recurrent_chunk(batch); }
  double flops() const {
    return 2.0 * static_cast<double>(batch * time * units) * static_cast<double>(3 * units);
  }
};

// Tensors are dense: sequences (batch, time, …), states (batch, units), weights (units, 3 units).
template <class T>
struct GruForward {
  const T *gates_x, *weights, *h0;
  const T* inner_bias;  // (units), with reset_after
  const bool* mask;     // (batch, time), or null. False: the state stays, the output is the one before, or 0
  T* gates;             // z, r and c after their activations; may be gates_x
  T* inner;             // r h, or with reset_after h U_c + inner_bias
  T *h, *h_last;
};

template <class T>
struct GruBackward {
  const T *gates, *weights, *inner, *h, *h0;
  const bool* mask;
  const T *diff_h, *diff_h_last;  // each may be null
  T* diff_gates;                  // may be gates
  T* diff_inner;
  T* before;  // the state that each step that counts began with
  T* diff_h0;
};

template <class T>
struct GruFunctions {
  // Bytes of scratch, 64-byte aligned, that either direction needs.
  size_t (*scratch)(const GruProblem&);
  void (*forward)(const GruProblem&, const GruForward<T>&, void* scratch);
  void (*backward)(const GruProblem&, const GruBackward<T>&, void* scratch);
};

struct GruTable {
  GruFunctions<float> f32;
  GruFunctions<double> f64;
};

const GruTable& gru_table();

template <class T>
const GruFunctions<T>& gru_functions() {
  if constexpr (sizeof(T) == sizeof(float))
    return gru_table().f32;
  else
    return gru_table().f64;
}

}  // namespace pronghorn
