// The only door to threads. Work is cut into chunks by its size and grain alone, never by the number of
// threads, so results have the same bits whatever that number is.
#pragma once
#include <cstdint>

namespace pronghorn {

using RangeFunction = void (*)(const void* context, int64_t begin, int64_t end);

// Calls f(context, b, e) for consecutive chunks of `grain` (the last may be shorter) covering [begin, end),
// in any order and on any thread. Serial when nested, when there is a single chunk, and in a forked child. f
// must not throw. Whether sleeping threads are worth waking is tried out on the first chunk, or follows from
// the floating point operations of the whole loop where the caller knows them: then no chunk has to come
// first. Threads that look out for work already share loops of a few microseconds.
void parallel_for(int64_t begin, int64_t end, int64_t grain, RangeFunction f, const void* context,
                  double flops = 0);

// The same for a lambda. Usable from files compiled per instruction set: a local lambda gives it internal
// linkage.
template <class F>
inline void parallel_for(int64_t begin, int64_t end, int64_t grain, const F& f, double flops = 0) {
  parallel_for(
      begin, end, grain,
      [](const void* context, int64_t b, int64_t e) { (*static_cast<const F*>(context))(b, e); }, &f, flops);
}

// Wakes the threads for loops that are about to come, too short to be worth that one by one.
void expect_loops();

// While one lives, denormal numbers count as zero on this thread and on the threads that parallel_for uses: a
// decaying value then costs no more than any other, and all threads round alike.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned saved_;
};

int thread_count();            // the least of OMP_NUM_THREADS, affinity and cgroup quota, unless set
void set_thread_count(int n);  // throws Error (Value) unless n >= 1

}  // namespace pronghorn
