#include "base/parallel.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>

#include "base/error.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace pronghorn {
namespace {

std::atomic<int> threads{0};
std::atomic<bool> forked{false};

// libgomp's pool of threads does not survive fork: a child stays serial.
#if defined(__x86_64__)
constexpr unsigned flush_bits = 0x8040;  // flush-to-zero and denormals-are-zero
unsigned control_word() {
  return _mm_getcsr();
}
void set_control_word(unsigned word) {
  _mm_setcsr(word);
}
#elif defined(__aarch64__)
constexpr unsigned flush_bits = 1u << 24;  // FPCR.FZ
unsigned control_word() {
  uint64_t word;
  asm volatile("mrs %0, fpcr" : "=r"(word));
  return static_cast<unsigned>(word);
}
void set_control_word(unsigned word) {
  asm volatile("msr fpcr, %0" ::"r"(static_cast<uint64_t>(word)));
}
#endif

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });

}  // namespace

int thread_count() {
  int n = threads.load(std::memory_order_relaxed);
  if (n == 0) {
    n = omp_get_max_threads();
    threads = n;
  }
  return n;
}

void set_thread_count(int n) {
  require(n >= 1, "the number of threads must be at least 1, not ", n);
  threads = n;
}

FlushDenormals::FlushDenormals() : saved_(control_word()) {
  set_control_word(saved_ | flush_bits);
}
FlushDenormals::~FlushDenormals() {
  set_control_word(saved_);
}

void parallel_for(int64_t begin, int64_t end, int64_t grain, RangeFunction f, const void* context) {
  if (end <= begin) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t chunks = (end - begin + grain - 1) / grain;
  const int workers = static_cast<int>(std::min<int64_t>(thread_count(), chunks));
  if (workers <= 1 || omp_in_parallel() || forked) {
    for (int64_t chunk = 0; chunk < chunks; chunk++)
      f(context, begin + chunk * grain, std::min(begin + (chunk + 1) * grain, end));
    return;
  }
  const unsigned word = control_word();
#pragma omp parallel num_threads(workers)
  {
    set_control_word(word);  // workers round as their caller does
#pragma omp for schedule(dynamic, 1) nowait
    for (int64_t chunk = 0; chunk < chunks; chunk++)
      f(context, begin + chunk * grain, std::min(begin + (chunk + 1) * grain, end));
  }
}

}  // namespace pronghorn
