#include "kernels/pool/pool.h"

#include "kernels/pool/places.h"
#include "simd/or_nan.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The source indices of one window along one axis, padding left out.
struct Span {
  int64_t begin, end;
};

PRONGHORN_INLINE Span span(const PoolAxis& axis, int64_t at) {
  const int64_t begin = at * axis.stride - axis.pad, end = begin + axis.kernel;
  return {begin < 0 ? 0 : begin, end > axis.src ? axis.src : end};
}

// The windows along an axis that reach into [begin, end) of the source.
PRONGHORN_INLINE Span windows(const PoolAxis& axis, int64_t begin, int64_t end) {
  const int64_t before =
      begin + axis.pad - axis.kernel;  // windows that start here or earlier end before begin
  const int64_t first = before < 0 ? 0 : before / axis.stride + 1;
  const int64_t last = (end - 1 + axis.pad) / axis.stride + 1;
  return {first, last > axis.dst ? axis.dst : last};
}

struct Window {
  Span d, h, w;
  int64_t row, plane;  // elements from one h, one d to the next

  bool is_pair_of_pairs() const {
    return h.end - h.begin == 2 && w.end - w.begin == 2 && d.end - d.begin == 1;
  }
  int64_t count() const { return (d.end - d.begin) * (h.end - h.begin) * (w.end - w.begin); }
};

// Calls f(offset of a source pixel, h) for each pixel of the window in row-major order. The commonest window
// takes no loop.
template <class F>
PRONGHORN_INLINE void for_pixels(const Window& window, int64_t channels, F f) {
  if (window.is_pair_of_pairs()) {
    const int64_t h = window.h.begin, row = window.d.begin * window.plane + h * window.row,
                  at = row + window.w.begin * channels;
    f(at, h), f(at + channels, h);
    f(at + window.row, h + 1), f(at + window.row + channels, h + 1);
    return;
  }
  for (int64_t d = window.d.begin; d < window.d.end; d++)
    for (int64_t h = window.h.begin; h < window.h.end; h++) {
      const int64_t row = d * window.plane + h * window.row;
      for (int64_t w = window.w.begin; w < window.w.end; w++) f(row + w * channels, h);
    }
}

// Calls f(window, image's source offset, offset of the destination pixel) for the windows of destination rows
// [begin, end).
template <class F>
PRONGHORN_INLINE void for_windows(const PoolProblem& p, int64_t begin, int64_t end, F f) {
  const int64_t row = p.w.src * p.channels;
  for (int64_t at = begin; at < end; at++) {
    const int64_t h = at % p.h.dst, d = at / p.h.dst % p.d.dst, image = at / (p.h.dst * p.d.dst);
    Window window{span(p.d, d), span(p.h, h), {}, row, row * p.h.src};
    for (int64_t w = 0; w < p.w.dst; w++) {
      window.w = span(p.w, w);
      f(window, image * p.src_image(), (at * p.w.dst + w) * p.channels);
    }
  }
}

// Combines the pixels of each window by f, from `start` on, and stores finish(result, window). Four vectors
// of channels at a time where there are as many, as a window's pixels take some steps to find.
template <class T, class F, class Finish>
PRONGHORN_INLINE void combine_windows(const PoolProblem& p, const T* src, T* dst, int64_t begin, int64_t end,
                                      T start, const F& f, const Finish& finish) {
  constexpr int w = width<T>;
  for_windows(
      p, begin, end, [&](const Window& window, int64_t image, int64_t out) __attribute__((always_inline)) {
        const auto some = [&](auto vectors, int64_t c, int64_t n) __attribute__((always_inline)) {
          Vec<T> total[vectors];
          unroll<vectors>([&](auto k) __attribute__((always_inline)) { total[k] = broadcast(start); });
          for_pixels(window, p.channels, [&](int64_t at, int64_t) __attribute__((always_inline)) {
            const T* from = src + image + at + c;
            unroll<vectors>([&](auto k) __attribute__((always_inline)) {
              total[k] = f(total[k], load_upto(from + k * w, n));
            });
          });
          unroll<vectors>([&](auto k) __attribute__((always_inline)) {
            store_upto<T>(dst + out + c + k * w, finish(total[k], window), n);
          });
        };
        int64_t c = 0;
        for (; c + 4 * w <= p.channels; c += 4 * w) some(std::integral_constant<int, 4>{}, c, w);
        for (; c < p.channels; c += w) some(std::integral_constant<int, 1>{}, c, p.channels - c);
      });
}

