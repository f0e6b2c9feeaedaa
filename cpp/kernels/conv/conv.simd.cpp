// Direct convolution and its gradient by the image, for any stride and dilation, without laying out a matrix.
// Positions of the result are worked on in chunks; the chunk's image is copied with its padding, unless no
// tap ever falls outside, and the next chunk's comes meanwhile. The data gradient is a convolution without
// stride for each phase of the stride.
#include "kernels/conv/conv.h"

#include "base/parallel.h"
#include "kernels/conv/chunks.h"
#include "kernels/conv/conv_tiles.h"
#include "kernels/conv/lender.h"
#include "kernels/conv/taps.h"
#include "kernels/gemm/pack.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t copy_bytes = 128 << 10, most_tasks = 16;
constexpr int64_t least_pixels = 48, most_pixels = 384;  // of a chunk
constexpr double cache_bytes_per_cycle = 24;

// The positions of the result that meet the same taps.
struct Phase {
  AxisTaps taps[3];
  int64_t size[3], first[3];  // positions, and the first one's coordinates in the result
  int64_t tap_count() const { return taps[0].count * taps[1].count * taps[2].count; }
};

// Either direction as a convolution of images of `channels` into `columns`.
template <class T>
struct Plan {
  const ConvProblem& p;
  bool backward;
  int64_t channels, columns, image[3], dst[3];
  int64_t phases[3], phase_count, size[3];  // positions of the largest phase
  int64_t step[3], dst_step[3];  // coordinates of the image, of the result from one position to the next
  int64_t low[3], high[3];       // the least and the largest offset of a tap
  bool in_place;
  int64_t plane_step, plane_taps;  // of the planes that are copied for each plane of positions
  int64_t fetch[2],
      copy_step[2];  // down, along: coordinates between positions of the copy, and those between results
  int64_t height, width_;  // of a copied plane
  int64_t plane, row;      // elements from one plane of taps, from one row to the next
  bool turned;
  int64_t planes;  // of positions
  Chunks chunks;
  int64_t groups, panels;

  Plan(const ConvProblem& p, bool backward)
      : p(p),
        backward(backward),
        channels(backward ? p.oc : p.ic),
        columns(backward ? p.ic : p.oc),
        planes(set_axes()),
        chunks(planes, size[1], size[2], wanted_pixels(), high[1] > low[1]) {
    plane_step = phases[0] == 1 ? greater(1, phase(0).taps[0].offset_step) : 1;
    plane_taps = (high[0] - low[0]) / plane_step + 1;
    for (int i = 0; i < 2; i++) {
      const bool alone = low[i + 1] == high[i + 1];
      fetch[i] = alone ? step[i + 1] : 1, copy_step[i] = alone ? 1 : step[i + 1];
    }
    height = extent(0, chunks.rows), width_ = extent(1, chunks.columns);
    if (in_place) {
      row = image[2] * channels, plane = image[1] * row * plane_step;
    } else {
      row = width_ * channels, plane = height * row;
    }
    turned = turned_cycles() < 0.7 * plain_cycles();
    panels = turned ? 1 : ceil_div(columns, panel_vectors * width<T>);
    groups = lesser(panels, ceil_div(most_tasks, greater(chunks.count, 1)));
  }

  int64_t extent(int axis, int64_t positions) const {
    return (positions - 1) * copy_step[axis] + high[axis + 1] - low[axis + 1] + 1;
  }
  int64_t wanted_pixels() const {
    const int64_t fit = copy_bytes / (channels * static_cast<int64_t>(sizeof(T)));
    return greater(least_pixels,
                   lesser(lesser(fit, most_pixels), p.batch * size[0] * size[1] * size[2] / most_tasks));
  }

  AxisTaps taps_of(int axis, int64_t phase) const {
    return backward ? backward_taps(p.kernel[axis], p.dilation[axis], p.pad[axis], p.stride[axis], phase)
                    : forward_taps(p.kernel[axis], p.dilation[axis], p.pad[axis]);
  }

