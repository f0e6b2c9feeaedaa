// Instructions that draw random numbers by counter; the numbers of an element are the same for any tiling and
// number of threads.
#include "kernels/elementwise/random.h"
#include <type_traits>

#include "kernels/elementwise/map.h"
#include "simd/math.h"
#include "simd/philox.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The `count` words of a group.
template <int count>
PRONGHORN_INLINE void draw_words(const TileArguments& a, const void* step, int64_t group, uint32_t* words) {
  constexpr int at_once = 4 * width<uint64_t>;
  const auto counter = static_cast<uint64_t>(*static_cast<const int64_t*>(step));
  for (int i = 0; i < count; i += at_once)
    philox_blocks(a.seed, counter, static_cast<uint64_t>((group * count + i) / 4), words + i);
}

// Calls f(group, offset in the tile, elements of the group before the tile, elements of the group in the
// tile) for groups of `size`.
template <int size, class F>
PRONGHORN_INLINE void for_each_group(const TileArguments& a, const F& f) {
  for (int64_t i = 0; i < a.n;) {
    const int64_t element = a.first + i, skip = element % size;
    const int64_t left = a.n - i, count = left < size - skip ? left : size - skip;
    f(element / size, i, skip, count);
    i += count;
  }
}

// Lanes [i, i + width) of a group's uniform numbers in [0, 1): 24 bits for float, 52 for double.
PRONGHORN_INLINE Vec<float> uniform(const uint32_t* words, int i, float) {
  return to_float((Vec<int32_t>)(load(words + i) >> 8)) * broadcast(0x1p-24f);
}
PRONGHORN_INLINE Vec<double> uniform(const uint32_t* words, int i, double) {
  const Vec<uint64_t> mantissa = load(reinterpret_cast<const uint64_t*>(words) + i) >> 12;
  const Vec<double> to_two = from_bits(mantissa | 0x3ff0000000000000u);  // in [1, 2) with 52 bits
  return to_two - broadcast(1.0);
}

// Calls fill(words, values) for each group that the tile touches and writes the part of values that lies in
// the tile.
template <class T, class Fill>
PRONGHORN_INLINE void draw(const TileArguments& a, const void* step, const Fill& fill) {
  alignas(64) uint32_t words[random_words<T>];
  alignas(64) T values[random_group];
  for_each_group<random_group>(a, [&](int64_t group, int64_t i, int64_t skip, int64_t count) {
    draw_words<random_words<T>>(a, step, group, words);
    fill(words, values);
    __builtin_memcpy(static_cast<T*>(a.dst) + i, values + skip, static_cast<size_t>(count) * sizeof(T));
  });
}

template <class T, class F>
PRONGHORN_INLINE void draw_uniform(const TileArguments& a, const F& f) {
  draw<T>(a, a.src[0], [&](const uint32_t* words, T* values) {
    for (int i = 0; i < random_group; i += width<T>) store(values + i, f(uniform(words, i, T{})));
  });
}

// The integers that lanes of T compare by.
template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

// As many numbers of 8 or 16 bits as Vec<T> has lanes, widened.
template <class T>
PRONGHORN_INLINE Vec<Wide<T>> load_narrow(const uint8_t* p) {
  return (Vec<Wide<T>>)load_bytes<T>(p, width<T>);
}
template <class T>
PRONGHORN_INLINE Vec<Wide<T>> load_narrow(const uint16_t* p) {
  typedef uint16_t Numbers __attribute__((vector_size(2 * width<T>)));
  Numbers numbers;
  __builtin_memcpy(&numbers, p, sizeof numbers);
  return __builtin_convertvector(numbers, Vec<Wide<T>>);
}

