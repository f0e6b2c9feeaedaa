// The gradient by the weights behind maxima: each gradient that is not zero adds the patch of the image round
// its place, times itself, to the weights of its channel. Blocks of windows are listed channel by channel,
// whose sums then stay in registers; slices of the blocks are added in order.
#include "kernels/conv/lender.h"
#include "kernels/conv/maxima_lists.h"
#include "kernels/gemm/pack.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t block_bytes = 24 << 10;  // of a panel of the image that a first-level cache is to hold
constexpr int64_t most_slices = 8, most_slice_bytes = 24 << 20;

// A gradient, and how far its patch is from where the block's begins, in floats.
struct Item {
  float value;
  int32_t at;
};

struct Layout {
  int64_t images, high, wide, window;  // windows
  int64_t height, width;               // of the image
  int64_t kernel_rows, kernel_columns, pad_y, pad_x, ic, oc, workers;
  Panels panels;
  int64_t rows, columns, down, along;  // windows in a block, blocks in an image
  int64_t together, groups;            // channels of the result at a time
  bool copied;                         // blocks of the image, with zeros round it
  int64_t copy_rows, copy_columns;
  int64_t tap_row_floats, sum_floats, slice_floats, slices;
  int64_t list_items, copy_floats;

  explicit Layout(const ConvProblem& p)
      : images(p.batch * p.src[0]),
        high(p.dst[1] / p.pool[1]),
        wide(p.dst[2] / p.pool[1]),
        window(p.pool[1]),
        height(p.src[1]),
        width(p.src[2]),
        kernel_rows(p.kernel[1]),
        kernel_columns(p.kernel[2]),
        pad_y(p.pad[1]),
        pad_x(p.pad[2]),
        ic(p.ic),
        oc(p.oc),
        workers(p.workers),
        panels(p.ic, p.kernel[2]) {
    const int64_t most = greater(1, block_bytes / (panels.floats() * 4) / (window * window));
    along = ceil_div(wide, lesser(most, greater(wide, 1))), columns = ceil_div(wide, greater(along, 1));
    rows = greater(1, lesser(high, most / greater(columns, 1)));
    down = ceil_div(high, rows);
    together = lesser(most_together, oc), groups = ceil_div(oc, together);
    const bool inside = pad_y == 0 && pad_x == 0 && high * window + kernel_rows - 1 <= height &&
                        wide * window + kernel_columns - 1 <= width;
    copied = !inside || ic % lanes != 0;
    copy_rows = rows * window + kernel_rows - 1, copy_columns = columns * window + kernel_columns - 1;
    tap_row_floats = kernel_columns * panels.floats();
    sum_floats = panels.count * kernel_rows * oc * tap_row_floats;
    slice_floats = sum_floats + round_up(oc, 16);
    slices =
        greater(1, lesser(lesser(most_slices, images * down * along), most_slice_bytes / (slice_floats * 4)));
    list_items = rows * columns + 1;
    copy_floats = copied ? round_up(copy_rows * copy_columns * ic + lanes, 16) : 0;
  }
  int64_t worker_floats() const { return copy_floats + round_up(2 * together * list_items, 16); }
};

// A block's patches: from row y and column x of an image on, with zeros where there is none.
void copy_block(const Layout& l, const float* image, int64_t y, int64_t x, float* to) {
  const int64_t row_floats = l.copy_columns * l.ic;
  const int64_t begin = lesser(greater(-x, 0), l.copy_columns),
                end = greater(begin, lesser(l.width - x, l.copy_columns));
  for (int64_t i = 0; i < l.copy_rows; i++, to += row_floats) {
    if (y + i < 0 || y + i >= l.height) {
      __builtin_memset(to, 0, static_cast<size_t>(row_floats) * sizeof(float));
      continue;
    }
    __builtin_memset(to, 0, static_cast<size_t>(begin * l.ic) * sizeof(float));
    __builtin_memcpy(to + begin * l.ic, image + ((y + i) * l.width + x + begin) * l.ic,
                     static_cast<size_t>((end - begin) * l.ic) * sizeof(float));
    __builtin_memset(to + end * l.ic, 0, static_cast<size_t>((l.copy_columns - end) * l.ic) * sizeof(float));
  }
}

