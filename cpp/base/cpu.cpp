#include "base/cpu.h"

#include <atomic>
#include <cstdlib>

#include "base/error.h"
#include "isa_list.h"

namespace pronghorn {
namespace {

constexpr const char* names[] = {"reference", "baseline", "avx2", "avx512", "neon"};

bool processor_runs(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("fma");
    default:
      return true;
  }
#else
  return isa == Isa::Reference || isa == Isa::baseline || isa == Isa::neon;
#endif
}

Isa isa_from_name(const std::string& name) {
  std::string known;
  for (Isa isa : supported_isas()) {
    if (name == name_of(isa)) return isa;
    known += std::string(known.empty() ? "" : ", ") + name_of(isa);
  }
  fail(ErrorKind::Value, "instruction set \"", name, "\" is not available here; available: ", known);
}

std::atomic<Isa>& active() {
  static std::atomic<Isa> isa = [] {
    const char* forced = std::getenv("PRONGHORN_ISA");
    return forced && *forced ? isa_from_name(forced) : supported_isas().back();
  }();
  return isa;
}

}  // namespace

const char* name_of(Isa isa) {
  return names[static_cast<int>(isa)];
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> found = {Isa::Reference};
#define PRONGHORN_ADD(isa) \
  if (processor_runs(Isa::isa)) found.push_back(Isa::isa);
  PRONGHORN_FOR_EACH_ISA(PRONGHORN_ADD)
#undef PRONGHORN_ADD
  return found;
}

Isa active_isa() {
  return active();
}
void set_active_isa(const std::string& name) {
  active() = isa_from_name(name);
}

}  // namespace pronghorn
