// The most floating-point operations that the processor does in a second.
#pragma once
#include <cstdint>

namespace pronghorn {

struct PeakTable {
  // Multiplies and adds in registers; returns the operations done. The result keeps the compiler honest.
  double (*run)(int64_t repeats, float* result);
};
const PeakTable& peak_table();

// Operations per second of float, on all threads at once with the active instruction set.
double measured_peak();

}  // namespace pronghorn
