// All time steps of recurrent layers behind the product with the inputs, forward and backward.
#include "op_benchmark.h"

using namespace pronghorn;

int main(int argc, char** argv) {
  const int64_t sizes[][3] = {{32, 80, 128},  {32, 100, 32}, {32, 280, 64},
                              {128, 50, 256}, {8, 100, 128}, {1, 100, 128}};
  for (const auto& [batch, time, units] : sizes) {
    const std::string size = "/batch " + std::to_string(batch) + "/time " + std::to_string(time) + "/units " +
                             std::to_string(units);
    const auto sequence = [&](int64_t gates) { return f32({batch, time, gates * units}); };
    const auto weights = [&](int64_t gates) { return f32({units, gates * units}); };
    const TensorType state = f32({batch, units}), h = sequence(1);
    const Attributes forward = {{"has_mask", false}}, backward = {{"has_mask", false}, {"has_diff_h", true}};
    add_benchmark("lstm" + size, {"lstm", {sequence(4), weights(4), state, state}, forward});
    add_benchmark("lstm_grad" + size,
                  {"lstm_grad", {sequence(4), weights(4), h, h, state, state, h}, backward});
    add_benchmark("gru" + size, {"gru", {sequence(3), weights(3), state}, forward});
    add_benchmark("gru_grad" + size, {"gru_grad", {sequence(3), weights(3), h, h, state, h}, backward});
    add_benchmark("simple_rnn" + size, {"simple_rnn", {h, weights(1), state}, forward});
    add_benchmark("simple_rnn_grad" + size, {"simple_rnn_grad", {h, weights(1), state, h}, backward});
  }
  return run_benchmarks(argc, argv);
}
