#include <algorithm>
#include <cmath>

#include "kernels/pool/pool.h"

namespace pronghorn::Reference {
namespace {

// Calls f(source offset, h) for the real pixels of the window of destination pixel (d, h, w), in row-major
// order.
template <class F>
void for_pixels(const PoolProblem& p, int64_t d, int64_t h, int64_t w, F f) {
  for (int64_t kd = 0; kd < p.d.kernel; kd++)
    for (int64_t kh = 0; kh < p.h.kernel; kh++)
      for (int64_t kw = 0; kw < p.w.kernel; kw++) {
        const int64_t id = d * p.d.stride - p.d.pad + kd, ih = h * p.h.stride - p.h.pad + kh,
                      iw = w * p.w.stride - p.w.pad + kw;
        if (id < 0 || id >= p.d.src || ih < 0 || ih >= p.h.src || iw < 0 || iw >= p.w.src) continue;
        f(((id * p.h.src + ih) * p.w.src + iw) * p.channels, ih);
      }
}

// Calls f(image, d, h, w, channel, destination offset) for destination rows [begin, end).
template <class F>
void for_outputs(const PoolProblem& p, int64_t begin, int64_t end, F f) {
  for (int64_t at = begin; at < end; at++)
    for (int64_t w = 0; w < p.w.dst; w++)
      for (int64_t c = 0; c < p.channels; c++)
        f(at / (p.h.dst * p.d.dst), at / p.h.dst % p.d.dst, at % p.h.dst, w, c,
          (at * p.w.dst + w) * p.channels + c);
}

template <class T>
void max_forward(const PoolProblem& p, const T* src, T* dst, int64_t begin, int64_t end) {
  for_outputs(p, begin, end, [&](int64_t image, int64_t d, int64_t h, int64_t w, int64_t c, int64_t out) {
    T best = -INFINITY;
    for_pixels(p, d, h, w, [&](int64_t at, int64_t) {
      const T value = src[image * p.src_image() + at + c];
      if (value > best || std::isnan(value)) best = value;
    });
    dst[out] = best;
  });
}

template <class T>
void max_places(const PoolProblem& p, const T* src, T* dst, uint8_t* places, int64_t begin, int64_t end) {
  max_forward(p, src, dst, begin, end);
  for_outputs(p, begin, end, [&](int64_t image, int64_t d, int64_t h, int64_t w, int64_t c, int64_t out) {
    uint8_t here = 0;
    places[out] = no_place;
    for_pixels(p, d, h, w, [&](int64_t at, int64_t) {
      if (src[image * p.src_image() + at + c] == dst[out] && places[out] == no_place) places[out] = here;
      here++;
    });
  });
}

template <class T>
void average_forward(const PoolProblem& p, const T* src, T* dst, int64_t begin, int64_t end) {
  for_outputs(p, begin, end, [&](int64_t image, int64_t d, int64_t h, int64_t w, int64_t c, int64_t out) {
    T total = 0, count = 0;
    for_pixels(p, d, h, w, [&](int64_t at, int64_t) {
      total += src[image * p.src_image() + at + c];
      count++;
    });
    dst[out] = total / count;
  });
}

template <class T>
void max_gather(const PoolProblem& p, const T* src, const T* max, const T* values, T* dst, int64_t begin,
                int64_t end) {
  for_outputs(p, begin, end, [&](int64_t image, int64_t d, int64_t h, int64_t w, int64_t c, int64_t out) {
    bool found = false;
    dst[out] = 0;
    for_pixels(p, d, h, w, [&](int64_t at, int64_t) {
      if (found || src[image * p.src_image() + at + c] != max[out]) return;
      found = true;
      dst[out] = values[image * p.src_image() + at + c];
    });
  });
}

// Calls f for every destination element of one image, after clearing the gradient's rows [begin, end).
template <class T, class F>
void scatter(const PoolProblem& p, T* diff_src, int64_t begin, int64_t end, F f) {
  const int64_t row = p.w.src * p.channels;
  for (int64_t d = 0; d < p.d.src; d++)
    std::fill_n(diff_src + (d * p.h.src + begin) * row, (end - begin) * row, T(0));
  for_outputs(p, 0, p.d.dst * p.h.dst, f);
}

template <class T>
void max_grad(const PoolProblem& p, const T* src, const T* dst, const T* diff_dst, T* diff_src, int64_t begin,
              int64_t end) {
  scatter(p, diff_src, begin, end, [&](int64_t, int64_t d, int64_t h, int64_t w, int64_t c, int64_t out) {
    bool found = false;
    for_pixels(p, d, h, w, [&](int64_t at, int64_t row) {
      if (found || src[at + c] != dst[out]) return;
      found = true;
      if (row >= begin && row < end) diff_src[at + c] += diff_dst[out];
    });
  });
}

template <class T>
void max_scatter(const PoolProblem& p, const uint8_t* places, const T* diff_dst, T* diff_src, int64_t begin,
                 int64_t end) {
  scatter(p, diff_src, begin, end, [&](int64_t, int64_t d, int64_t h, int64_t w, int64_t c, int64_t out) {
    uint8_t here = 0;
    for_pixels(p, d, h, w, [&](int64_t at, int64_t row) {
      if (places[out] == here++ && row >= begin && row < end) diff_src[at + c] += diff_dst[out];
    });
  });
}

template <class T>
void average_grad(const PoolProblem& p, const T* diff_dst, T* diff_src, int64_t begin, int64_t end) {
  scatter(p, diff_src, begin, end, [&](int64_t, int64_t d, int64_t h, int64_t w, int64_t c, int64_t out) {
    T count = 0;
    for_pixels(p, d, h, w, [&](int64_t, int64_t) { count++; });
    for_pixels(p, d, h, w, [&](int64_t at, int64_t row) {
      if (row >= begin && row < end) diff_src[at + c] += diff_dst[out] / count;
    });
  });
}

template <class T>
constexpr PoolFunctions<T> functions = {max_forward<T>, average_forward<T>, max_places<T>,  max_gather<T>,
                                        max_grad<T>,    max_scatter<T>,     average_grad<T>};

}  // namespace

extern const PoolTable pool_table;
const PoolTable pool_table = {functions<float>, functions<double>};

}  // namespace pronghorn::Reference
