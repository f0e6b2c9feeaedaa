// The simplest recurrent layer over all time steps: h' = tanh(x + h · weights), given x, what the inputs
// contribute. A row of the batch depends on no other, so chunks of rows run through all steps on their own.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/recurrent/chunk.h"

namespace pronghorn {

struct SimpleRnnProblem {
  int64_t batch = 0, time = 0, units = 0;

  // Rows of the batch that go together: as many as share the weights well, if that leaves several parts.
  int64_t chunk() const { return recurrent_chunk(batch); }
  double flops() const {
    return 2.0 * static_cast<double>(batch * time * units) * static_cast<double>(1 * units);
  }
};

// Tensors are dense: sequences (batch, time, units), states (batch, units), weights (units, units).
template <class T>
struct SimpleRnnForward {
  const T *x, *weights, *h0;
  const bool* mask;  // (batch, time), or null. False: the state stays, the output is the one before, or 0
  T* h;              // may be x
  T* h_last;
};

template <class T>
struct SimpleRnnBackward {
  const T *h, *weights, *h0;
  const bool* mask;
  const T *diff_h, *diff_h_last;  // each may be null
  T *diff_x, *before;             // before: the state that each step that counts began with
  T* diff_h0;
};

template <class T>
struct SimpleRnnFunctions {
  // Bytes of scratch, 64-byte aligned, that either direction needs.
  size_t (*scratch)(const SimpleRnnProblem&);
  void (*forward)(const SimpleRnnProblem&, const SimpleRnnForward<T>&, void* scratch);
  void (*backward)(const SimpleRnnProblem&, const SimpleRnnBackward<T>&, void* scratch);
};

struct SimpleRnnTable {
  SimpleRnnFunctions<float> f32;
  SimpleRnnFunctions<double> f64;
};

const SimpleRnnTable& simple_rnn_table();

template <class T>
const SimpleRnnFunctions<T>& simple_rnn_functions() {
  if constexpr (sizeof(T) == sizeof(float))
    return simple_rnn_table().f32;
  else
    return simple_rnn_table().f64;
}

}  // namespace pronghorn
