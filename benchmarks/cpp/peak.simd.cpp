#include "peak.h"

#include "simd/vec.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// More sums than the latency of a multiplication and addition times those that begin in a cycle.
double run(int64_t repeats, float* result) {
  constexpr int sums = vector_registers == 32 ? 20 : 12;
  Vec<float> sum[sums];
  unroll<sums>([&](auto i) __attribute__((always_inline)) { sum[i] = broadcast(static_cast<float>(i)); });
  const Vec<float> factor = broadcast(0.999999f), term = broadcast(1e-7f);
  for (int64_t r = 0; r < repeats; r++)
    unroll<sums>([&](auto i) __attribute__((always_inline)) {
#if defined(PRONGHORN_ISA_neon)
      sum[i] = fma(factor, term, sum[i]);  // an instruction writes over what it adds to
#else
      sum[i] = fma(sum[i], factor, term);  // the product is none that could be taken out of the loop
#endif
    });
  unroll<sums>([&](auto i) __attribute__((always_inline)) { store(result + i * width<float>, sum[i]); });
  return 2.0 * sums * width<float> * static_cast<double>(repeats);
}

}  // namespace

extern const PeakTable peak_table;
const PeakTable peak_table = {run};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
