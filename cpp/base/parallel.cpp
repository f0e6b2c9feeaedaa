#include "base/parallel.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/error.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace pronghorn {
namespace {

std::atomic<int> threads{0};
std::atomic<bool> forked{false};

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

// libgomp's pool of threads does not survive fork: a child stays serial.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });

#ifndef __SANITIZE_THREAD__

bool in_parallel_region() {
  return omp_in_parallel();
}

// Seconds of work that are worth waking a team for: that costs a microsecond on an idle machine and many
// where other processes want the cores too.
constexpr double worth_a_team = 20e-6;

template <class F>
void run_chunks(int workers, int64_t chunks, const F& run) {
  const unsigned word = control_word();
#pragma omp parallel num_threads(workers)
  {
    set_control_word(word);  // workers round as their caller does
#pragma omp for schedule(dynamic, 1) nowait
    for (int64_t chunk = 0; chunk < chunks; chunk++) run(chunk);
  }
}

#else

// The thread sanitizer cannot see the barriers inside libgomp and would take everything that is written in a
// parallel region and read after it for a race. It can follow these threads, and so finds the true ones.
thread_local bool in_team = false;

constexpr double worth_a_team = 0;  // so that it sees every parallel loop run in parallel

bool in_parallel_region() {
  return in_team;
}

template <class F>
void run_chunks(int workers, int64_t chunks, const F& run) {
  const unsigned word = control_word();
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    set_control_word(word);
    in_team = true;
    // Relaxed, so that the counter itself orders nothing between the chunks.
    for (int64_t chunk; (chunk = next.fetch_add(1, std::memory_order_relaxed)) < chunks;) run(chunk);
    in_team = false;
  };
  std::vector<std::thread> team;
  for (int i = 1; i < workers; i++) team.emplace_back(work);
  work();
  for (std::thread& thread : team) thread.join();
}

#endif

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
  const auto run = [&](int64_t chunk) {
    f(context, begin + chunk * grain, std::min(begin + (chunk + 1) * grain, end));
  };
  if (workers <= 1 || in_parallel_region() || forked) {
    for (int64_t chunk = 0; chunk < chunks; chunk++) run(chunk);
    return;
  }
  // The first chunk tells what the others cost. Which thread runs a chunk never shows in its result.
  const auto start = std::chrono::steady_clock::now();
  run(0);
  const std::chrono::duration<double> first = std::chrono::steady_clock::now() - start;
  if (first.count() * static_cast<double>(chunks - 1) < worth_a_team) {
    for (int64_t chunk = 1; chunk < chunks; chunk++) run(chunk);
    return;
  }
  run_chunks(workers, chunks - 1, [&](int64_t chunk) { run(chunk + 1); });
}

}  // namespace pronghorn
