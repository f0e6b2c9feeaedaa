// What goes over rows: softmax, cross-entropy, batch normalisation.
#include "op_benchmark.h"

using namespace pronghorn;

int main(int argc, char** argv) {
  for (const Shape& shape : {Shape{128, 10}, {128, 1000}, {4096, 100}, {64, 50000}}) {
    const TensorType x = f32(shape), row = f32({shape[0]}), statistics = f32({shape[0], 2});
    const std::string name = "/" + to_string(shape);
    add_benchmark("softmax" + name, {"softmax", {x}});
    add_benchmark("softmax_grad" + name, {"softmax_grad", {x, x}});
    add_benchmark("softmax_cross_entropy" + name, {"softmax_cross_entropy", {x, x}});
    add_benchmark("softmax_cross_entropy_grad" + name,
                  {"softmax_cross_entropy_grad", {x, x, statistics, row}});
  }
  for (const Shape& shape : {Shape{128, 64}, {32, 32, 32, 16}, {32, 16, 16, 32}, {32, 56, 56, 64}}) {
    const TensorType x = f32(shape), channel = f32({shape.back()});
    const std::string name = "/" + to_string(shape);
    const Attributes attributes = {{"epsilon", 1e-3}};
    add_benchmark("batch_norm_train" + name, {"batch_norm_train", {x, channel, channel}, attributes});
    add_benchmark("batch_norm_grad" + name,
                  {"batch_norm_grad", {x, channel, channel, channel, x}, attributes});
  }
  return run_benchmarks(argc, argv);
}