  // Returns how many planes of positions there are.
  int64_t set_axes() {
    in_place = true;
    for (int i = 0; i < 3; i++) {
      image[i] = backward ? p.dst[i] : p.src[i], dst[i] = backward ? p.src[i] : p.dst[i];
      phases[i] = backward ? lesser(p.stride[i], dst[i]) : 1;
      step[i] = backward ? 1 : p.stride[i], dst_step[i] = backward ? p.stride[i] : 1;
      size[i] = ceil_div(dst[i], dst_step[i]);
      bool any = false;
      low[i] = high[i] = 0;
      for (int64_t k = 0; k < phases[i]; k++) {
        const AxisTaps taps = taps_of(i, k);
        if (taps.count == 0) continue;
        const int64_t last = taps.first_offset + (taps.count - 1) * taps.offset_step;
        low[i] = any ? lesser(low[i], taps.first_offset) : taps.first_offset;
        high[i] = any ? greater(high[i], last) : last;
        any = true;
      }
      in_place = in_place && low[i] >= 0 && (size[i] - 1) * step[i] + high[i] < image[i];
    }
    phase_count = phases[0] * phases[1] * phases[2];
    return p.batch * size[0];
  }

  Phase phase(int64_t i) const {
    Phase f;
    const int64_t at[3] = {i / phases[2] / phases[1], i / phases[2] % phases[1], i % phases[2]};
    for (int axis = 0; axis < 3; axis++) {
      f.taps[axis] = taps_of(axis, at[axis]);
      f.first[axis] = at[axis];
      f.size[axis] = ceil_div(dst[axis] - at[axis], dst_step[axis]);
    }
    return f;
  }

  // Neighbouring terms of a sum that lie side by side in the image.
  int64_t run_of(const Phase& f) const {
    return f.taps[2].offset_step == 1 || f.taps[2].count == 1 ? f.taps[2].count * channels : channels;
  }

  // For a pixel of the first phase.
  double plain_cycles() const {
    const Phase f = phase(0);
    const int64_t pairs = columns / panel_vectors / width<T>,
                  left = columns - pairs * panel_vectors * width<T>;
    double cycles = static_cast<double>(pairs) * tile_cycles(most_rows, panel_vectors) / most_rows;
    if (left > width<T>) cycles += tile_cycles(most_rows, panel_vectors) / most_rows;
    if (left > 0 && left <= width<T>) cycles += tile_cycles(most_rows_of_one, 1) / most_rows_of_one;
    return cycles * static_cast<double>(f.tap_count() * channels);
  }
  double turned_cycles() const {
    const Phase f = phase(0);
    const int64_t run = run_of(f), terms = f.tap_count() * channels;
    const double vectors = run ? static_cast<double>(terms / run * ceil_div(run, width<T>)) : 0;
    const int64_t bands = ceil_div(columns, most_turned_columns), wide = ceil_div(columns, bands);
    const int rows = most_turned_rows[wide - 1];
    // every vector is read for a few products only, and most of them from the second cache
    const double bytes = static_cast<double>((rows + wide) * vector_bytes),
                 loads = bytes / cache_bytes_per_cycle;
    const double sums = tile_cycles(rows, wide), adding = 6.0 * static_cast<double>(columns);
    return vectors * static_cast<double>(bands) * (sums > loads ? sums : loads) / rows + adding;
  }

  // Elements of the weights in the order of the tiles, of a phase's; vectors of terms are padded.
  int64_t packed_elements(const Phase& f) const {
    const int64_t terms = f.tap_count() * channels;
    if (!turned) return terms * round_up(columns, width<T>);
    const int64_t run = run_of(f);
    return run ? terms / run * ceil_div(run, width<T>) * width<T> * columns : 0;
  }
  int64_t all_packed() const {
    int64_t total = 0;
    for (int64_t i = 0; i < phase_count; i++) total += packed_elements(phase(i));
    return round_up(total, 16);
  }
  int64_t all_terms() const { return round_up(p.taps() * channels, 16); }
  int64_t copy() const { return in_place ? 0 : round_up(chunks.planes * plane_taps * plane + width<T>, 16); }
  int64_t places() const { return round_up(chunks.most_pixels(), 8); }
};

