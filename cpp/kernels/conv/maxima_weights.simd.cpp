// The gradient by the weights behind maxima: each gradient that is not zero adds the patch of the image round
// its place, times itself, to the weights of its channel. Blocks of windows are listed channel by channel,
// whose sums then stay in registers; slices of the blocks are added in order.
#include "kernels/conv/lender.h"
#include "kernels/conv/maxima_lists.h"
#include "kernels/gemm/pack.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t block_bytes = 24 << 10;  // of a panel of the image that a first-level cache is to hold
// A panel is as wide as a line of the cache, so that its blocks are large and their sums go to memory seldom.
constexpr int64_t panel_vectors = 64 / vector_bytes, most_flat_vectors = 4;
constexpr int64_t most_windows = 128;  // of a block, whose lists the second-level cache is to hold
constexpr int64_t most_slices = 8, most_slice_bytes = 24 << 20;

// A gradient, and how far its patch is from where the block's begins, in pixels.
struct Item {
  float value;
  int32_t at;
};

struct Layout : Sizes {
  // Of few channels a row of the kernel is one tap of all its columns' channels, which lie side by side.
  bool flat;
  int64_t taps;  // in a row of the kernel
  Panels panels;
  int64_t rows, columns, down, along;  // windows in a block, blocks in an image
  int64_t together, groups;            // channels of the result at a time
  int64_t copy_rows, copy_columns;
  int64_t tap_row_floats, sum_floats, slice_floats, slices;
  int64_t list_items, copy_floats;

  explicit Layout(const ConvProblem& p)
      : Sizes(p),
        flat(is_flat()),
        taps(flat ? 1 : kernel_columns),
        panels(flat ? ic * kernel_columns : ic,
               flat ? most_flat_vectors : lesser(panel_vectors, most_vectors(kernel_columns))) {
    const int64_t fit = block_bytes / (pixel_floats(0) * 4) / (window * window);
    const int64_t most = greater(1, lesser(fit, most_windows));
    along = ceil_div(wide, lesser(most, greater(wide, 1))), columns = ceil_div(wide, greater(along, 1));
    rows = greater(1, lesser(high, most / greater(columns, 1)));
    down = ceil_div(high, rows);
    together = lesser(most_together, oc), groups = ceil_div(oc, together);
    copy_rows = rows * window + kernel_rows - 1, copy_columns = columns * window + kernel_columns - 1;
    tap_row_floats = taps * panels.floats();
    sum_floats = panels.count * kernel_rows * oc * tap_row_floats;
    slice_floats = sum_floats + round_up(oc, 16);
    slices =
        greater(1, lesser(lesser(most_slices, images * down * along), most_slice_bytes / (slice_floats * 4)));
    list_items = rows * columns + 1;
    copy_floats = round_up(copy_rows * copy_columns * pixel_floats(0) + panels.floats(), 16);
  }
  bool is_flat() const {
    const int64_t vectors = ceil_div(ic * kernel_columns, lanes);
    return vectors <= most_flat_vectors && vectors < ceil_div(ic, lanes) * kernel_columns;
  }
  // From one pixel of a panel's copy to the next.
  int64_t pixel_floats(int64_t panel) const { return flat ? ic : round_up(panels.columns(panel), lanes); }
  int64_t worker_floats() const { return copy_floats + round_up(2 * together * list_items, 16); }
};

// A panel of the image under a block of windows, from row y and column x on, with zeros where there is none.
// Side by side its pixels lie in all sets of a cache, and at distances that are constants.
void copy_panel(const Layout& l, const float* image, int64_t y, int64_t x, int64_t panel, float* to) {
  const int64_t pixel = l.pixel_floats(panel), row_floats = l.copy_columns * pixel;
  const int64_t begin = lesser(greater(-x, 0), l.copy_columns),
                end = greater(begin, lesser(l.width - x, l.copy_columns));
  for (int64_t i = 0; i < l.copy_rows; i++, to += row_floats) {
    const bool inside = y + i >= 0 && y + i < l.height;
    const int64_t first = inside ? begin * pixel : row_floats, last = inside ? end * pixel : row_floats;
    __builtin_memset(to, 0, static_cast<size_t>(first) * sizeof(float));
    const float* from = image + (inside ? ((y + i) * l.width + x + begin) * l.ic : 0) + l.panels.first(panel);
    if (pixel == l.ic)
      __builtin_memcpy(to + first, from, static_cast<size_t>(last - first) * sizeof(float));
    else
      for (int64_t at = first; at < last; at += pixel, from += l.ic)
        for (int64_t c = 0; c < pixel; c += lanes)
          store(to + at + c, load_upto(from + c, l.panels.columns(panel) - c));
    __builtin_memset(to + last, 0, static_cast<size_t>(row_floats - last) * sizeof(float));
  }
}