template <class T>
void max_forward(const PoolProblem& p, const T* src, T* dst, int64_t begin, int64_t end) {
  combine_windows(
      p, src, dst, begin, end, -static_cast<T>(__builtin_inff()),
      [](Vec<T> best, Vec<T> v) __attribute__((always_inline)) { return max_or_nan(best, v); },
      [](Vec<T> best, const Window&) __attribute__((always_inline)) { return best; });
}

template <class T>
void max_places(const PoolProblem& p, const T* src, T* dst, uint8_t* places, int64_t begin, int64_t end) {
  for_windows(p, begin, end,
              [&](const Window& window, int64_t image, int64_t out) __attribute__((always_inline)) {
                for (int64_t c = 0; c < p.channels; c += width<T>) {
                  const int64_t n = p.channels - c;
                  Maximum<T> maximum;
                  int place = 0;
                  for_pixels(window, p.channels, [&](int64_t at, int64_t) __attribute__((always_inline)) {
                    Maximum<T>::take(maximum, load_upto(src + image + at + c, n), place++);
                  });
                  store_upto(dst + out + c, maximum.best, n);
                  store_places<T>(places + out + c, Maximum<T>::place_or_none(maximum), n);
                }
              });
}

template <class T>
void max_gather(const PoolProblem& p, const T* src, const T* max, const T* values, T* dst, int64_t begin,
                int64_t end) {
  for_windows(p, begin, end,
              [&](const Window& window, int64_t image, int64_t out) __attribute__((always_inline)) {
                for (int64_t c = 0; c < p.channels; c += width<T>) {
                  const int64_t n = p.channels - c;
                  const Vec<T> best = load_upto(max + out + c, n);
                  Vec<T> found = {};
                  Mask<T> open = best == best;
                  for_pixels(window, p.channels, [&](int64_t at, int64_t) __attribute__((always_inline)) {
                    const Mask<T> here = (load_upto(src + image + at + c, n) == best) & open;
                    found = here ? load_upto(values + image + at + c, n) : found;
                    open &= ~here;
                  });
                  store_upto(dst + out + c, found, n);
                }
              });
}

template <class T>
void average_forward(const PoolProblem& p, const T* src, T* dst, int64_t begin, int64_t end) {
  combine_windows(
      p, src, dst, begin, end, T(0),
      [](Vec<T> total, Vec<T> v) __attribute__((always_inline)) { return total + v; },
      [](Vec<T> total, const Window& window)
          __attribute__((always_inline)) { return total / broadcast(static_cast<T>(window.count())); });
}

template <class T>
void clear_rows(const PoolProblem& p, T* diff_src, int64_t begin, int64_t end) {
  const int64_t row = p.w.src * p.channels;
  for (int64_t d = 0; d < p.d.src; d++)
    __builtin_memset(diff_src + (d * p.h.src + begin) * row, 0, (end - begin) * row * sizeof(T));
}

// Calls f(window, offset of the destination pixel) for the windows that reach into source rows [begin, end)
// of h.
template <class F>
PRONGHORN_INLINE void for_windows_into(const PoolProblem& p, int64_t begin, int64_t end, F f) {
  const int64_t row = p.w.src * p.channels;
  const Span rows = windows(p.h, begin, end);
  for (int64_t d = 0; d < p.d.dst; d++)
    for (int64_t h = rows.begin; h < rows.end; h++) {
      Window window{span(p.d, d), span(p.h, h), {}, row, row * p.h.src};
      for (int64_t w = 0; w < p.w.dst; w++) {
        window.w = span(p.w, w);
        f(window, ((d * p.h.dst + h) * p.w.dst + w) * p.channels);
      }
    }
}

// Where windows overlap gradients add up; where they do not each element is written once.
template <bool overlap, class T>
PRONGHORN_INLINE void put(T* at, Vec<T> v, int64_t n) {
  if constexpr (overlap)
    store_upto<T>(at, load_upto(at, n) + v, n);
  else
    store_upto<T>(at, v, n);
}

