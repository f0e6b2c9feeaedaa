#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "base/cgroup.h"
#include "base/error.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace pronghorn {
namespace {

#if defined(__x86_64__)
constexpr unsigned flush_bits = 0x8040;  // flush-to-zero and denormals-are-zero
unsigned control_word() {
  return _mm_getcsr();
}
void set_control_word(unsigned word) {
  _mm_setcsr(word);
}
void relax() {
  _mm_pause();
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
void relax() {
  asm volatile("yield");
}
#endif

// Seconds of work that are worth waking others for. The thread sanitizer sees every loop in parallel.
#ifdef __SANITIZE_THREAD__
constexpr double worth_a_team = 0;
#else
constexpr double worth_a_team = 20e-6;
#endif

// A rate that a loop which states its operations is taken to run at.
constexpr double flops_per_second = 5e10;

// How often a waiting thread looks before it sleeps: some 50 microseconds. Long enough to catch the next step
// of a program, short enough not to take the processor from whoever else wants it.
constexpr int looks_before_sleep = 1000;

template <class Ready>
void wait_until(std::atomic<uint32_t>& word, const Ready& ready) {
  for (int look = 0; look < looks_before_sleep; look++) {
    if (ready(word.load())) return;
    relax();
  }
  for (uint32_t seen = word.load(); !ready(seen); seen = word.load()) word.wait(seen);
}

thread_local bool in_team = false;

// Threads that take chunks of one loop at a time. A loop waits only for those that have joined it: a thread
// that the system has not woken yet costs nothing. Made once and never torn down, so that threads may outlive
// static destructors.
class Team {
 public:
  static Team& instance() {
    static Team* team = new Team;
    return *team;
  }

  // Runs f on the chunks [first, chunks) with the help of up to workers - 1 others. False, with nothing done,
  // if another loop has the team.
  bool run(int workers, int64_t first, int64_t chunks, RangeFunction f, const void* context) {
    if (busy_.exchange(true)) return false;
    for (; started_ < workers - 1; started_++) std::thread([this] { serve(); }).detach();
    run_ = f;
    context_ = context;
    chunks_ = chunks;
    control_word_ = control_word();
    helpers_ = static_cast<uint32_t>(workers - 1);
    next_.store(first);
    open_.store(true);
    loops_.fetch_add(1);
    loops_.notify_all();
    in_team = true;
    take_chunks();
    in_team = false;
    open_.store(false);
    wait_until(inside_, [](uint32_t count) { return count == 0; });
    busy_.store(false);
    return true;
  }

 private:
  void take_chunks() {
    // Relaxed, so that the counter itself orders nothing between the chunks.
    for (int64_t chunk; (chunk = next_.fetch_add(1, std::memory_order_relaxed)) < chunks_;)
      run_(context_, chunk, chunk + 1);
  }

  [[noreturn]] void serve() {
    in_team = true;
    for (uint32_t seen = 0;;) {
      wait_until(loops_, [&](uint32_t loops) { return loops != seen; });
      seen = loops_.load();
      // `open_` is read after `inside_` is raised and cleared before `inside_` is read: either the loop waits
      // for this thread, or this thread stays out.
      const uint32_t place = inside_.fetch_add(1);
      if (open_.load() && place < helpers_) {
        set_control_word(control_word_);  // round as the caller does
        take_chunks();
      }
      if (inside_.fetch_sub(1) == 1) inside_.notify_all();
    }
  }

  std::atomic<bool> busy_{false}, open_{false};
  std::atomic<uint32_t> loops_{0};   // loops opened so far
  std::atomic<uint32_t> inside_{0};  // helpers that may be working on the open loop
  std::atomic<int64_t> next_{0};
  int started_ = 0;
  std::atomic<uint32_t> helpers_{0};
  RangeFunction run_ = nullptr;
  const void* context_ = nullptr;
  int64_t chunks_ = 0;
  unsigned control_word_ = 0;
};

std::atomic<int> threads{0};
std::atomic<bool> forked{false};

// Threads do not survive fork: a child stays serial.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });

// The least of OMP_NUM_THREADS, the processors this process may run on, and its quota of their time.
int default_thread_count() {
  int n = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t usable;
  if (sched_getaffinity(0, sizeof usable, &usable) == 0) n = CPU_COUNT(&usable);
  if (const double quota = cgroup_processors(); quota > 0)
    n = std::min(n, static_cast<int>(std::ceil(quota)));
  if (const char* asked = std::getenv("OMP_NUM_THREADS"))
    if (const int most = std::atoi(asked); most >= 1) n = std::min(n, most);
  return std::max(n, 1);
}

}  // namespace

int thread_count() {
  int n = threads.load(std::memory_order_relaxed);
  if (n == 0) threads = n = default_thread_count();
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

void parallel_for(int64_t begin, int64_t end, int64_t grain, RangeFunction f, const void* context,
                  double flops) {
  if (end <= begin) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t chunks = (end - begin + grain - 1) / grain;
  const auto run = [=](int64_t chunk) {
    f(context, begin + chunk * grain, std::min(begin + (chunk + 1) * grain, end));
  };
  const int workers = static_cast<int>(std::min<int64_t>(thread_count(), chunks));
  int64_t done = 0;
  if (workers > 1 && !in_team && !forked) {
    // The first chunk tells what the others cost. Which thread runs a chunk never shows in its result.
    double rest = flops / flops_per_second;
    if (flops <= 0) {
      const auto start = std::chrono::steady_clock::now();
      run(done++);
      const std::chrono::duration<double> first = std::chrono::steady_clock::now() - start;
      rest = first.count() * static_cast<double>(chunks - 1);
    }
    const auto run_chunk = [](const void* loop, int64_t chunk, int64_t) {
      (*static_cast<const decltype(run)*>(loop))(chunk);
    };
    if (rest >= worth_a_team && Team::instance().run(workers, done, chunks, run_chunk, &run)) return;
  }
  for (; done < chunks; done++) run(done);
}

}  // namespace pronghorn
