// Which instruction sets this build holds and this processor runs.
#pragma once
#include <string>
#include <vector>

namespace pronghorn {

// In order of preference. Reference selects the plain scalar implementations that tests compare with.
enum class Isa { Reference, baseline, avx2, avx512, neon };

const char* name_of(Isa isa);
std::vector<Isa> supported_isas();  // compiled in and runnable here, the best one last

// The set that programs compiled from now on use: the best supported one, or what the environment variable
// PRONGHORN_ISA names ("reference", "baseline", "avx2", "avx512", "neon").
Isa active_isa();
void set_active_isa(const std::string& name);  // throws Error (Value) naming the supported ones

}  // namespace pronghorn
