// The gradient of a convolution by its weights, for any stride and dilation. The pixels of the result are
// worked on in chunks; of each chunk the image is copied with its padding, so that a tile of the gradient is
// one sum over all of the chunk's pixels. Sums over many pixels are cut into slices that are added in order.
#include "base/parallel.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/lender.h"
#include "kernels/conv/weights_tiles.h"
#include "kernels/gemm/pack.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int64_t chunk_pixels =
    16384 / (panel_vectors * vector_bytes);  // a panel takes half of the nearest cache
constexpr int64_t most_tasks = 16, most_partial_bytes = 32 << 20, near_bytes = 1 << 20;
constexpr int64_t joined_bytes = 64;  // pixels that small lie beside one another in the copy of the image

// One axis of the copy of the image.
struct Axis {
  int64_t taps, step, dilation;  // positions of the copy from one result, and tap, to the next
  int64_t fetch;                 // coordinates of the image from one position to the next

  Axis(const ConvProblem& p, int i) {
    if (p.kernel[i] == 1)  // what lies between is not needed
      taps = 1, step = 1, dilation = 0, fetch = p.stride[i];
    else
      taps = p.kernel[i], step = p.stride[i], dilation = p.dilation[i], fetch = 1;
  }
  int64_t extent(int64_t results) const { return (results - 1) * step + (taps - 1) * dilation + 1; }
};

template <class T>
struct Plan {
  const ConvProblem& p;
  Axis down, along;
  bool turned;  // whether the result's channels, which are few, go down the tiles and the image's across
  bool joined;  // whether the copy has whole pixels side by side, so that a row of taps is one run
  Chunks chunks;
  int64_t height, width_;  // of the copy of each plane
  int64_t run, runs;       // neighbouring elements of the copy that meet a pixel of the result, how often
  int64_t parts;           // of a run: a tile's rows
  int64_t pixel, copy;  // elements from one position of the copy to the next, of the whole copy (of one part)
  int64_t run_vectors;  // turned: in a run
  int64_t line, slice;  // elements of a row of the sums, and of all
  int64_t slices, groups, group_copies;
  bool partial;  // whether sums are kept apart from the result

  explicit Plan(const ConvProblem& p)
      : p(p),
        down(p, 1),
        along(p, 2),
        chunks(p.batch * p.dst[0], p.dst[1], p.dst[2],
               greater(32, lesser(chunk_pixels, p.batch * p.dst_pixels() / most_tasks)), p.kernel[1] > 1) {
    height = down.extent(chunks.rows), width_ = along.extent(chunks.columns);
    joined = p.ic * static_cast<int64_t>(sizeof(T)) <= joined_bytes;
    turned = turned_cycles() < 0.9 * plain_cycles();
    joined = joined || turned;
    run = run_of(joined), runs = p.taps() * p.ic / run;
    parts = ceil_div(run, tile_rows());
    pixel = joined ? p.ic : ceil_div(run, parts);
    run_vectors = ceil_div(run, width<T>);
    copy = round_up(chunks.planes * p.kernel[0] * height * width_ * pixel + 2 * width<T>, 16);
    line = turned ? runs * run_vectors * width<T> : round_up(p.oc, width<T>);
    slice = round_up(line * (turned ? p.oc : p.taps() * p.ic + 1) + 1, 16);
    cut_work();
    group_copies = joined ? 1 : ceil_div(parts, groups);
  }

  int64_t run_of(bool join) const { return join && along.dilation <= 1 ? along.taps * p.ic : p.ic; }
  int64_t tile_rows() const { return p.oc > width<T> ? most_rows : most_rows_of_one; }

  // For a pixel.
  double plain_cycles() const {
    const int64_t run = run_of(joined), rows = ceil_div(run, ceil_div(run, tile_rows()));
    const int64_t pairs = p.oc / panel_vectors / width<T>, left = p.oc - pairs * panel_vectors * width<T>;
    const double once = static_cast<double>(p.taps() * p.ic / run * ceil_div(run, rows));
    return once * (static_cast<double>(pairs) * tile_cycles(rows, panel_vectors) +
                   (left ? tile_cycles(rows, ceil_div(left, width<T>)) : 0));
  }
  double turned_cycles() const {
    const int64_t run = run_of(true), vectors = p.taps() * p.ic / run * ceil_div(run, width<T>);
    const int64_t rows = ceil_div(p.oc, ceil_div(p.oc, most_turned_rows)),
                  most = most_vectors(static_cast<int>(rows));
    return static_cast<double>(ceil_div(p.oc, rows) * ceil_div(vectors, most)) *
           tile_cycles(rows, ceil_div(vectors, ceil_div(vectors, most)));
  }

