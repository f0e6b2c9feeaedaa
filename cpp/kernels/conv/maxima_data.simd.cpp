// The gradient by the image behind maxima. A gradient that is not zero adds a kernel, times itself, round its
// place: a row of the kernel is added to sums in registers, which go along the row of the image and leave
// behind what is complete.
#include "kernels/conv/lender.h"
#include "kernels/conv/maxima_lists.h"
#include "kernels/gemm/pack.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t block_bytes = 256 << 10;  // of the image that a second-level cache is to hold
// Of a row of the kernel for the channels whose lists are worked on together: a first-level cache, which
// where vectors are a line long mostly is the larger one, and shorter lists would cost more than what falls
// out of it.
constexpr int64_t kernel_bytes = vector_bytes == 64 ? 48 << 10 : 24 << 10;
constexpr int64_t line = 16;  // bytes of places that are looked at together

struct Layout : Sizes {
  Panels panels;
  int64_t together, groups;  // channels of the result at a time
  int64_t rows, blocks;      // of an image in a block, blocks in an image
  int64_t list_rows;         // rows of gradients that a block reads
  int64_t kernel_row_floats, packed_floats;
  int64_t item_bytes, end_bytes, place_bytes;

  explicit Layout(const ConvProblem& p) : Sizes(p), panels(p.ic, most_vectors(p.kernel[2])) {
    const int64_t row_bytes = kernel_columns * panels.floats() * 4;
    together = greater(line, lesser(most_together, kernel_bytes / row_bytes / line * line));
    groups = ceil_div(oc, together);
    blocks = ceil_div(height * width * ic * 4, block_bytes);
    rows = ceil_div(height, greater(1, lesser(blocks, height)));
    blocks = ceil_div(height, rows);
    list_rows = lesser(rows + kernel_rows - 1, high * window);
    kernel_row_floats = kernel_columns * together * panels.floats();
    packed_floats = groups * panels.count * kernel_rows * kernel_row_floats;
    // a row of windows may be read in part, and is then in no list but its own rows'
    item_bytes = round_up((ceil_div(list_rows, window) + 1) * wide * together + line, 64);
    end_bytes = round_up((list_rows * wide * window + 1) * static_cast<int64_t>(sizeof(int32_t)), 64);
    place_bytes = round_up(wide * round_up(together, line), 64);
  }
  int64_t worker_bytes() const { return item_bytes + end_bytes + place_bytes; }
};

// Positions of the bits that are set in a byte, in order.
struct Positions {
  uint64_t of[256];
};
constexpr Positions positions = [] {
  Positions p = {};
  for (int bits = 0; bits < 256; bits++)
    for (int i = 0, found = 0; i < 8; i++)
      if (bits >> i & 1) p.of[bits] |= static_cast<uint64_t>(i) << (8 * found++);
  return p;
}();

// A bit for each of 16 bytes that are `value`.
PRONGHORN_INLINE unsigned equal_bits(const uint8_t* bytes, uint8_t value) {
#if defined(__SSE2__)
  const __m128i found = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_cmpeq_epi8(found, _mm_set1_epi8(static_cast<char>(value)))));
#else
  unsigned bits = 0;
  for (int i = 0; i < 16; i++) bits |= static_cast<unsigned>(bytes[i] == value) << i;
  return bits;
#endif
}

// The channels whose gradients of rows [first, end) are not zero, pixel by pixel: those of pixel i, counted
// from the first on, end at ends[i + 1].
void list_channels(const Layout& l, const float* diff, const uint8_t* places, int64_t channels, int64_t first,
                   int64_t end, uint8_t* items, int32_t* ends, uint8_t* row_places) {
  const int64_t step = round_up(channels, line), window = l.window;
  uint8_t* to = items;
  *ends++ = 0;
  for (int64_t y = first; y < end; y++) {
    if (y == first || y % window == 0)
      for (int64_t u = 0; u < l.wide; u++)
        for (int64_t c = 0; c < step; c += lanes) {
          const int64_t at = ((y / window) * l.wide + u) * l.oc + c, left = greater(channels - c, 0);
          const Mask<float> place = load_places<float>(places + at, left);
          const Floats value = load_upto(diff + at, left);
          store_places<float>(row_places + u * step + c,
                              value != zero<float>() ? place : broadcast(static_cast<int32_t>(no_place)),
                              lanes);
        }
    for (int64_t u = 0; u < l.wide; u++)
      for (int64_t j = 0; j < window; j++) {
        const uint8_t place = static_cast<uint8_t>(y % window * window + j);
        for (int64_t c = 0; c < step; c += line) {
          const unsigned found = equal_bits(row_places + u * step + c, place);
          for (int64_t half = 0; half < 2; half++) {
            const unsigned bits = found >> (8 * half) & 255;
            const uint64_t next =
                positions.of[bits] + 0x0101010101010101u * static_cast<uint64_t>(c + 8 * half);
            __builtin_memcpy(to, &next, sizeof(next));
            to += __builtin_popcount(bits);
          }
        }
        *ends++ = static_cast<int32_t>(to - items);
      }
  }
}

