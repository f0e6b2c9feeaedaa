// Elementary functions on vectors: nanoseconds per element in the first-level cache, and the largest error in
// units in the last place against the C library in double.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <vector>

#include "base/cpu.h"
#include "kernels/elementwise/instructions.h"

using namespace pronghorn;

struct Function {
  const char* name;
  TileOp op;
  double (*exact)(double);
  float least, most;  // the range in which the error is looked for
};

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

const Function functions[] = {
    {"exp", TileOp::exp, std::exp, -80, 80},     {"expm1", TileOp::expm1, std::expm1, -10, 80},
    {"log", TileOp::log, std::log, 1e-6f, 1e6f}, {"log1p", TileOp::log1p, std::log1p, -0.99f, 1e6f},
    {"tanh", TileOp::tanh, std::tanh, -9, 9},    {"sigmoid", TileOp::sigmoid, logistic, -80, 80},
    {"erf", TileOp::erf, std::erf, -4, 4},       {"sin", TileOp::sin, std::sin, -100, 100},
    {"sqrt", TileOp::sqrt, std::sqrt, 0, 1e6f}};

void apply(const Function& f, const std::vector<float>& x, std::vector<float>& y) {
  // reference has all instructions in one table; elsewhere the cheap ones are arithmetic
  const int op = static_cast<int>(f.op);
  TileFunction function = functions_table().function[op][tile_dtype<float>];
  if (!function) function = arithmetic_table().function[op][tile_dtype<float>];
  TileArguments arguments{};
  arguments.dst = y.data(), arguments.src[0] = x.data(), arguments.step[0] = 1;
  arguments.n = static_cast<int64_t>(x.size());
  function(arguments);
}

double largest_error(const Function& f) {
  constexpr int steps = 1 << 20;
  std::vector<float> x(steps), y(steps);
  for (int i = 0; i < steps; i++)
    x[i] = f.least + (f.most - f.least) * (static_cast<float>(i) + 0.5f) / steps;
  apply(f, x, y);
  double largest = 0;
  for (int i = 0; i < steps; i++) {
    const double exact = f.exact(x[i]);
    const auto nearest = std::abs(static_cast<float>(exact));
    const double unit = std::nextafter(nearest, INFINITY) - nearest;
    largest = std::max(largest, std::abs(y[i] - exact) / unit);
  }
  return largest;
}

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  std::fprintf(stderr, "instruction set %s\n", name_of(active_isa()));
  for (const Function& f : functions)
    benchmark::RegisterBenchmark(f.name, [&f](benchmark::State& state) {
      std::vector<float> x(2048), y(x.size());
      const float least = std::max(f.least, -5.0f), most = std::min(f.most, 5.0f);
      for (size_t i = 0; i < x.size(); i++) x[i] = least + (most - least) * static_cast<float>(i) / x.size();
      for (auto _ : state) {
        apply(f, x, y);
        benchmark::ClobberMemory();
      }
      using benchmark::Counter;
      state.counters["per element"] =
          Counter(static_cast<double>(x.size()), Counter::kIsIterationInvariantRate | Counter::kInvert);
      state.counters["max ulp"] = largest_error(f);
    });
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