  void cut_work() {
    const int64_t bytes = slice * static_cast<int64_t>(sizeof(T)), pixels = p.batch * p.dst_pixels();
    // what slices cost at the end is a part of what their pixels do
    const int64_t least_pixels = bytes * most_tasks <= near_bytes ? 64 : 512;
    slices =
        lesser(lesser(most_tasks, chunks.count), lesser(pixels / least_pixels, most_partial_bytes / bytes));
    slices = greater(1, slices);
    const double flops = 2.0 * static_cast<double>(pixels * p.taps()) * static_cast<double>(p.ic * p.oc);
    const int64_t worthwhile =
        1 + static_cast<int64_t>(flops / static_cast<double>(slices) / (2 * task_flops));
    groups = joined ? 1 : lesser(lesser(ceil_div(most_tasks, slices), worthwhile), parts);
    partial = turned || slices > 1 || p.oc % width<T> != 0;
  }

  int64_t tiles() const {  // of a chunk
    if (!turned) return parts * runs * ceil_div(p.oc, panel_vectors * width<T>);
    const int64_t bands = ceil_div(p.oc, most_turned_rows);
    return bands * ceil_div(runs * run_vectors, most_vectors(static_cast<int>(ceil_div(p.oc, bands))));
  }

  // Scratch memory of a thread, in elements: copies of the image and of diff_dst.
  int64_t diff_elements() const {
    return round_up(greater(turned ? p.oc : 0, panel_vectors * width<T>) * chunks.most_pixels(), 16);
  }
  int64_t worker_elements() const { return group_copies * copy + diff_elements(); }
  int64_t places() const { return round_up(chunks.most_pixels(), 8); }
  int64_t sum_elements() const { return (partial ? slices * slice : 0) + round_up(p.oc, 16) * slices; }
};

// What a thread works with.
template <class T>
struct Worker {
  T* image;
  T* diff;
  int64_t* places;  // of the chunk's pixels in the copy of the image
};

template <class T>
void find_places(const Plan<T>& plan, const Chunk& c, int64_t* places) {
  for (int64_t i = 0; i < c.planes; i++)
    for (int64_t y = 0; y < c.rows; y++) {
      const int64_t row = (i * plan.p.kernel[0] * plan.height + y * plan.down.step) * plan.width_;
      for (int64_t x = 0; x < c.columns; x++) *places++ = (row + x * plan.along.step) * plan.pixel;
    }
}

// Has the lines of the next chunk's image and gradient come while one is computed, a few at a time.
template <class T>
class Fetcher {
 public:
  Fetcher(const Plan<T>& plan, const ConvOperands<T>& o, const Chunk& c, int64_t steps) : plan_(plan), c_(c) {
    const ConvProblem& p = plan.p;
    image_ = o.a, diff_ = o.b;
    image_rows_ = c.planes * p.kernel[0] * plan.down.extent(c.rows);
    const int64_t image_line = plan.along.extent(c.columns) * plan.along.fetch * p.ic,
                  diff_line = c.columns * p.oc;
    image_bytes_ = image_line * static_cast<int64_t>(sizeof(T)),
    diff_bytes_ = diff_line * static_cast<int64_t>(sizeof(T));
    const int64_t bytes = image_rows_ * image_bytes_ + c.planes * c.rows * diff_bytes_;
    lines_ = 1 + bytes / 64 / greater(steps, 1);
    next_row();
  }
  void step() {
    for (int64_t i = 0; i < lines_ && at_; i++) {
      __builtin_prefetch(at_, 0, 2);
      at_ += 64;
      if (at_ >= end_) next_row();
    }
  }

 private:
  void next_row() {
    const ConvProblem& p = plan_.p;
    const int64_t row = row_++, gradient = row - image_rows_;
    at_ = end_ = nullptr;
    if (gradient >= c_.planes * c_.rows) return;
    if (gradient >= 0) {
      const int64_t y = (c_.plane + gradient / c_.rows) * p.dst[1] + c_.y + gradient % c_.rows;
      at_ = reinterpret_cast<const char*>(diff_ + (y * p.dst[2] + c_.x) * p.oc);
      end_ = at_ + diff_bytes_;
      return;
    }
    const int64_t rows = plan_.down.extent(c_.rows), plane = c_.plane + row / rows / p.kernel[0];
    const int64_t z = plane % p.dst[0] * p.stride[0] - p.pad[0] + row / rows % p.kernel[0] * p.dilation[0];
    const int64_t y = c_.y * p.stride[1] - p.pad[1] + row % rows * plan_.down.fetch;
    const int64_t line = (plane / p.dst[0] * p.src[0] + z) * p.src[1] + y;
    at_ = reinterpret_cast<const char*>(image_ + (line * p.src[2] + c_.x * p.stride[2] - p.pad[2]) * p.ic);
    end_ = at_ + image_bytes_;
  }