// The image's row `i` of those that a chunk needs, or null.
template <class T>
PRONGHORN_INLINE const T* image_row(const Plan<T>& plan, const T* image, const Chunk& c, int64_t i) {
  const int64_t rows = plan.extent(0, c.rows), v = i % rows, tap = i / rows % plan.plane_taps,
                plane = c.plane + i / rows / plan.plane_taps;
  const int64_t sample = plane / plan.size[0],
                z = plane % plan.size[0] * plan.step[0] + plan.low[0] + tap * plan.plane_step,
                y = c.y * plan.step[1] + plan.low[1] + v * plan.fetch[0];
  if (z < 0 || z >= plan.image[0] || y < 0 || y >= plan.image[1]) return nullptr;
  return image + ((sample * plan.image[0] + z) * plan.image[1] + y) * plan.image[2] * plan.channels;
}

template <class T>
void copy_image(const Plan<T>& plan, const T* image, const Chunk& c, T* to) {
  const int64_t x0 = c.x * plan.step[2] + plan.low[2], fetch = plan.fetch[1],
                extent = plan.extent(1, c.columns);
  const int64_t room = plan.image[2] - x0, channels = plan.channels;
  const int64_t begin = lesser(extent, x0 < 0 ? ceil_div(-x0, fetch) : 0),
                end = lesser(extent, greater(begin, room > 0 ? ceil_div(room, fetch) : 0));
  const int64_t rows = plan.extent(0, c.rows);
  for (int64_t i = 0; i < c.planes * plan.plane_taps * rows; i++) {
    const T* const row = image_row(plan, image, c, i);
    T* const at = to + i / rows * plan.plane + i % rows * plan.row;
    const int64_t first = row ? begin : extent, last = row ? end : extent;
    __builtin_memset(at, 0, static_cast<size_t>(first * channels) * sizeof(T));
    if (first < last && fetch == 1)
      __builtin_memcpy(at + first * channels, row + (x0 + first) * channels,
                       static_cast<size_t>((last - first) * channels) * sizeof(T));
    else
      for (int64_t u = first; u < last; u++)
        __builtin_memcpy(at + u * channels, row + (x0 + u * fetch) * channels,
                         static_cast<size_t>(channels) * sizeof(T));
    __builtin_memset(at + last * channels, 0, static_cast<size_t>((extent - last) * channels) * sizeof(T));
  }
}

// Has the lines of the next chunk's image come while one is computed, a few at a time.
template <class T>
class Fetcher {
 public:
  Fetcher(const Plan<T>& plan, const T* image, const Chunk& c, int64_t steps)
      : plan_(plan), c_(c), image_(image) {
    rows_ = c.planes * plan.plane_taps * plan.extent(0, c.rows);
    line_ = plan.extent(1, c.columns) * plan.fetch[1] * plan.channels;
    lines_ = 1 + rows_ * (1 + line_ * static_cast<int64_t>(sizeof(T)) / 64) / greater(steps, 1);
  }
  void step() {
    for (int64_t i = 0; i < lines_; i++, at_ += 64 / sizeof(T)) {
      while (at_ >= end_) {
        if (next_ >= rows_) return;
        at_ = image_row(plan_, image_, c_, next_++);
        if (at_) at_ += (c_.x * plan_.step[2] + plan_.low[2]) * plan_.channels;
        end_ = at_ ? at_ + line_ : nullptr;
      }
      __builtin_prefetch(at_, 0, 2);
    }
  }

 private:
  const Plan<T>& plan_;
  const Chunk c_;
  const T* image_;
  int64_t rows_, line_, lines_, next_ = 0;
  const T *at_ = nullptr, *end_ = nullptr;
};

// Where the positions of a chunk that a phase has lie in the image or its copy, and in the result. Returns
// how many they are.
template <class T>
int64_t find_places(const Plan<T>& plan, const Phase& f, const Chunk& c, int64_t* places,
                    int64_t* dst_places) {
  const int64_t rows = lesser(c.rows, f.size[1] - c.y), columns = lesser(c.columns, f.size[2] - c.x);
  int64_t count = 0;
  for (int64_t i = 0; i < c.planes; i++) {
    const int64_t sample = (c.plane + i) / plan.size[0], z = (c.plane + i) % plan.size[0];
    if (z >= f.size[0]) continue;
    for (int64_t y = 0; y < rows; y++) {
      int64_t from, step = plan.channels;
      if (plan.in_place) {
        const int64_t at = (sample * plan.image[0] + z * plan.step[0] + plan.low[0]) * plan.image[1] +
                           (c.y + y) * plan.step[1] + plan.low[1];
        from = at * plan.row + (c.x * plan.step[2] + plan.low[2]) * plan.channels, step *= plan.step[2];
      } else {
        from = i * plan.plane_taps * plan.plane + y * plan.copy_step[0] * plan.row, step *= plan.copy_step[1];
      }
      const int64_t to_row = (sample * plan.dst[0] + z * plan.dst_step[0] + f.first[0]) * plan.dst[1] +
                             (c.y + y) * plan.dst_step[1] + f.first[1];
      const int64_t to = (to_row * plan.dst[2] + c.x * plan.dst_step[2] + f.first[2]) * plan.columns;
      for (int64_t x = 0; x < columns; x++, count++) {
        places[count] = from + x * step;
        dst_places[count] = to + x * plan.dst_step[2] * plan.columns;
      }
    }
  }
  return count;
}

