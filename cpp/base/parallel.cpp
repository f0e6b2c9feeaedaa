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

// Seconds of work that are worth waking others for, and worth sharing with those who are awake already. The
// thread sanitizer sees every loop in parallel.
#ifdef __SANITIZE_THREAD__
constexpr double worth_a_team = 0, worth_sharing = 0;
#else
constexpr double worth_a_team = 50e-6, worth_sharing = 2e-6;
#endif

// A rate that a loop which states its operations is taken to run at.
constexpr double flops_per_second = 5e10;

using Clock = std::chrono::steady_clock;

// How long, and how often, a waiting thread looks before it sleeps. Long enough to catch the next step of a
// program, short enough not to take the processor from whoever else wants it. Time may pass while somebody
// else has the processor, so the looks count too.
constexpr std::chrono::microseconds patience{100};
constexpr int least_looks = 2048;

// How long short loops go unshared after a helper that somebody else's work had taken from its processor has
// kept one waiting.
constexpr std::chrono::milliseconds distrust{5};

// On so many processors at most sleepers are kept off their waker's. It takes two calls of the system for
// each of them, some 2 microseconds; with more processors the one that may wait there is missed less.
constexpr int few_processors = 8;

// How often sleeping helpers are woken for loops that are expected. To wake one takes the caller some 10 to
// 20 microseconds under a hypervisor.
constexpr std::chrono::milliseconds between_alarms{1};

// Looks until ready() or out of patience; returns the last answer.
template <class Ready>
bool look_for(const Ready& ready) {
  const auto end = Clock::now() + patience;
  for (int looks = 0; looks < least_looks || Clock::now() < end; looks += 16) {
    for (int i = 0; i < 16; i++) {
      if (ready()) return true;
      relax();
    }
  }
  return ready();
}

int usable_processors() {
  static const int count = [] {
    cpu_set_t usable;
    return sched_getaffinity(0, sizeof usable, &usable) == 0
               ? CPU_COUNT(&usable)
               : static_cast<int>(std::thread::hardware_concurrency());
  }();
  return count;
}

thread_local bool in_team = false;

struct Loop {
  int64_t begin, end, grain;
  RangeFunction f;
  const void* context;

  int64_t chunks() const { return (end - begin + grain - 1) / grain; }
  void run(int64_t chunk) const {
    f(context, begin + chunk * grain, std::min(begin + (chunk + 1) * grain, end));
  }
};

// Threads that share the chunks of one loop at a time. Each has a part of the chunks to itself, so that what
// one loop has left in a processor's cache is where the next one wants it, and helps with the parts of the
// others after that. A loop waits only for those that have joined it: a thread that the system has not woken
// yet costs nothing. Made once and never torn down, so that threads may outlive static destructors.
class Team {
 public:
  static Team& instance() {
    static Team* team = new Team;
    return *team;
  }

  // Whether helpers look out for loops at this moment, and can be relied on.
  bool attentive() const {
    if (awake_.load(std::memory_order_relaxed) == 0) return false;
    return !distrusted();
  }

  void wake(int workers) {
    if (awake_.load(std::memory_order_relaxed) >= workers - 1 || distrusted()) return;
    const int64_t time = now();
    if (time < next_alarm_.load(std::memory_order_relaxed) || busy_.exchange(true)) return;
    next_alarm_.store(time + nanoseconds(between_alarms), std::memory_order_relaxed);
    start(workers);
    ring();
    busy_.store(false);
  }