// Lists the gradients of a block's windows that are not zero, channel by channel, and says where each list
// ends. Adds up all gradients for the bias.
void list_gradients(const Layout& l, const float* diff, const uint8_t* places, int64_t high, int64_t wide,
                    int64_t channels, Item* items, Item* (&ends)[most_together], float* bias) {
  for (int64_t c = 0; c < channels; c++) ends[c] = items + c * l.list_items;
  // a place is row · window + column; rows by multiplication, as places are less than 256
  const Mask<float> none = broadcast(static_cast<int32_t>(no_place)),
                    rows = broadcast(static_cast<int32_t>(65536 / l.window + 1)),
                    more = broadcast(static_cast<int32_t>(l.copy_columns - l.window));
  for (int64_t v = 0; v < high; v++)
    for (int64_t u = 0; u < wide; u++) {
      const int64_t from = (v * l.wide + u) * l.oc;
      const Mask<float> base = broadcast(static_cast<int32_t>((v * l.copy_columns + u) * l.window));
      alignas(64) float values[most_together];
      alignas(64) int32_t ats[most_together], counts[most_together];
      for (int64_t c = 0; c < channels; c += lanes) {
        const int64_t left = channels - c;
        const Mask<float> place = load_places<float>(places + from + c, left);
        const Floats value = place == none ? zero<float>() : load_upto(diff + from + c, left);
        store_upto(bias + c, load_upto(bias + c, left) + value, left);
        store(values + c, value);
        store(ats + c, base + place + (place * rows >> 16) * more);
        store(counts + c, (value != zero<float>()) & 1);
      }
      for (int64_t c = 0; c < channels; c++) {  // what is not zero stays
        *ends[c] = {values[c], ats[c]};
        ends[c] += counts[c];
      }
    }
}

// sums += the sum over items of their value times rows of the patch: `row` floats from row to row, `pixel`
// from one pixel to the next, which is the vectors' size unless there is a single tap.
template <int rows, int taps, int vectors>
void add_patches(const Item* item, const Item* end, const float* image, int64_t row, int64_t pixel,
                 float* to) {
  Floats sums[rows][taps][vectors];
  const auto for_each = [](const auto& f) __attribute__((always_inline)) {
    unroll<rows>([&](auto i) __attribute__((always_inline)) {
      unroll<taps>([&](auto k) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v) __attribute__((always_inline)) { f(i, k, v); });
      });
    });
  };
  const auto place = [&](int i, int k, int v) __attribute__((always_inline)) {
    return to + ((i * taps + k) * vectors + v) * lanes;
  };
  for_each([&](auto i, auto k, auto v)
               __attribute__((always_inline)) { sums[i][k][v] = load(place(i, k, v)); });
#pragma GCC unroll 1
  for (; item < end; item++) {
    const Floats value = broadcast(item->value);
    const float* from = image + item->at * (taps == 1 ? pixel : vectors * lanes);
    for_each([&](auto i, auto k, auto v) __attribute__((always_inline)) {
      sums[i][k][v] = fma(value, load(from + i * row + (k * vectors + v) * lanes), sums[i][k][v]);
    });
  }
  for_each([&](auto i, auto k, auto v)
               __attribute__((always_inline)) { store(place(i, k, v), sums[i][k][v]); });
}

using AddPatches = void (*)(const Item*, const Item*, const float*, int64_t, int64_t, float*);