// Lists the gradients of a block's windows that are not zero, channel by channel, and returns where each list
// ends. The first window's first patch is at 0, and a row of patches takes row_floats. Adds up all gradients
// for the bias.
void list_gradients(const Layout& l, const float* diff, const uint8_t* places, int64_t high, int64_t wide,
                    int64_t channels, int64_t row_floats, Item* items, Item* (&ends)[most_together],
                    float* bias) {
  for (int64_t c = 0; c < channels; c++) ends[c] = items + c * l.list_items;
  // a place is row · window + column; rows by multiplication, as places are less than 256
  const Mask<float> none = broadcast(static_cast<int32_t>(no_place)),
                    rows = broadcast(static_cast<int32_t>(65536 / l.window + 1)),
                    column_floats = broadcast(static_cast<int32_t>(l.ic)),
                    more = broadcast(static_cast<int32_t>(row_floats - l.window * l.ic));
  for (int64_t v = 0; v < high; v++)
    for (int64_t u = 0; u < wide; u++) {
      const int64_t from = (v * l.wide + u) * l.oc;
      const Mask<float> base = broadcast(static_cast<int32_t>((v * row_floats + u * l.ic) * l.window));
      for (int64_t c = 0; c < channels; c += lanes) {
        const int64_t left = channels - c;
        const Mask<float> place = load_places<float>(places + from + c, left);
        const Floats value = place == none ? zero<float>() : load_upto(diff + from + c, left);
        store_upto(bias + c, load_upto(bias + c, left) + value, left);
        alignas(64) float values[lanes];
        alignas(64) int32_t ats[lanes], counts[lanes];
        store(values, value);
        store(ats, base + place * column_floats + (place * rows >> 16) * more);
        store(counts, (value != zero<float>()) & 1);
        const auto put = [&](int64_t i) __attribute__((always_inline)) {
          Item* const to = ends[c + i];
          *to = {values[i], ats[i]};
          ends[c + i] = to + counts[i];
        };
        if (left >= lanes)
          unroll<lanes>(put);
        else
          for (int64_t i = 0; i < left; i++) put(i);
      }
    }
}

// sums += the sum over items of their value times the patch's row: `pixel` floats from column to column.
template <int taps, int vectors>
void add_patches(const Item* item, const Item* end, const float* image, int64_t pixel, float* to) {
  Floats sums[taps][vectors];
  unroll<taps>([&](auto k) __attribute__((always_inline)) {
    unroll<vectors>(
        [&](auto v) __attribute__((always_inline)) { sums[k][v] = load(to + (k * vectors + v) * lanes); });
  });
  const auto add = [&](int64_t step) __attribute__((always_inline)) {
#pragma GCC unroll 1
    for (; item < end; item++) {
      const Floats value = broadcast(item->value);
      const float* from = image + item->at;
      unroll<taps>([&](auto k) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v) __attribute__((always_inline)) {
          sums[k][v] = fma(value, load(from + k * step + v * lanes), sums[k][v]);
        });
      });
    }
  };
  if (pixel == vectors * lanes)  // and all distances are constants
    add(vectors * lanes);
  else
    add(pixel);
  unroll<taps>([&](auto k) __attribute__((always_inline)) {
    unroll<vectors>(
        [&](auto v) __attribute__((always_inline)) { store(to + (k * vectors + v) * lanes, sums[k][v]); });
  });
}

using AddPatches = void (*)(const Item*, const Item*, const float*, int64_t, float*);
constexpr AddPatches add_patches_of[2][4] = {
    {add_patches<3, 1>, add_patches<3, 2>, add_patches<3, 3>, add_patches<3, 4>},
    {add_patches<5, 1>, add_patches<5, 2>, add_patches<5, 3>, add_patches<5, 4>}};

// Where the sums of a panel's row of the kernel and a channel of the result are.
PRONGHORN_INLINE int64_t sums_at(const Layout& l, int64_t panel, int64_t tap_row, int64_t column) {
  return ((panel * l.kernel_rows + tap_row) * l.oc + column) * l.tap_row_floats;
}

