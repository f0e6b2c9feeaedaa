// Repeats a function in batches of about 20 ms and reports the fastest and the median time of a call.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/cpu.h"
#include "base/parallel.h"

namespace pronghorn {

struct Timing {
  double best, median;  // seconds
};

template <class F>
Timing measure(const F& f, int batches = 9, double batch_seconds = 0.02) {
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  f();
  double start = now();
  f();
  const int repeats = std::max(1, static_cast<int>(batch_seconds / std::max(now() - start, 1e-8)));
  std::vector<double> times;
  for (int batch = 0; batch < batches; batch++) {
    start = now();
    for (int i = 0; i < repeats; i++) f();
    times.push_back((now() - start) / repeats);
  }
  std::sort(times.begin(), times.end());
  return {times.front(), times[times.size() / 2]};
}

inline void report(const std::string& name, const std::string& implementation, double flops,
                   const Timing& t) {
  std::printf("%-44s %-20s threads %d  best %10.3f us %7.1f GFLOP/s   median %10.3f us %7.1f GFLOP/s\n",
              name.c_str(), implementation.c_str(), thread_count(), t.best * 1e6, flops / t.best * 1e-9,
              t.median * 1e6, flops / t.median * 1e-9);
  std::fflush(stdout);
}

template <class T>
class Array {
 public:
  explicit Array(int64_t count) : buffer_(static_cast<size_t>(count) * sizeof(T)) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (int64_t i = 0; i < count; i++) data()[i] = static_cast<T>(uniform(random));
  }
  T* data() const { return static_cast<T*>(buffer_.data()); }

 private:
  Buffer buffer_;
};

}  // namespace pronghorn