// Tap `i` of a phase: how far it lies in the image from the position, and its index among the weights.
struct Tap {
  int64_t place, index;
};
template <class T>
PRONGHORN_INLINE Tap tap_at(const Plan<T>& plan, const Phase& f, int64_t i) {
  const int64_t at[3] = {i / f.taps[2].count / f.taps[1].count, i / f.taps[2].count % f.taps[1].count,
                         i % f.taps[2].count};
  int64_t index = 0, offset[3];
  for (int axis = 0; axis < 3; axis++) {
    const AxisTaps& taps = f.taps[axis];
    offset[axis] = taps.first_offset + at[axis] * taps.offset_step - plan.low[axis];
    index = index * plan.p.kernel[axis] + taps.first_index + at[axis] * taps.index_step;
  }
  return {offset[0] / plan.plane_step * plan.plane + offset[1] * plan.row + offset[2] * plan.channels, index};
}

// The table of a phase's terms, or of vectors of them: those that hold whole vectors first.
template <class T>
int32_t* list_terms(const Plan<T>& plan, const Phase& f, int32_t* terms) {
  if (!plan.turned) {
    for (int64_t i = 0; i < f.tap_count(); i++) {
      const int64_t place = tap_at(plan, f, i).place;
      for (int64_t c = 0; c < plan.channels; c++) *terms++ = static_cast<int32_t>(place + c);
    }
    return terms;
  }
  const int64_t run = plan.run_of(f), taps = run / plan.channels, whole = run / width<T> * width<T>;
  for (const bool tails : {false, true})
    for (int64_t i = 0; i < f.tap_count(); i += taps) {
      const int64_t place = tap_at(plan, f, i).place;
      for (int64_t k = tails ? whole : 0; k < (tails ? run : whole); k += width<T>)
        *terms++ = static_cast<int32_t>(place + k);
    }
  return terms;
}

// Columns of a turned tile: bands of them, as even as can be.
struct Bands {
  int64_t columns, count;
  explicit Bands(int64_t columns) : columns(columns), count(ceil_div(columns, most_turned_columns)) {}
  int64_t begin(int64_t i) const { return part_begin(columns, count, i); }
};

template <class T>
void pack_plain(const Plan<T>& plan, const Phase& f, const T* weights, T* packed) {
  const ConvProblem& p = plan.p;
  const int64_t panel = panel_vectors * width<T>, taps = f.tap_count(), channels = plan.channels;
  parallel_for(0, plan.panels * taps, greater(1, 16384 / (channels * panel)),
               [&](int64_t first, int64_t last) {
                 for (int64_t i = first; i < last; i++) {
                   const int64_t column = i / taps * panel, filled = lesser(panel, plan.columns - column),
                                 wide = round_up(filled, width<T>);
                   const T* from = weights + tap_at(plan, f, i % taps).index * p.ic * p.oc;
                   T* to = packed + column * taps * channels + i % taps * channels * wide;
                   if (plan.backward)
                     pack_transposed(from + column * p.oc, p.oc, filled, channels, to, wide);
                   else
                     pack_rows(from + column, p.oc, filled, channels, to, wide);
                 }
               });
}