// For each number of rows, of so many as there are registers for.
template <int taps, int vectors>
constexpr AddPatches by_rows(int64_t rows) {
  constexpr AddPatches all[] = {add_patches<1, taps, vectors>,
                                add_patches < most_rows(taps, vectors) < 2 ? 1 : 2, taps, vectors >,
                                add_patches<most_rows(taps, vectors), taps, vectors>};
  return all[rows - 1];
}
template <int taps>
AddPatches by_vectors(int64_t vectors, int64_t rows) {
  AddPatches found = nullptr;
  unroll<taps == 1 ? most_flat_vectors : panel_vectors>([&](auto v) {
    if (vectors == v + 1) found = by_rows<taps, v + 1>(rows);
  });
  return found;
}

// Where the sums of a panel and a channel of the result are.
PRONGHORN_INLINE int64_t sums_at(const Layout& l, int64_t panel, int64_t column) {
  return (panel * l.oc + column) * l.kernel_rows * l.tap_row_floats;
}

void add_block(const Layout& l, const ConvOperands<float>& o, int64_t image, int64_t v, int64_t u,
               float* sums, float* copy, Item* items) {
  const int64_t high = lesser(l.rows, l.high - v), wide = lesser(l.columns, l.wide - u);
  const int64_t y = v * l.window - l.pad_y, x = u * l.window - l.pad_x;
  const float* const from = o.a + image * l.height * l.width * l.ic;
  // Blocks of whole rows follow each other in memory: the next one's come meanwhile.
  const int64_t row_floats = l.width * l.ic, images_floats = (l.images - image) * l.height * row_floats;
  int64_t ahead = lesser(greater(0, y + l.copy_rows) * row_floats, images_floats);
  const int64_t ahead_end =
      l.along == 1 ? lesser(ahead + l.rows * l.window * row_floats, images_floats) : ahead;
  const int64_t step = ceil_div(ahead_end - ahead, 16 * l.oc * l.panels.count) * 16;
  for (int64_t group = 0; group < l.groups; group++) {
    const int64_t column = group * l.together, channels = lesser(l.together, l.oc - column);
    const int64_t at = ((image * l.high + v) * l.wide + u) * l.oc + column;
    Item* ends[most_together];
    list_gradients(l, o.b + at, o.diff_places + at, high, wide, channels, items, ends,
                   sums + l.sum_floats + column);
    for (int64_t panel = 0; panel < l.panels.count; panel++) {
      copy_panel(l, from, y, x, panel, copy);
      const int64_t vectors = ceil_div(l.panels.columns(panel), lanes), taps = l.taps;
      const int64_t parts = ceil_div(l.kernel_rows, most_rows(taps, vectors));
      for (int64_t part = 0, first = 0, end; part < parts; part++, first = end) {
        end = (part + 1) * l.kernel_rows / parts;
        const int64_t pixel = l.pixel_floats(panel), copy_row = l.copy_columns * pixel;
        const AddPatches add = taps == 1   ? by_vectors<1>(vectors, end - first)
                               : taps == 3 ? by_vectors<3>(vectors, end - first)
                                           : by_vectors<5>(vectors, end - first);
        for (int64_t c = 0; c < channels; c++) {
          if (part == 0)
            for (const int64_t end_step = lesser(ahead + step, ahead_end); ahead < end_step; ahead += 16)
              __builtin_prefetch(from + ahead, 0, 2);
          add(items + c * l.list_items, ends[c], copy + first * copy_row, copy_row, pixel,
              sums + sums_at(l, panel, column + c) + first * taps * vectors * lanes);
        }
      }
    }
  }
}

// The slices' sums added up and turned.
void add_slices(const Layout& l, const float* sums, float* weights) {
  const int64_t channels = l.panels.channels;
  parallel_for(0, l.kernel_rows * l.taps * channels, 1 + 4096 / (l.oc * l.slices),
               [&](int64_t first, int64_t last) {
                 for (int64_t i = first; i < last; i++) {
                   const int64_t tap = i / channels, panel = i % channels / l.panels.floats(),
                                 channel = i % channels % l.panels.floats();
                   const int64_t wide = round_up(l.panels.columns(panel), lanes);
                   const float* from = sums + sums_at(l, panel, 0) + tap * wide + channel;
                   for (int64_t c = 0; c < l.oc; c++, from += sums_at(l, 0, 1)) {
                     float total = *from;
                     for (int64_t s = 1; s < l.slices; s++) total += from[s * l.slice_floats];
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
