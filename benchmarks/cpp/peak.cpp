#include "peak.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/parallel.h"
#include "kernels/table.h"

namespace pronghorn {

namespace Reference {
namespace {

double run(int64_t repeats, float* result) {
  float sum = 0;
  for (int64_t r = 0; r < repeats; r++) sum = sum * 0.999999f + 1e-7f;
  *result = sum;
  return 2.0 * static_cast<double>(repeats);
}

}  // namespace

extern const PeakTable peak_table;
const PeakTable peak_table = {run};

}  // namespace Reference

PRONGHORN_KERNEL_TABLES(PeakTable, peak_table)

double measured_peak() {
  constexpr int64_t repeats = 1 << 20;
  constexpr int64_t room = 1024;  // floats of result for each thread
  const PeakTable& table = peak_table();
  const int64_t chunks = thread_count();
  std::vector<float> results(static_cast<size_t>(chunks * room));
  std::vector<double> done(static_cast<size_t>(chunks));
  double best = 0;
  for (int attempt = 0; attempt < 8; attempt++) {
    const auto start = std::chrono::steady_clock::now();
    parallel_for(
        0, chunks, 1,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; i++) done[i] = table.run(repeats, results.data() + i * room);
        },
        1e9);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    double total = 0;
    for (double operations : done) total += operations;
    best = std::max(best, total / seconds.count());
  }
  return best;
}

}  // namespace pronghorn
