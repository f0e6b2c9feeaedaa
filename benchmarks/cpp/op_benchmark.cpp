#include "op_benchmark.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>

#include "base/buffer.h"
#include "base/cpu.h"
#include "base/parallel.h"
#include "graph/op.h"
#include "peak.h"

namespace pronghorn {
namespace {

double peak = 0;  // operations per second on all threads

// Numbers between 0 and 1, indices that are spread over the rows of a large table.
void fill(const TensorType& type, void* data) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  visit_dtype(type.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < type.count(); i++)
      static_cast<T*>(data)[i] =
          static_cast<T>(is_float(type.dtype) ? uniform(random) : 31.0 * static_cast<double>(i));
  });
}

// Of the only thread, which other programs do not disturb, or of the clock on the wall.
double seconds_now() {
  if (thread_count() == 1) return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Operands {
 public:
  explicit Operands(const std::vector<TensorType>& types) {
    for (const TensorType& type : types) {
      buffers_.push_back(std::make_unique<Buffer>(type.bytes() + Buffer::alignment));
      pointers_.push_back(buffers_.back()->data());
      fill(type, pointers_.back());
      bytes_ += static_cast<double>(type.bytes());
    }
  }
  const std::vector<void*>& pointers() const { return pointers_; }
  double bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<void*> pointers_;
  double bytes_ = 0;
};

void run(benchmark::State& state, const OpCase& c) {
  const OpDef& op = find_op(c.op);
  const std::vector<TensorType> outputs = op.infer({op, c.inputs, c.attributes});
  const Step step = op.lower({op, c.inputs, outputs, c.attributes});
  const Operands src(c.inputs), fresh(outputs);
  std::vector<void*> dst = fresh.pointers();
  if (op.has(inplace_pairs))
    for (size_t i = 0; i < dst.size(); i++)
      dst[i] = src.pointers()[c.attributes.get<int64_t>("inplace_from") + i];
  const Buffer scratch(step.scratch + Buffer::alignment);
  const FlushDenormals flush;
  const double start = seconds_now();
  for (auto _ : state) step.run({src.pointers().data(), dst.data(), scratch.data()});
  const double seconds = (seconds_now() - start) / static_cast<double>(state.iterations());

  const double flops = c.flops > 0 ? c.flops : step.flops;
  if (flops > 0) {
    state.counters["GFLOP/s"] = flops / seconds * 1e-9;
    state.counters["of peak"] = flops / seconds / peak;
  }
  state.counters["GB/s"] = (src.bytes() + fresh.bytes()) / seconds * 1e-9;
  state.SetLabel(step.implementation);
}

}  // namespace

void add_benchmark(const std::string& name, const OpCase& op) {
  auto* added = benchmark::RegisterBenchmark(name.c_str(), [op](benchmark::State& state) { run(state, op); });
  added->Unit(benchmark::kMicrosecond);
  if (thread_count() > 1) added->UseRealTime();
}

int run_benchmarks(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  peak = measured_peak();
  std::fprintf(stderr, "instruction set %s, %d threads, peak %.1f GFLOP/s\n", name_of(active_isa()),
               thread_count(), peak * 1e-9);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace pronghorn