  // Runs the chunks from `first` on of a loop that takes some `seconds` (0: unknown) with the help of up to
  // workers - 1 others, no more than there are chunks. False, with nothing done, if another loop has the
  // team.
  bool run(int workers, const Loop& loop, int64_t first, double seconds) {
    if (busy_.exchange(true)) return false;
    const int64_t chunks = loop.chunks() - first;
    workers = static_cast<int>(std::min<int64_t>({workers, chunks, most_workers}));
    start(workers);
    if (workers_ != workers) workers_ = workers;
    const unsigned word = control_word();
    for (int i = 0; i < workers; i++) {
      Place& place = places_[i];
      place.end = first + chunks * (i + 1) / workers;
      place.next.store(first + chunks * i / workers + (i == 0), std::memory_order_relaxed);
      place.control_word = word;
      place.loop = loop;
    }
    const bool long_loop = seconds >= worth_a_team;
    for (int i = 1; i < workers; i++) {
      // Where nobody will be woken nothing has to wait until all processors know of the loop.
      if (long_loop)
        places_[i].state.store(open);
      else
        places_[i].state.store(open, std::memory_order_release);
    }
    if (long_loop && awake_.load() < workers - 1) ring();
    in_team = true;
    loop.run(first);
    take_chunks(loop, 0);
    for (int i = 1; i < workers; i++) take_chunks(loop, i);
    in_team = false;
    for (int i = 1; i < workers; i++) close(places_[i].state, seconds > 0 && !long_loop);
    busy_.store(false, std::memory_order_release);
    return true;
  }

 private:
  // A helper's place is closed, open while there is a loop to join, then joined until its part is done.
  enum State : uint32_t { closed, open, joined };

  // Neighbours on one cache line would slow each other down; processors fetch lines in pairs.
  static constexpr size_t apart = 128;
  static constexpr int most_workers = 256, nowhere = -1;
  struct alignas(apart) Place {  // all that a helper has to read, on one line
    std::atomic<uint32_t> state{closed};
    unsigned control_word = 0;
    std::atomic<int64_t> next{0};  // chunks [next, end) of this part are to be run
    int64_t end = 0;
    Loop loop{};
    pthread_t thread{};
    std::atomic<bool> asleep{false};
    std::atomic<int> kept_off{nowhere};  // the processor that it is not to wake on
  };

  static int64_t nanoseconds(std::chrono::nanoseconds time) { return time.count(); }
  static int64_t now() { return nanoseconds(Clock::now().time_since_epoch()); }

  bool distrusted() const {
    const int64_t until = distrusted_until_.load(std::memory_order_relaxed);
    return until != 0 && now() < until;
  }

  void start(int workers) {
    for (; started_ < workers - 1; started_++) {
      awake_.fetch_add(1);
      std::thread helper([this, place = started_ + 1] { serve(place); });
      places_[started_ + 1].thread = helper.native_handle();
      helper.detach();
    }
  }

  void ring() {
    if (usable_processors() <= few_processors)
      for (int i = 1; i <= started_; i++) keep_off(places_[i]);
    alarm_.fetch_add(1);
    alarm_.notify_all();
  }

  // The system likes to wake a thread on the processor of its waker, where it would wait for as long as the
  // waker works: some 10 milliseconds. So a sleeper is kept off that processor until it has woken.
  void keep_off(Place& place) {
    cpu_set_t usable;
    const int here = sched_getcpu();
    if (!place.asleep.load() || pthread_getaffinity_np(place.thread, sizeof usable, &usable) != 0) return;
    if (here < 0 || !CPU_ISSET(here, &usable) || CPU_COUNT(&usable) == 1) return;
    CPU_CLR(here, &usable);
    if (pthread_setaffinity_np(place.thread, sizeof usable, &usable) == 0) place.kept_off.store(here);
  }

  static void let_back(Place& place) {
    cpu_set_t usable;
    const int processor = place.kept_off.exchange(nowhere);
    if (processor == nowhere || sched_getaffinity(0, sizeof usable, &usable) != 0) return;
    CPU_SET(processor, &usable);
    sched_setaffinity(0, sizeof usable, &usable);
  }