// A row of gradients, a row of the kernel, and the row of the image to which their products are added.
struct Row {
  const uint8_t* items;
  const int32_t* ends;
  const float* diff;
  int64_t oc, wide, window;
  const float* kernel;
  float* dst;
  int64_t width, ic, columns, pad;
  bool starts;        // nothing has been added yet
  const float* mask;  // where the row is complete, and has one
  float mask_factor;
};

template <int taps, int vectors>
void add_row(const Row& given) {
  const Row row = given;  // which no store can change
  Floats sums[taps][vectors];
  unroll<taps>([&](auto k) __attribute__((always_inline)) {
    unroll<vectors>([&](auto v) __attribute__((always_inline)) { sums[k][v] = zero<float>(); });
  });
  const bool whole = row.columns == vectors * lanes;
  const Floats factor = broadcast(row.mask_factor);
  const auto put = [&](const Floats(&from)[vectors], int64_t x) __attribute__((always_inline)) {
    if (static_cast<uint64_t>(x) >= static_cast<uint64_t>(row.width)) return;
    const int64_t at = x * row.ic;
    float* const to = row.dst + at;
    const float* const mask = row.mask ? row.mask + at : nullptr;
    unroll<vectors>([&](auto v) __attribute__((always_inline)) {
      const int64_t left = whole ? lanes : row.columns - v * lanes;
      Floats sum = from[v];
      if (!row.starts) sum = load_upto(to + v * lanes, left) + sum;
      if (mask) sum = load_upto(mask + v * lanes, left) > zero<float>() ? sum * factor : zero<float>();
      store_upto(to + v * lanes, sum, left);
    });
  };
  const uint8_t* item = row.items + row.ends[0];
  const int32_t* ends = row.ends + 1;
  const float* diff = row.diff;
  int64_t x = -row.pad;
  for (int64_t u = 0; u < row.wide; u++, diff += row.oc)
    for (int64_t j = 0; j < row.window; j++, x++) {
      const uint8_t* const end = row.items + *ends++;
#pragma GCC unroll 1
      for (; item < end; item++) {
        const int64_t c = *item;
        const Floats value = broadcast(diff[c]);
        const float* const from = row.kernel + c * (taps * vectors * lanes);
        unroll<taps>([&](auto k) __attribute__((always_inline)) {
          unroll<vectors>([&](auto v) __attribute__((always_inline)) {
            sums[k][v] = fma(value, load(from + (k * vectors + v) * lanes), sums[k][v]);
          });
        });
      }
      put(sums[0], x);
      unroll<taps - 1>([&](auto k) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v) __attribute__((always_inline)) { sums[k][v] = sums[k + 1][v]; });
      });
      unroll<vectors>([&](auto v) __attribute__((always_inline)) { sums[taps - 1][v] = zero<float>(); });
    }
  for (int64_t last = row.starts ? row.width : x + taps - 1; x < last; x++) {
    put(sums[0], x);
    unroll<taps - 1>([&](auto k) __attribute__((always_inline)) {
      unroll<vectors>([&](auto v) __attribute__((always_inline)) { sums[k][v] = sums[k + 1][v]; });
    });
  }
}

using AddRow = void (*)(const Row&);
template <int taps>
AddRow by_vectors(int64_t vectors) {
  AddRow found = nullptr;
  unroll<most_vectors(taps)>([&](auto v) {
    if (vectors == v + 1) found = add_row<taps, v + 1>;
  });
  return found;
}

// Panels of the kernel, turned so that a channel of the result has those of the image side by side, and a row
// of taps one after the other.
void pack_kernel(const Layout& l, const float* weights, float* packed) {
  parallel_for(0, l.groups * l.panels.count * l.kernel_rows, 2, [&](int64_t first, int64_t last) {
    alignas(64) float tap_of[most_together * 4 * lanes];
    for (int64_t i = first; i < last; i++) {
      const int64_t tap_row = i % l.kernel_rows, panel = i / l.kernel_rows % l.panels.count;
      const int64_t column = i / l.kernel_rows / l.panels.count * l.together;
      const int64_t columns = l.panels.columns(panel), wide = round_up(columns, lanes);
      const int64_t channels = lesser(l.together, l.oc - column);
      for (int64_t k = 0; k < l.kernel_columns; k++) {
        const int64_t tap = tap_row * l.kernel_columns + k;
        pack_transposed(weights + (tap * l.ic + l.panels.first(panel)) * l.oc + column, l.oc, columns,
                        channels, tap_of, wide);
        float* const to = packed + i * l.kernel_row_floats + k * wide;
        for (int64_t c = 0; c < channels; c++)
          __builtin_memcpy(to + c * l.kernel_columns * wide, tap_of + c * wide,
                           static_cast<size_t>(wide) * sizeof(float));
      }
    }
  });
}

