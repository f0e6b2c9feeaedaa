#include "peak.h"

#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// More sums than the latency of a multiplication and addition times those that begin in a cycle.
double run(int64_t repeats, float* result) {
  constexpr int sums = vector_registers == 32 ? 20 : 12;
  Vec<float> sum[sums];
  for (int i = 0; i < sums; i++) sum[i] = broadcast(static_cast<float>(i));
  const Vec<float> factor = broadcast(0.999999f), term = broadcast(1e-7f);
  for (int64_t r = 0; r < repeats; r++)
#pragma GCC unroll 20
    for (int i = 0; i < sums; i++) sum[i] = fma(sum[i], factor, term);
  for (int i = 0; i < sums; i++) store(result + i * width<float>, sum[i]);
  return 2.0 * sums * width<float> * static_cast<double>(repeats);
}

}  // namespace

extern const PeakTable peak_table;
const PeakTable peak_table = {run};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