  // What is left of a part.
  void take_chunks(const Loop& loop, int part) {
    Place& place = places_[part];
    // Relaxed, so that the counter itself orders nothing between the chunks.
    while (place.next.load(std::memory_order_relaxed) < place.end) {
      const int64_t chunk = place.next.fetch_add(1, std::memory_order_relaxed);
      if (chunk < place.end) loop.run(chunk);
    }
  }

  void close(std::atomic<uint32_t>& state, bool short_loop) {
    uint32_t seen = state.load();
    if (seen == open && state.compare_exchange_strong(seen, closed)) return;
    if (seen == closed || look_for([&] { return state.load() == closed; })) return;
    state.wait(joined);
    if (short_loop) distrusted_until_.store(now() + nanoseconds(distrust), std::memory_order_relaxed);
  }

  [[noreturn]] void serve(int own) {
    in_team = true;
    Place& place = places_[own];
    std::atomic<uint32_t>& state = place.state;
    for (;;) {
      while (!look_for([&] { return state.load() == open; })) {
        let_back(place);  // it may have been up already when its waker kept it off
        // Either the caller that opens a loop sees one fewer awake and rings, or the loop is seen here.
        awake_.fetch_sub(1);
        const uint32_t alarm = alarm_.load();
        place.asleep.store(true);
        if (state.load() != open) alarm_.wait(alarm);
        place.asleep.store(false);
        let_back(place);
        awake_.fetch_add(1);
      }
      uint32_t seen = open;
      if (!state.compare_exchange_strong(seen, joined)) continue;
      set_control_word(place.control_word);  // round as the caller does
      const Loop loop = place.loop;
      take_chunks(loop, own);
      if (loop.chunks() > workers_)  // else each has had a chunk, or the caller takes it
        for (int i = 1, workers = workers_; i < workers; i++) take_chunks(loop, (own + i) % workers);
      state.store(closed);
      state.notify_one();
    }
  }

  alignas(apart) int workers_ = 0;            // who shares the open loop
  alignas(apart) std::atomic<int> awake_{0};  // helpers that look out for loops or work on one
  std::atomic<uint32_t> alarm_{0};            // what the others sleep on
  alignas(apart) std::atomic<bool> busy_{false};
  int started_ = 0;
  std::atomic<int64_t> distrusted_until_{0}, next_alarm_{0};  // on the steady clock
  Place places_[most_workers];                                // the first is the caller's
};

std::atomic<int> threads{0};
std::atomic<bool> forked{false};

// Threads do not survive fork: a child stays serial.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });

// The least of OMP_NUM_THREADS, the processors this process may run on, and its quota of their time.
int default_thread_count() {
  int n = usable_processors();
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

void expect_loops() {
  if (const int workers = thread_count(); workers > 1 && !in_team && !forked) Team::instance().wake(workers);
}

void parallel_for(int64_t begin, int64_t end, int64_t grain, RangeFunction f, const void* context,
                  double flops) {
  if (end <= begin) return;
  grain = std::max<int64_t>(grain, 1);
  const Loop loop = {begin, end, grain, f, context};
  const int64_t chunks = loop.chunks();
  const int workers = static_cast<int>(std::min<int64_t>(thread_count(), chunks));
  int64_t done = 0;
  if (workers > 1 && !in_team && !forked) {
    const bool attentive = Team::instance().attentive();
    double seconds = flops / flops_per_second;
    if (flops <= 0 && !attentive) {
      // The first chunk tells what the others cost. Which thread runs a chunk never shows in its result.
      const auto start = Clock::now();
      loop.run(done++);
      const std::chrono::duration<double> first = Clock::now() - start;
      seconds = first.count() * static_cast<double>(chunks - 1);
    }
    // Those who listen anyway are told of any loop that is cut into chunks and says nothing else.
    const bool shared = seconds >= worth_a_team || (attentive && (flops <= 0 || seconds >= worth_sharing));
    if (shared && Team::instance().run(workers, loop, done, seconds)) return;
  }
  for (; done < chunks; done++) loop.run(done);
}

}  // namespace pronghorn