// Elements whose random bits, as many as Narrow has, are less than the rate are dropped; the others are
// scaled to keep the mean.
template <class T, class Narrow>
PRONGHORN_INLINE void dropout(const TileArguments& a) {
  constexpr int words_each = dropout_group * sizeof(Narrow) / 4;
  const Vec<T> scale = broadcast(static_cast<T>(1.0 / (1.0 - a.immediate[0])));
  const Vec<Wide<T>> threshold = broadcast(static_cast<Wide<T>>(dropout_threshold<Narrow>(a.immediate[0])));
  alignas(64) uint32_t words[words_each];
  const auto* numbers = reinterpret_cast<const Narrow __attribute__((may_alias))*>(words);
  auto keep = [&](Vec<T> x, int at) {
    return select(load_narrow<T>(numbers + at) >= threshold, x * scale, zero<T>());
  };
  for_each_group<dropout_group>(a, [&](int64_t group, int64_t i, int64_t skip, int64_t count) {
    draw_words<words_each>(a, a.src[1], group, words);
    const T* const src = static_cast<const T*>(a.src[0]) + i * a.step[0];
    T* const dst = static_cast<T*>(a.dst) + i;
    if (count == dropout_group && a.step[0] == 1) {
      for (int k = 0; k < dropout_group; k += width<T>) store(dst + k, keep(load(src + k), k));
    } else {
      alignas(64) T values[dropout_group] = {};
      for (int64_t k = 0; k < count; k++) values[skip + k] = src[k * a.step[0]];
      for (int k = 0; k < dropout_group; k += width<T>) store(values + k, keep(load(values + k), k));
      __builtin_memcpy(dst, values + skip, static_cast<size_t>(count) * sizeof(T));
    }
  });
}

constexpr TileTable make() {
  TileTable t{};
  t.set<float, double>(TileOp::dropout, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    dropout_by_bytes(a.immediate[0]) ? dropout<T, uint8_t>(a) : dropout<T, uint16_t>(a);
  });
  // Immediates: low, high - low.
  t.set<float, double>(TileOp::random_uniform, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    draw_uniform<T>(
        a, [low = immediate<T>(a, 0), range = immediate<T>(a, 1)](Vec<T> u) { return u * range + low; });
  });
  // Immediate: the probability of 1.
  t.set<float, double>(TileOp::random_bernoulli, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    draw_uniform<T>(a,
                    [p = immediate<T>(a, 0)](Vec<T> u) { return select(u < p, broadcast<T>(1), zero<T>()); });
  });
  // Two numbers from two, half a group apart (G. E. P. Box, M. E. Muller, 1958). Immediates: mean, standard
  // deviation.
  t.set<float, double>(TileOp::random_normal, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    const Vec<T> mean = immediate<T>(a, 0), deviation = immediate<T>(a, 1);
    draw<T>(a, a.src[0], [&](const uint32_t* words, T* values) {
      constexpr int half = random_group / 2;
      for (int i = 0; i < half; i += width<T>) {
        const Vec<T> u = broadcast<T>(1) - uniform(words, i, T{});  // never 0
        const Vec<T> angle = uniform(words, half + i, T{}) * broadcast(static_cast<T>(6.283185307179586));
        const Vec<T> radius = sqrt(log(u) * broadcast<T>(-2)) * deviation;
        store(values + i, radius * cos(angle) + mean);
        store(values + half + i, radius * sin(angle) + mean);
      }
    });
  });
  // Immediates: mean, standard deviation.
  t.set<float, double>(TileOp::random_truncated_normal, [](auto tag, const TileArguments& a) {
    using T = decltype(tag);
    const Vec<T> mean = immediate<T>(a, 0), deviation = immediate<T>(a, 1);
    draw_uniform<T>(a, [&](Vec<T> u) {
      const T most = static_cast<T>(truncated_most);
      const Vec<T> x = u * broadcast(2 * most) - broadcast(most);
      const Vec<T> w = -log(broadcast<T>(1) - x * x);
      Vec<T> ratio = broadcast(static_cast<T>(truncated_ratio[0]));
#pragma GCC unroll 6
      for (int k = 1; k < 7; k++) ratio = fma(ratio, w, broadcast(static_cast<T>(truncated_ratio[k])));
      return x * ratio * deviation + mean;
    });
  });
  return t;
}

}  // namespace

extern constexpr TileTable random_table = make();

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