template <bool overlap, class T>
void max_backward(const PoolProblem& p, const T* src, const T* dst, const T* diff_dst, T* diff_src,
                  int64_t begin, int64_t end) {
  if (overlap || !p.tiles()) clear_rows(p, diff_src, begin, end);
  for_windows_into(p, begin, end, [&](const Window& window, int64_t out) __attribute__((always_inline)) {
    for (int64_t c = 0; c < p.channels; c += width<T>) {
      const int64_t n = p.channels - c;
      const Vec<T> best = load_upto(dst + out + c, n), diff = load_upto(diff_dst + out + c, n);
      Mask<T> open = best == best;
      for_pixels(window, p.channels, [&](int64_t at, int64_t h) __attribute__((always_inline)) {
        const Mask<T> here = (load_upto(src + at + c, n) == best) & open;
        open &= ~here;
        if (h >= begin && h < end) put<overlap, T>(diff_src + at + c, here ? diff : zero<T>(), n);
      });
    }
  });
}

template <bool overlap, class T>
void scatter_backward(const PoolProblem& p, const uint8_t* places, const T* diff_dst, T* diff_src,
                      int64_t begin, int64_t end) {
  if (overlap || !p.tiles()) clear_rows(p, diff_src, begin, end);
  for_windows_into(p, begin, end, [&](const Window& window, int64_t out) __attribute__((always_inline)) {
    for (int64_t c = 0; c < p.channels; c += width<T>) {
      const int64_t n = p.channels - c;
      const Vec<T> diff = load_upto(diff_dst + out + c, n);
      const Mask<T> place = load_places<T>(places + out + c, n);
      Element<Mask<T>> here = 0;
      for_pixels(window, p.channels, [&](int64_t at, int64_t h) __attribute__((always_inline)) {
        const Mask<T> chosen = place == broadcast(here++);
        if (h >= begin && h < end) put<overlap, T>(diff_src + at + c, chosen ? diff : zero<T>(), n);
      });
    }
  });
}

template <bool overlap, class T>
void average_backward(const PoolProblem& p, const T* diff_dst, T* diff_src, int64_t begin, int64_t end) {
  if (overlap || !p.tiles()) clear_rows(p, diff_src, begin, end);
  for_windows_into(p, begin, end, [&](const Window& window, int64_t out) __attribute__((always_inline)) {
    const Vec<T> count = broadcast(static_cast<T>(window.count()));
    for (int64_t c = 0; c < p.channels; c += width<T>) {
      const int64_t n = p.channels - c;
      const Vec<T> share = load_upto(diff_dst + out + c, n) / count;
      for_pixels(window, p.channels, [&](int64_t at, int64_t h) __attribute__((always_inline)) {
        if (h >= begin && h < end) put<overlap, T>(diff_src + at + c, share, n);
      });
    }
  });
}

template <class T>
void max_grad(const PoolProblem& p, const T* src, const T* dst, const T* diff_dst, T* diff_src, int64_t begin,
              int64_t end) {
  if (p.disjoint())
    max_backward<false>(p, src, dst, diff_dst, diff_src, begin, end);
  else
    max_backward<true>(p, src, dst, diff_dst, diff_src, begin, end);
}

template <class T>
void max_scatter(const PoolProblem& p, const uint8_t* places, const T* diff_dst, T* diff_src, int64_t begin,
                 int64_t end) {
  if (p.disjoint())
    scatter_backward<false>(p, places, diff_dst, diff_src, begin, end);
  else
    scatter_backward<true>(p, places, diff_dst, diff_src, begin, end);
}

template <class T>
void average_grad(const PoolProblem& p, const T* diff_dst, T* diff_src, int64_t begin, int64_t end) {
  if (p.disjoint())
    average_backward<false>(p, diff_dst, diff_src, begin, end);
  else
    average_backward<true>(p, diff_dst, diff_src, begin, end);
}

template <class T>
constexpr PoolFunctions<T> functions = {max_forward<T>, average_forward<T>, max_places<T>,  max_gather<T>,
                                        max_grad<T>,    max_scatter<T>,     average_grad<T>};

}  // namespace

extern const PoolTable pool_table;
const PoolTable pool_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