void add_block(const Layout& l, const ConvOperands<float>& o, int64_t image, int64_t v, int64_t u,
               float* sums, float* copy, Item* items) {
  const int64_t high = lesser(l.rows, l.high - v), wide = lesser(l.columns, l.wide - u);
  const int64_t y = v * l.window - l.pad_y, x = u * l.window - l.pad_x;
  const float* patches = o.a + image * l.height * l.width * l.ic;
  if (l.copied)
    copy_block(l, patches, y, x, copy), patches = copy;
  else
    patches += (y * l.width + x) * l.ic;
  const int64_t row_floats = (l.copied ? l.copy_columns : l.width) * l.ic;
  for (int64_t group = 0; group < l.groups; group++) {
    const int64_t column = group * l.together, channels = lesser(l.together, l.oc - column);
    const int64_t at = ((image * l.high + v) * l.wide + u) * l.oc + column;
    Item* ends[most_together];
    list_gradients(l, o.b + at, o.diff_places + at, high, wide, channels, row_floats, items, ends,
                   sums + l.sum_floats + column);
    for (int64_t panel = 0; panel < l.panels.count; panel++) {
      const AddPatches add =
          add_patches_of[l.kernel_columns == 5][ceil_div(l.panels.columns(panel), lanes) - 1];
      for (int64_t tap_row = 0; tap_row < l.kernel_rows; tap_row++)
        for (int64_t c = 0; c < channels; c++)
          add(items + c * l.list_items, ends[c], patches + tap_row * row_floats + l.panels.first(panel), l.ic,
              sums + sums_at(l, panel, tap_row, column + c));
    }
  }
}

// The slices' sums added up and turned.
void add_slices(const Layout& l, const float* sums, float* weights) {
  const int64_t taps = l.kernel_rows * l.kernel_columns;
  parallel_for(0, taps * l.ic, 1 + 4096 / (l.oc * l.slices), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) {
      const int64_t tap = i / l.ic, panel = i % l.ic / l.panels.floats(),
                    channel = i % l.ic % l.panels.floats();
      const int64_t tap_column = tap % l.kernel_columns;
      const int64_t wide = round_up(l.panels.columns(panel), lanes);
      const float* from = sums + sums_at(l, panel, tap / l.kernel_columns, 0) + tap_column * wide + channel;
      for (int64_t c = 0; c < l.oc; c++) {
        float total = from[c * l.tap_row_floats];
        for (int64_t s = 1; s < l.slices; s++) total += from[c * l.tap_row_floats + s * l.slice_floats];
        weights[i * l.oc + c] = total;
      }
    }
  });
}

void run(const ConvProblem& p, const ConvOperands<float>& o, void* scratch) {
  const Layout l(p);
  float* const sums = static_cast<float*>(scratch);
  float* const work = sums + l.slices * l.slice_floats;
  const int64_t blocks = l.images * l.down * l.along;
  const auto run_slices = [&](int64_t first_slice, int64_t last_slice, int64_t lent) {
    float* const copy = work + lent * l.worker_floats();
    Item* const items = reinterpret_cast<Item*>(copy + l.copy_floats);
    for (int64_t slice = first_slice; slice < last_slice; slice++) {
      float* const own = sums + slice * l.slice_floats;
      __builtin_memset(own, 0, static_cast<size_t>(l.slice_floats) * sizeof(float));
      for (int64_t block = slice * blocks / l.slices; block < (slice + 1) * blocks / l.slices; block++)
        add_block(l, o, block / (l.down * l.along), block / l.along % l.down * l.rows,
                  block % l.along * l.columns, own, copy, items);
    }
  };
  parallel_for_lent(l.workers, l.slices, 1, p.flops() / static_cast<double>(l.window * l.window), run_slices);
  add_slices(l, sums, o.c);
  if (!p.has_diff_bias) return;
  for (int64_t c = 0; c < l.oc; c++) {
    float total = sums[l.sum_floats + c];
    for (int64_t s = 1; s < l.slices; s++) total += sums[s * l.slice_floats + l.sum_floats + c];
    o.diff_bias[c] = total;
  }
}

size_t scratch_bytes(const ConvProblem& p) {
  const Layout l(p);
  return static_cast<size_t>(l.slices * l.slice_floats + l.workers * l.worker_floats()) * sizeof(float);
}

}  // namespace

extern const MaximaWeightsTable maxima_weights_table = {
    {scratch_bytes, nullptr, run, nullptr, "conv_backward_weights:maxima", 0}};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
