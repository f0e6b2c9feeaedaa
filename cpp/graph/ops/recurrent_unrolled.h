// Recurrent layers and their gradients step by step, in plain ops: what the ops with kernels of their own are
// differentiated by where their own rules end, as in derivatives of derivatives.
#pragma once
#include <vector>

#include "graph/graph.h"

namespace pronghorn {

// What a recurrence is told beside its tensors.
struct Unrolling {
  bool hard = false;         // the recurrent activation
  bool reset_after = false;  // of a GRU
  Value mask = {};           // (batch, time), invalid where there is none
};

// Gradients by outputs; invalid where nothing depends on one.
struct UnrolledDiffs {
  Value h = {}, h_last = {}, c_last = {};
};

// The inputs and outputs are those of the ops of the same names in recurrent.cpp, but for masks and diffs.
using Values = std::vector<Value>;
Values unrolled_lstm(Graph& graph, const Unrolling& how, const Values& inputs);
Values unrolled_lstm_grad(Graph& graph, const Unrolling& how, const Values& inputs,
                          const UnrolledDiffs& diffs);
Values unrolled_gru(Graph& graph, const Unrolling& how, const Values& inputs);
Values unrolled_gru_grad(Graph& graph, const Unrolling& how, const Values& inputs,
                         const UnrolledDiffs& diffs);
Values unrolled_simple_rnn_grad(Graph& graph, const Unrolling& how, const Values& inputs,
                                const UnrolledDiffs& diffs);

}  // namespace pronghorn