  const Plan<T>& plan_;
  const Chunk c_;
  const T *image_, *diff_;
  int64_t image_rows_, image_bytes_, diff_bytes_, lines_, row_ = 0;
  const char *at_ = nullptr, *end_ = nullptr;
};

// The chunk's part of the image with its padding: for each plane and each tap across planes its rows. Parts
// [part, part_end) of the channels have copies of their own unless whole pixels lie side by side.
template <class T>
void copy_image(const Plan<T>& plan, const T* src, const Chunk& c, int64_t part, int64_t part_end, T* to) {
  const ConvProblem& p = plan.p;
  const int64_t fetch = plan.along.fetch, x0 = c.x * p.stride[2] - p.pad[2];
  const int64_t extent = plan.along.extent(c.columns), room = p.src[2] - x0;
  const int64_t begin = lesser(extent, x0 < 0 ? ceil_div(-x0, fetch) : 0),
                end = lesser(extent, greater(begin, room > 0 ? ceil_div(room, fetch) : 0));
  const int64_t pixel = plan.pixel;
  const auto clear = [](T* at, int64_t count) {
    __builtin_memset(at, 0, static_cast<size_t>(count) * sizeof(T));
  };
  for (int64_t i = 0; i < c.planes * p.kernel[0]; i++) {
    const int64_t plane = c.plane + i / p.kernel[0], sample = plane / p.dst[0];
    const int64_t z = plane % p.dst[0] * p.stride[0] - p.pad[0] + i % p.kernel[0] * p.dilation[0];
    const bool real = z >= 0 && z < p.src[0];
    for (int64_t v = 0; v < plan.down.extent(c.rows); v++) {
      const int64_t y = c.y * p.stride[1] - p.pad[1] + v * plan.down.fetch;
      const bool inside = real && y >= 0 && y < p.src[1];
      const int64_t first = inside ? begin : extent, last = inside ? end : extent;
      const T* const row = src + (((sample * p.src[0] + z) * p.src[1] + y) * p.src[2] + x0) * p.ic;
      T* const at = to + (i * plan.height + v) * plan.width_ * pixel;
      for (int64_t k = part; k < part_end; k++) {
        T* const line = at + (k - part) * plan.copy;
        clear(line, first * pixel);
        if (plan.joined && fetch == 1) {
          __builtin_memcpy(line + first * pixel, row + first * pixel,
                           static_cast<size_t>((last - first) * pixel) * sizeof(T));
        } else {
          const int64_t channel = plan.joined ? 0 : part_begin(plan.run, plan.parts, k),
                        channels = plan.joined ? pixel : part_begin(plan.run, plan.parts, k + 1) - channel;
          pack_closely(row + first * fetch * p.ic + channel, fetch * p.ic, channels, p.ic - channel,
                       last - first, line + first * pixel, pixel);
        }
        clear(line + last * pixel, (extent - last) * pixel);
      }
    }
  }
}

// f(pixels of diff_dst that follow one another, how many they are, how many came before)
template <class T, class F>
PRONGHORN_INLINE void for_each_row(const Plan<T>& plan, const T* diff_dst, const Chunk& c, const F& f) {
  const ConvProblem& p = plan.p;
  for (int64_t i = 0; i < c.planes * c.rows; i++) {
    const int64_t row = (c.plane + i / c.rows) * p.dst[1] + c.y + i % c.rows;
    f(diff_dst + (row * p.dst[2] + c.x) * p.oc, c.columns, i * c.columns);
  }
}

// Copies a panel of diff_dst, and adds its pixels to the bias's sums, unless null.
template <class T>
void copy_panel(const Plan<T>& plan, const T* diff_dst, const Chunk& c, int64_t column, int64_t vectors,
                T* to, T* bias) {
  const int64_t oc = plan.p.oc, panel = vectors * width<T>, filled = lesser(panel, oc - column);
  for_each_row(plan, diff_dst, c, [&](const T* from, int64_t pixels, int64_t before) {
    pack_rows(from + column, oc, filled, pixels, to + before * panel, panel);
  });
  for (int64_t v = 0; bias && v < vectors; v++) {
    Vec<T> sums[4] = {};
    const int64_t pixels = c.pixels();
    int64_t x = 0;
    for (; x + 4 <= pixels; x += 4)
      for (int i = 0; i < 4; i++) sums[i] = sums[i] + load(to + (x + i) * panel + v * width<T>);
    for (; x < pixels; x++) sums[0] = sums[0] + load(to + x * panel + v * width<T>);
    const int64_t left = filled - v * width<T>;
    T* const at = bias + column + v * width<T>;
    store_upto(at, load_upto(at, left) + ((sums[0] + sums[1]) + (sums[2] + sums[3])), left);
  }
}

