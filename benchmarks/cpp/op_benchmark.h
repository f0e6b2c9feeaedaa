// Benchmarks of single ops: the step that a program would run, on memory of its own.
#pragma once
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/attributes.h"

namespace pronghorn {

struct OpCase {
  std::string op;
  std::vector<TensorType> inputs;
  Attributes attributes = {};
  double flops = 0;  // what the step says, if 0
};

inline TensorType f32(const Shape& shape) {
  return {shape, DType::Float32};
}

// Reports the time, GFLOP/s with their share of the measured peak where the op has a number of operations,
// and GB/s of operands and results, each counted once.
void add_benchmark(const std::string& name, const OpCase& op);

// Measures the peak, then runs what was added and what the command line asks for.
int run_benchmarks(int argc, char** argv);

}  // namespace pronghorn