// Vector after vector of terms for the columns of a band.
template <class T>
void pack_turned(const Plan<T>& plan, const Phase& f, const T* weights, T* packed) {
  const ConvProblem& p = plan.p;
  const int64_t run = plan.run_of(f), taps = run / plan.channels, whole = run / width<T> * width<T>;
  const Bands bands(plan.columns);
  for (int64_t band = 0; band < bands.count; band++)
    for (const bool tails : {false, true})
      for (int64_t i = 0; i < f.tap_count(); i += taps)
        for (int64_t k = tails ? whole : 0; k < (tails ? run : whole); k += width<T>)
          for (int64_t column = bands.begin(band); column < bands.begin(band + 1); column++)
            for (int64_t e = k; e < k + width<T>; e++) {
              const int64_t channel = e % plan.channels;
              if (e >= run)
                *packed++ = 0;
              else
                *packed++ = weights[tap_at(plan, f, i + e / plan.channels).index * p.ic * p.oc +
                                    (plan.backward ? column * p.oc + channel : channel * p.oc + column)];
            }
}

// What the chunks of all threads read.
template <class T>
struct Shared {
  const ConvOperands<T>& o;
  const T* weights;
  const int32_t* terms;
};

// Panels [panel, panel_end) of the places of a phase.
template <class T>
void run_plain(const Plan<T>& plan, TileTask<T> t, int64_t pixels, int64_t panel, int64_t panel_end,
               Fetcher<T>& fetcher) {
  const TileTask<T> all = t;
  for (; panel < panel_end; panel++) {
    const int64_t column = panel * panel_vectors * width<T>;
    t.columns = lesser(panel_vectors * width<T>, plan.columns - column);
    t.weights = all.weights + column * t.count;
    t.dst = all.dst + column;
    t.bias = all.bias ? all.bias + column : nullptr;
    t.residual = all.residual ? all.residual + column : nullptr;
    t.mask = all.mask ? all.mask + column : nullptr;
    const bool one = t.columns <= width<T>;
    const Tile<T>* const by_rows = one ? all_tiles<T>.one : all_tiles<T>.two;
    const int64_t parts = ceil_div(pixels, one ? most_rows_of_one : most_rows);
    for (int64_t k = 0, at = 0, end; k < parts; k++, at = end) {
      end = part_begin(pixels, parts, k + 1);
      fetcher.step();
      t.places = all.places + at, t.dst_places = all.dst_places + at;
      by_rows[end - at - 1](t);
    }
  }
}

template <class T>
void run_turned(const Plan<T>& plan, TileTask<T> t, const Phase& f, int64_t pixels, Fetcher<T>& fetcher) {
  const int64_t run = plan.run_of(f), runs = run ? f.tap_count() * plan.channels / run : 0;
  t.tail = run % width<T>, t.tails = t.tail ? runs : 0, t.count = run / width<T> * runs;
  const TileTask<T> all = t;
  const Bands bands(plan.columns);
  for (int64_t band = 0; band < bands.count; band++) {
    const int64_t column = bands.begin(band), wide = bands.begin(band + 1) - column;
    t.weights = all.weights + column * (t.count + t.tails) * width<T>;
    t.dst = all.dst + column;
    t.bias = all.bias ? all.bias + column : nullptr;
    t.residual = all.residual ? all.residual + column : nullptr;
    t.mask = all.mask ? all.mask + column : nullptr;
    const int64_t parts = ceil_div(pixels, most_turned_rows[wide - 1]);
    for (int64_t k = 0, at = 0, end; k < parts; k++, at = end) {
      end = part_begin(pixels, parts, k + 1);
      fetcher.step();
      t.places = all.places + at, t.dst_places = all.dst_places + at;
      all_tiles<T>.turned[wide - 1][end - at - 1](t);
    }
  }
}

