#include "base/parallel.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>

#include "base/error.h"

namespace pronghorn {
namespace {

std::atomic<int> threads{0};
std::atomic<bool> forked{false};

// libgomp's pool of threads does not survive fork: a child stays serial.
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
#pragma omp parallel for schedule(dynamic, 1) num_threads(workers)
  for (int64_t chunk = 0; chunk < chunks; chunk++)
    f(context, begin + chunk * grain, std::min(begin + (chunk + 1) * grain, end));
}

}  // namespace pronghorn