void clear_rows(float* dst, int64_t row_floats, int64_t first, int64_t end) {
  if (first < end)
    __builtin_memset(dst + first * row_floats, 0,
                     static_cast<size_t>((end - first) * row_floats) * sizeof(float));
}

void run(const ConvProblem& p, const ConvOperands<float>& o, void* scratch) {
  const Layout l(p);
  if (l.images * l.height * l.width * l.ic == 0) return;
  float* const packed = static_cast<float*>(scratch);
  uint8_t* const work = reinterpret_cast<uint8_t*>(packed + round_up(l.packed_floats, 16));
  pack_kernel(l, o.b, packed);
  const auto run_blocks = [&](int64_t first_block, int64_t last_block, int64_t lent) {
    uint8_t* const items = work + lent * l.worker_bytes();
    int32_t* const ends = reinterpret_cast<int32_t*>(items + l.item_bytes);
    uint8_t* const row_places = items + l.item_bytes + l.end_bytes;
    for (int64_t block = first_block; block < last_block; block++) {
      const int64_t image = block / l.blocks, top = block % l.blocks * l.rows,
                    bottom = lesser(top + l.rows, l.height), row_floats = l.width * l.ic;
      float* const dst = o.c + image * l.height * row_floats;
      const float* const mask = p.has_mask ? o.mask + image * l.height * row_floats : nullptr;
      const int64_t first = greater(0, top + l.pad_y - (l.kernel_rows - 1)),
                    end = lesser(bottom + l.pad_y, l.high * l.window);
      const int64_t windows = image * l.high * l.wide * l.oc;
      for (int64_t group = 0; group < l.groups && first < end; group++) {
        const int64_t column = group * l.together;
        const float* const diff = o.a + windows + column;
        list_channels(l, diff, o.diff_places + windows + column, lesser(l.together, l.oc - column), first,
                      end, items, ends, row_places);
        for (int64_t panel = 0; panel < l.panels.count; panel++)
          for (int64_t tap_row = 0; tap_row < l.kernel_rows; tap_row++) {
            const float* const kernel =
                packed + ((group * l.panels.count + panel) * l.kernel_rows + tap_row) * l.kernel_row_floats;
            const int64_t columns = l.panels.columns(panel);
            const int64_t vectors = ceil_div(columns, lanes);
            const AddRow add = l.kernel_columns == 3 ? by_vectors<3>(vectors) : by_vectors<5>(vectors);
            const int64_t to = tap_row - l.pad_y;  // what a row of gradients adds to, from there
            for (int64_t y = greater(first, top - to); y < lesser(end, bottom - to); y++) {
              const bool starts = group == 0 && (tap_row == 0 || y + 1 == end);
              const bool completes = group == l.groups - 1 && (tap_row == l.kernel_rows - 1 || y == first);
              const int64_t at = (y + to) * row_floats + l.panels.first(panel);
              add({items, ends + (y - first) * l.wide * l.window, diff + y / l.window * l.wide * l.oc, l.oc,
                   l.wide, l.window, kernel, dst + at, l.width, l.ic, columns, l.pad_x, starts,
                   mask && completes ? mask + at : nullptr, static_cast<float>(p.mask_factor)});
            }
          }
      }
      // rows that no gradient reaches
      const int64_t reached = first < end ? first - l.pad_y : bottom,
                    reached_end = first < end ? end + l.kernel_rows - 1 - l.pad_y : bottom;
      clear_rows(dst, row_floats, top, lesser(reached, bottom));
      clear_rows(dst, row_floats, greater(reached_end, top), bottom);
    }
  };
  parallel_for_lent(l.workers, l.images * l.blocks, 1, p.flops() / static_cast<double>(l.window * l.window),
                    run_blocks);
}

size_t scratch_bytes(const ConvProblem& p) {
  const Layout l(p);
  return static_cast<size_t>(round_up(l.packed_floats, 16) * 4 + l.workers * l.worker_bytes());
}

}  // namespace

extern const MaximaTable maxima_table = {
    {scratch_bytes, nullptr, run, nullptr, "conv_backward_data:maxima", 0}};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