template <class T>
int64_t run_place(const Plan<T>& plan, int64_t run) {
  const int64_t across = plan.p.ic == plan.run ? plan.along.taps : 1, x = run % across, line = run / across,
                y = line % plan.down.taps, z = line / plan.down.taps;
  return ((z * plan.height + y * plan.down.dilation) * plan.width_ + x * plan.along.dilation) * plan.pixel;
}

// Adds the chunk's pixels to rows of the sums; of the parts [part, part_end).
template <class T>
void add_plain(const Plan<T>& plan, const T* diff_dst, const Chunk& c, int64_t part, int64_t part_end,
               const Worker<T>& worker, Fetcher<T>& fetcher, T* sums, T* bias, bool first) {
  const int64_t oc = plan.p.oc, pixels = c.pixels();
  for (int64_t column = 0, vectors; column < oc; column += vectors * width<T>) {
    vectors = oc - column > width<T> ? panel_vectors : 1;
    const bool in_place =
        oc == vectors * width<T> && c.columns == plan.p.dst[2] && c.rows == plan.p.dst[1] && !bias;
    const T* diff = diff_dst + c.plane * plan.p.dst[1] * plan.p.dst[2] * oc;
    if (!in_place) {
      copy_panel(plan, diff_dst, c, column, vectors, worker.diff, bias);
      diff = worker.diff;
    }
    const PlainTile<T>* const by_rows = vectors > 1 ? all_tiles<T>.two : all_tiles<T>.one;
    for (int64_t k = part; k < part_end; k++) {
      const int64_t begin = part_begin(plan.run, plan.parts, k),
                    rows = part_begin(plan.run, plan.parts, k + 1) - begin;
      const T* const image = plan.joined ? worker.image + begin : worker.image + (k - part) * plan.copy;
      for (int64_t r = 0; r < plan.runs; r++) {
        fetcher.step();
        by_rows[rows - 1](image + run_place(plan, r), worker.places, diff, pixels,
                          sums + (r * plan.run + begin) * plan.line + column, plan.line, first);
      }
    }
  }
}

template <class T>
void add_turned(const Plan<T>& plan, const T* diff_dst, const Chunk& c, const Worker<T>& worker,
                Fetcher<T>& fetcher, T* sums, T* bias, bool first) {
  const int64_t oc = plan.p.oc, pixels = c.pixels(), vectors = plan.runs * plan.run_vectors;
  for_each_row(plan, diff_dst, c, [&](const T* from, int64_t count, int64_t before) {
    __builtin_memcpy(worker.diff + before * oc, from, static_cast<size_t>(count * oc) * sizeof(T));
  });
  for (int64_t o = 0; bias && o < oc; o++) {
    T partial[4] = {};
    for (int64_t x = 0; x < pixels; x++) partial[x % 4] += worker.diff[x * oc + o];
    bias[o] += (partial[0] + partial[1]) + (partial[2] + partial[3]);
  }
  const int64_t bands = ceil_div(oc, most_turned_rows);
  for (int64_t band = 0; band < bands; band++) {
    const int64_t row = part_begin(oc, bands, band), rows = part_begin(oc, bands, band + 1) - row;
    const int64_t parts = ceil_div(vectors, most_vectors(static_cast<int>(rows)));
    for (int64_t k = 0; k < parts; k++) {
      const int64_t vector = part_begin(vectors, parts, k),
                    count = part_begin(vectors, parts, k + 1) - vector;
      int64_t at[6];
      for (int64_t v = 0; v < count; v++) {
        const int64_t run = (vector + v) / plan.run_vectors, in_run = (vector + v) % plan.run_vectors;
        at[v] = run_place(plan, run) + in_run * width<T>;
      }
      fetcher.step();
      all_tiles<T>.turned[rows - 1][count - 1](worker.image, worker.places, at, worker.diff + row, oc, pixels,
                                               sums + row * plan.line + vector * width<T>, plan.line, first);
    }
  }
}