template <class T>
void run_chunk(const Plan<T>& plan, const Shared<T>& shared, const Chunk& c, const Chunk& next, int64_t group,
               T* copy, int64_t* places) {
  const ConvProblem& p = plan.p;
  const ConvOperands<T>& o = shared.o;
  int64_t* const dst_places = places + plan.places();
  if (!plan.in_place) copy_image(plan, o.a, c, copy);
  const int64_t panel = part_begin(plan.panels, plan.groups, group),
                panel_end = part_begin(plan.panels, plan.groups, group + 1);
  Fetcher<T> fetcher(plan, o.a, next, plan.phase_count * (panel_end - panel) * (c.pixels() / most_rows));
  TileTask<T> t = {};
  t.image = plan.in_place ? o.a : copy;
  t.places = places, t.dst_places = dst_places;
  t.dst = o.c, t.bias = !plan.backward && p.has_bias ? o.bias : nullptr;
  t.residual = !plan.backward && p.has_residual ? o.residual : nullptr;
  t.mask = plan.backward && p.has_mask ? o.mask : nullptr;
  t.mask_factor = static_cast<T>(p.mask_factor);
  t.relu = !plan.backward && p.activation == Activation::Relu;
  t.weights = shared.weights, t.terms = shared.terms;
  for (int64_t i = 0; i < plan.phase_count; i++) {
    const Phase f = plan.phase(i);
    t.count = f.tap_count() * plan.channels;
    const int64_t pixels = find_places(plan, f, c, places, dst_places);
    if (plan.turned)
      run_turned(plan, t, f, pixels, fetcher);
    else
      run_plain(plan, t, pixels, panel, panel_end, fetcher);
    if (!plan.backward && p.activation > Activation::Relu) {
      const int64_t first = panel * panel_vectors * width<T>,
                    last = plan.turned ? plan.columns
                                       : lesser(plan.columns, panel_end * panel_vectors * width<T>);
      for (int64_t x = 0; x < pixels; x++)
        tiles<T>().finish(o.c + dst_places[x] + first, last - first, p.activation);
    }
    const int64_t run = plan.run_of(f);
    t.weights += plan.packed_elements(f);
    t.terms += plan.turned ? (run ? t.count / run * ceil_div(run, width<T>) : 0) : t.count;
  }
}

template <class T>
size_t scratch_bytes(const ConvProblem& p, bool backward) {
  const Plan<T> plan(p, backward);
  return static_cast<size_t>(p.workers * 2 * plan.places()) * sizeof(int64_t) +
         static_cast<size_t>(plan.all_terms()) * sizeof(int32_t) +
         static_cast<size_t>(plan.all_packed() + p.workers * plan.copy()) * sizeof(T);
}

template <class T>
void run(const ConvProblem& p, const ConvOperands<T>& o, void* scratch, bool backward) {
  const Plan<T> plan(p, backward);
  if (plan.chunks.count * plan.columns == 0) return;
  int64_t* const places = static_cast<int64_t*>(scratch);
  int32_t* const terms = reinterpret_cast<int32_t*>(places + p.workers * 2 * plan.places());
  T* const weights = reinterpret_cast<T*>(terms + plan.all_terms());
  T* const copies = weights + plan.all_packed();
  int32_t* term = terms;
  T* packed = weights;
  for (int64_t i = 0; i < plan.phase_count; i++) {
    const Phase f = plan.phase(i);
    if (f.tap_count() == 0) continue;
    term = list_terms(plan, f, term);
    plan.turned ? pack_turned(plan, f, o.b, packed) : pack_plain(plan, f, o.b, packed);
    packed += plan.packed_elements(f);
  }
  const Shared<T> shared = {o, weights, terms};
  const double flops = p.flops();
  const int64_t tasks = plan.chunks.count * plan.groups;
  const int64_t grain = 1 + static_cast<int64_t>(task_flops * static_cast<double>(tasks) / (flops + 1));
  parallel_for_lent(p.workers, tasks, grain, flops, [&](int64_t first, int64_t last, int64_t lent) {
    for (int64_t i = first; i < last; i++)
      run_chunk(plan, shared, plan.chunks.at(i / plan.groups),
                plan.chunks.at(lesser(i + 1, tasks - 1) / plan.groups), i % plan.groups,
                copies + lent * plan.copy(), places + lent * 2 * plan.places());
  });
}

template <class T, bool backward>
size_t scratch_of(const ConvProblem& p) {
  return scratch_bytes<T>(p, backward);
}
template <class T, bool backward>
void run_direction(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  run<T>(p, o, scratch, backward);
}

}  // namespace

extern const ConvTable conv_table = {
    {scratch_of<float, false>, scratch_of<double, false>, run_direction<float, false>,
     run_direction<double, false>, "conv:direct"},
    {scratch_of<float, true>, scratch_of<double, true>, run_direction<float, true>,
     run_direction<double, true>, "conv_backward_data:direct"},
};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
