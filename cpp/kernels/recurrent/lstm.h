// Long short-term memory over all time steps, given what the inputs contribute to the gates.
//
// With z = gates_x + h · weights, cut into the gates i, f, g, o of `units` each:
//   c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')
// A row of the batch depends on no other, so chunks of rows run through all steps on their own.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/recurrent/chunk.h"

namespace pronghorn {

struct LstmProblem {
  int64_t batch = 0, time = 0, units = 0;
  bool hard = false;  // gates by max(0, min(1, 0.2 z + 0.5)) in place of the sigmoid

  // Rows of the batch that go together: as many as share the weights well, if that leaves several parts.
  int64_t chunk() const { return recurrent_chunk(batch); }
  double flops() const {
    return 2.0 * static_cast<double>(batch * time * units) * static_cast<double>(4 * units);
  }
};

// Tensors are dense: sequences (batch, time, …), states (batch, units), weights (units, 4 units).
template <class T>
struct LstmForward {
  const T *gates_x, *weights, *h0, *c0;
  const bool* mask;  // (batch, time), or null. False: the states stay, the output is the one before, or 0
  T* gates;          // after their activations; may be gates_x
  T *h, *c;          // sequences
  T* before;         // in place of h, which is null then: the state h that each step began with
  T *h_last, *c_last;
};

template <class T>
struct LstmBackward {
  const T *gates, *weights, *h, *c, *h0, *c0;
  const bool* mask;
  const T *diff_h, *diff_h_last, *diff_c_last;  // each may be null
  T* diff_gates;                                // may be gates
  T* before;  // the state h that each step that counts began with; null, as is h, where forward has left it
  T *diff_h0, *diff_c0;
  T* diff_bias;  // diff_gates summed over rows and steps (4 units), or null
};

template <class T>
struct LstmFunctions {
  // Bytes of scratch, 64-byte aligned, that either direction needs.
  size_t (*scratch)(const LstmProblem&);
  void (*forward)(const LstmProblem&, const LstmForward<T>&, void* scratch);
  void (*backward)(const LstmProblem&, const LstmBackward<T>&, void* scratch);
};

struct LstmTable {
  LstmFunctions<float> f32;
  LstmFunctions<double> f64;
};

const LstmTable& lstm_table();

template <class T>
const LstmFunctions<T>& lstm_functions() {
  if constexpr (sizeof(T) == sizeof(float))
    return lstm_table().f32;
  else
    return lstm_table().f64;
}

}  // namespace pronghorn