// One task: a slice of the chunks, a group of the parts.
template <class T>
void run_task(const Plan<T>& plan, const ConvOperands<T>& o, const Worker<T>& worker, int64_t slice,
              int64_t group, T* sums, T* bias) {
  const int64_t part = part_begin(plan.parts, plan.groups, group),
                part_end = part_begin(plan.parts, plan.groups, group + 1),
                begin = part_begin(plan.chunks.count, plan.slices, slice),
                end = part_begin(plan.chunks.count, plan.slices, slice + 1);
  for (int64_t i = begin; i < end; i++) {
    const Chunk c = plan.chunks.at(i);
    find_places(plan, c, worker.places);
    copy_image(plan, o.a, c, plan.joined ? 0 : part, plan.joined ? 1 : part_end, worker.image);
    Fetcher<T> fetcher(plan, o, plan.chunks.at(lesser(i + 1, end - 1)), plan.tiles() / plan.groups);
    if (plan.turned)
      add_turned(plan, o.b, c, worker, fetcher, sums, bias, i == begin);
    else
      add_plain(plan, o.b, c, part, part_end, worker, fetcher, sums, bias, i == begin);
  }
}

template <class T>
size_t scratch_bytes(const ConvProblem& p) {
  const Plan<T> plan(p);
  return static_cast<size_t>(plan.sum_elements() + p.workers * plan.worker_elements()) * sizeof(T) +
         static_cast<size_t>(p.workers * plan.places()) * sizeof(int64_t);
}

// Adds up the slices' sums, the turned ones into their order.
template <class T>
void add_slices(const Plan<T>& plan, const T* sums, T* to) {
  const ConvProblem& p = plan.p;
  const int64_t oc = p.oc;
  parallel_for(0, p.taps() * p.ic, 1 + 16384 / oc, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      if (plan.turned) {
        const T* from = sums + row / plan.run * plan.run_vectors * width<T> + row % plan.run;
        for (int64_t c = 0; c < oc; c++) {
          T total = from[c * plan.line];
          for (int64_t s = 1; s < plan.slices; s++) total += from[s * plan.slice + c * plan.line];
          to[row * oc + c] = total;
        }
        continue;
      }
      for (int64_t c = 0; c < oc; c += width<T>) {
        const T* from = sums + row * plan.line + c;
        Vec<T> total = load(from);
        for (int64_t s = 1; s < plan.slices; s++) total = total + load(from + s * plan.slice);
        store_upto(to + row * oc + c, total, oc - c);
      }
    }
  });
}

template <class T>
void run(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  const Plan<T> plan(p);
  const int64_t oc = p.oc, bias_step = round_up(oc, 16);
  if (p.taps() * p.ic * oc == 0) return;
  int64_t* const places = static_cast<int64_t*>(scratch);
  T* const sums = reinterpret_cast<T*>(places + p.workers * plan.places());
  T* const biases = sums + (plan.partial ? plan.slices * plan.slice : 0);
  T* const work = biases + plan.slices * bias_step;
  if (plan.chunks.count == 0) __builtin_memset(o.c, 0, static_cast<size_t>(p.taps() * p.ic * oc) * sizeof(T));
  if (p.has_diff_bias) __builtin_memset(biases, 0, static_cast<size_t>(plan.slices * bias_step) * sizeof(T));
  const double flops = p.flops();
  const int64_t tasks = plan.chunks.count ? plan.slices * plan.groups : 0;
  const int64_t grain = 1 + static_cast<int64_t>(task_flops * static_cast<double>(tasks) / (flops + 1));
  parallel_for_lent(p.workers, tasks, grain, flops, [&](int64_t first, int64_t last, int64_t lent) {
    T* const own = work + lent * plan.worker_elements();
    const Worker<T> worker = {own, own + plan.group_copies * plan.copy, places + lent * plan.places()};
    for (int64_t i = first; i < last; i++) {
      const int64_t slice = i / plan.groups, group = i % plan.groups;
      run_task(plan, o, worker, slice, group, plan.partial ? sums + slice * plan.slice : o.c,
               p.has_diff_bias && group == 0 ? biases + slice * bias_step : nullptr);
    }
  });
  if (plan.partial && tasks) add_slices(plan, sums, o.c);
  for (int64_t c = 0; p.has_diff_bias && c < oc; c++) {
    T total = biases[c];
    for (int64_t s = 1; s < plan.slices; s++) total += biases[s * bias_step + c];
    o.diff_bias[c] = total;
  }
}

}  // namespace

extern const ConvWeightsTable conv_weights_table = {
    {scratch_bytes<float>, scratch_bytes<double>, run<float>, run<double>, "conv_backward_weights:direct"}};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
