// Pooling of images, and its gradients.
#include "op_benchmark.h"

using namespace pronghorn;

int main(int argc, char** argv) {
  struct Case {
    int64_t batch, size, channels, kernel, stride;
  };
  for (const Case& c : {Case{32, 96, 32, 2, 2},
                        {32, 44, 64, 2, 2},
                        {4, 256, 3, 3, 1},
                        {32, 56, 64, 3, 2},
                        {32, 8, 64, 8, 8}}) {
    using Sizes = std::vector<int64_t>;
    const int64_t size = (c.size - c.kernel) / c.stride + 1;
    const TensorType src = f32({c.batch, c.size, c.size, c.channels}),
                     dst = f32({c.batch, size, size, c.channels});
    const Attributes attributes = {{"kernel", Sizes(2, c.kernel)},
                                   {"strides", Sizes(2, c.stride)},
                                   {"pads_before", Sizes(2, 0)},
                                   {"pads_after", Sizes(2, 0)}};
    Attributes average_grad = attributes;
    average_grad.set("shape", src.shape.vector());
    const std::string name = "/" + to_string(src.shape) + "/" + std::to_string(c.kernel) + "x" +
                             std::to_string(c.kernel) + "/stride " + std::to_string(c.stride);
    add_benchmark("max_pool" + name, {"max_pool", {src}, attributes});
    add_benchmark("max_pool_grad" + name, {"max_pool_grad", {src, dst, dst}, attributes});
    add_benchmark("average_pool" + name, {"average_pool", {src}, attributes});
    add_benchmark("average_pool_grad" + name, {"average_pool_grad", {dst}, average_grad});
  }
  return run_benchmarks(argc, argv);
}
