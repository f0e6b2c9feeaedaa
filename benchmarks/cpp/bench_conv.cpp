// Convolutions of common networks in all three directions.
#include "op_benchmark.h"

using namespace pronghorn;

struct Case {
  int64_t batch, size, ic, oc, kernel, stride, pad;
};

void add(const Case& c, bool depthwise) {
  using Sizes = std::vector<int64_t>;
  const int64_t size = (c.size + 2 * c.pad - c.kernel) / c.stride + 1;
  const TensorType src = f32({c.batch, c.size, c.size, c.ic}), dst = f32({c.batch, size, size, c.oc}),
                   weights = f32({c.kernel, c.kernel, c.ic, depthwise ? c.oc / c.ic : c.oc});
  const Attributes attributes = {{"strides", Sizes(2, c.stride)},
                                 {"dilations", Sizes(2, 1)},
                                 {"pads_before", Sizes(2, c.pad)},
                                 {"pads_after", Sizes(2, c.pad)}};
  Attributes data = attributes, gradient = attributes;
  data.set("src_size", Sizes(2, c.size));
  gradient.set("kernel_size", Sizes(2, c.kernel));
  const auto number = [](int64_t n) { return std::to_string(n); };
  const std::string op = depthwise ? "depthwise_conv" : "conv",
                    name = "/" + number(c.batch) + "x" + number(c.size) + "x" + number(c.size) + "x" +
                           number(c.ic) + "->" + number(c.oc) + "/" + number(c.kernel) + "x" +
                           number(c.kernel) + "/stride " + number(c.stride);
  const double flops = 2.0 * static_cast<double>(dst.count() * c.kernel * c.kernel) *
                       static_cast<double>(depthwise ? 1 : c.ic);
  add_benchmark(op + name, {op, {src, weights}, attributes, flops});
  add_benchmark(op + "_backward_data" + name, {op + "_backward_data", {weights, dst}, data, flops});
  add_benchmark(op + "_backward_weights" + name, {op + "_backward_weights", {src, dst}, gradient, flops});
}

int main(int argc, char** argv) {
  for (const Case& c : {Case{32, 28, 1, 32, 3, 1, 0},
                        {32, 100, 3, 32, 3, 1, 0},
                        {32, 98, 32, 32, 3, 1, 0},
                        {128, 26, 32, 64, 3, 1, 0},
                        {32, 48, 32, 64, 3, 1, 0},
                        {32, 46, 64, 64, 3, 1, 0},
                        {1, 224, 64, 64, 3, 1, 1},
                        {8, 56, 64, 64, 1, 1, 0},
                        {8, 14, 256, 256, 3, 1, 1},
                        {32, 32, 16, 16, 3, 1, 1},
                        {32, 32, 16, 32, 3, 2, 1},
                        {32, 16, 32, 32, 3, 1, 1},
                        {32, 8, 64, 64, 3, 1, 1},
                        {8, 224, 3, 64, 7, 2, 3},
                        {32, 28, 32, 64, 5, 1, 2},
                        {1, 256, 64, 64, 5, 1, 2}})
    add(c, false);
  add({8, 56, 64, 64, 3, 1, 1}, true);
  return run_benchmarks(argc, argv);
}
