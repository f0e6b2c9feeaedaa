// The gradient of a convolution by its weights. A row of the result is one channel of one tap, and its sum
// runs over the pixels of dst: along a row of the image both factors advance evenly, so tiles read them in
// place. Sums over many pixels are cut into slices that are added in order. The gradient by the bias is one
// more row, of pixels that are all one.
#include "base/parallel.h"
#include "kernels/conv/conv.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tiling.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

constexpr int max_segments = 64;
constexpr int64_t chunk_pixels = 192;
constexpr int64_t most_slices = 16, slice_pixels = 512, most_partial_bytes = 32 << 20;

struct Plan {
  int64_t runs_per_row, run;       // rows of dst are cut into runs of at most `run` pixels
  int64_t rows_per_chunk, chunks;  // chunks of whole rows (or single runs) that the caches hold
  int64_t span;  // rows of the result that no tile straddles: one tap's, or all if none is padded
  int64_t tiles_per_span, row_tiles;
  int64_t slices, groups;
  int64_t zeros;  // elements of a row of padding
  int64_t size;   // of a slice's sums: the weights, and the bias if wanted
  bool partial;   // whether sums are kept apart from the result
};

template <class T>
Plan make_plan(const ConvProblem& p) {
  const TileSet<T>& set = tiles<T>();
  Plan plan;
  plan.run = lesser(p.dst[2], chunk_pixels);
  plan.runs_per_row = ceil_div(p.dst[2], greater(plan.run, 1));
  plan.rows_per_chunk = plan.runs_per_row > 1 ? 1 : greater(1, chunk_pixels / greater(plan.run, 1));
  const int64_t rows = p.batch * p.dst[0] * p.dst[1] * plan.runs_per_row;
  plan.chunks = ceil_div(rows, plan.rows_per_chunk);
  bool padded = false;
  for (int axis = 0; axis < 3; axis++)
    padded |= p.pad[axis] > 0 ||
              (p.dst[axis] - 1) * p.stride[axis] + (p.kernel[axis] - 1) * p.dilation[axis] >= p.src[axis];
  plan.span = padded && p.ic >= 8 ? p.ic : p.taps() * p.ic;
  plan.tiles_per_span = ceil_div(plan.span, set.rows);
  plan.row_tiles = p.taps() * p.ic / plan.span * plan.tiles_per_span;
  const int64_t size = plan.size = (p.taps() * p.ic + p.has_diff_bias) * p.oc;
  const int64_t affordable = greater(1, most_partial_bytes / (size * static_cast<int64_t>(sizeof(T)) + 1));
  plan.slices =
      lesser(plan.chunks, lesser(affordable, lesser(most_slices, p.batch * p.dst_pixels() / slice_pixels)));
  plan.slices = greater(plan.slices, 1);
  const double flops = 2.0 * static_cast<double>(size) * static_cast<double>(p.batch * p.dst_pixels());
  const int64_t worthwhile =
      1 + static_cast<int64_t>(flops / static_cast<double>(plan.slices) / (2 * task_flops));
  plan.groups = lesser(lesser(ceil_div(most_slices, plan.slices), worthwhile), plan.row_tiles);
  plan.partial = plan.slices > 1 || p.has_diff_bias;
  plan.zeros = ceil_div((plan.run + 1) * p.stride[2] * p.ic, 16) * 16;
  return plan;
}

// The rows of one tile: which tap and channel each stands for.
struct TileRows {
  int64_t first, count;              // in the result
  int64_t offset[3][max_tile_rows];  // image coordinates relative to position · stride
  int64_t element[max_tile_rows];    // the same in elements, with the channel
  int64_t least, most;               // of offset[2]
};

inline TileRows rows_of(const ConvProblem& p, const Plan& plan, int64_t tile, int64_t tile_rows, int count) {
  TileRows rows;
  const int64_t in_span = tile % plan.tiles_per_span * tile_rows;
  rows.first = tile / plan.tiles_per_span * plan.span + in_span;
  rows.count = lesser(tile_rows, plan.span - in_span);
  int64_t channel = rows.first % p.ic, tap = rows.first / p.ic;
  int64_t at[3] = {tap / p.kernel[2] / p.kernel[1], tap / p.kernel[2] % p.kernel[1], tap % p.kernel[2]};
  for (int i = 0; i < count; i++) {
    int64_t element = 0;
    for (int axis = 0; axis < 3; axis++) {
      rows.offset[axis][i] = at[axis] * p.dilation[axis] - p.pad[axis];
      element = element * p.src[axis] + rows.offset[axis][i];
    }
    rows.element[i] = element * p.ic + channel;
    rows.least = i ? lesser(rows.least, rows.offset[2][i]) : rows.offset[2][i];
    rows.most = i ? greater(rows.most, rows.offset[2][i]) : rows.offset[2][i];
    if (i + 1 >= rows.count || ++channel < p.ic) continue;  // rows beyond the last repeat it
    channel = 0;
    for (int axis = 2; axis >= 0 && ++at[axis] == p.kernel[axis]; axis--) at[axis] = 0;
  }
  return rows;
}

template <class T>
struct Segments {
  const T* rows[max_segments][max_tile_rows];
  int64_t pixel[max_segments];  // of dst, from the start of the chunk
  int64_t length[max_segments];
  int count = 0;
};

// A row of dst in the chunk at hand, or a part of one.
template <class T>
struct Line {
  const T* src;        // where position 0 of the row reads the image
  int64_t at_z, at_y;  // coordinates of that
  int64_t begin, end;  // positions
  int64_t pixel;       // of `begin`, from the start of the chunk
};

// One task: a slice of the pixels, a group of tiles.
template <class T>
struct Task {
  const ConvProblem& p;
  const T* zeros;
  T* sums;            // taps × ic rows of oc columns
  const T* diff_dst;  // first pixel of the chunk
  T* tail;            // the last panel of the chunk's diff_dst if it is partial
};

template <class T>
void flush(const Task<T>& task, const TileRows& rows, Segments<T>& segments, int64_t a_stride) {
  const TileSet<T>& set = tiles<T>();
  const int64_t oc = task.p.oc;
  T* dst[max_tile_rows];
  Segment<T> list[max_segments];
  TileArguments<T> t = {};
  t.segments = list;
  t.segment_count = segments.count;
  t.a_stride = a_stride;
  t.dst = dst;
  t.accumulate = true;
  for (int64_t column = 0; column < oc; column += set.panel) {
    t.columns = lesser(set.panel, oc - column);
    const bool tail = t.columns < set.panel;
    const T* b = tail ? task.tail : task.diff_dst + column;
    t.b_stride = tail ? set.panel : oc;
    for (int s = 0; s < segments.count; s++)
      list[s] = {segments.rows[s], b + segments.pixel[s] * t.b_stride, segments.length[s]};
    for (int i = 0; i < set.rows; i++)
      dst[i] = task.sums + (rows.first + lesser(i, rows.count - 1)) * oc + column;
    shape_for<T>(rows.count, t.columns).run(t);
  }
  segments.count = 0;
}

// Adds the positions [begin, end) of a line; even says that all of them read inside of the image's width.
template <class T>
void add_run(const Task<T>& task, const TileRows& rows, const bool (&inside)[max_tile_rows],
             const Line<T>& line, int64_t begin, int64_t end, bool even, Segments<T>& segments) {
  const ConvProblem& p = task.p;
  if (segments.count == max_segments) flush(task, rows, segments, task.p.stride[2] * task.p.ic);
  const int64_t at = begin * p.stride[2];
  const T** pointers = segments.rows[segments.count];
  bool any = false;
  for (int i = 0; i < tiles<T>().rows; i++) {
    const bool real = inside[i] && (even || static_cast<uint64_t>(at + rows.offset[2][i]) <
                                                static_cast<uint64_t>(p.src[2]));
    pointers[i] = real ? line.src + at * p.ic + rows.element[i] : task.zeros;
    any |= real;
  }
  if (!any) return;
  segments.pixel[segments.count] = line.pixel + begin - line.begin;
  segments.length[segments.count++] = end - begin;
}

template <class T>
void add_tile(const Task<T>& task, const TileRows& rows, const Line<T>* line, const Line<T>* last) {
  const ConvProblem& p = task.p;
  Segments<T> segments;
  // positions from `low` to before `high` read inside of the image's width with every row of the tile
  const int64_t low = rows.least < 0 ? ceil_div(-rows.least, p.stride[2]) : 0;
  const int64_t room = p.src[2] - rows.most;
  const int64_t high = room > 0 ? ceil_div(room, p.stride[2]) : 0;
  for (; line != last; line++) {
    bool inside[max_tile_rows], any = false;
    for (int i = 0; i < tiles<T>().rows; i++) {
      inside[i] = static_cast<uint64_t>(line->at_z + rows.offset[0][i]) < static_cast<uint64_t>(p.src[0]) &&
                  static_cast<uint64_t>(line->at_y + rows.offset[1][i]) < static_cast<uint64_t>(p.src[1]);
      any |= inside[i];
    }
    if (!any) continue;
    const int64_t even = lesser(greater(low, line->begin), line->end),
                  even_end = greater(lesser(high, line->end), even);
    for (int64_t x = line->begin; x < even; x++)
      add_run(task, rows, inside, *line, x, x + 1, false, segments);
    if (even < even_end) add_run(task, rows, inside, *line, even, even_end, true, segments);
    for (int64_t x = even_end; x < line->end; x++)
      add_run(task, rows, inside, *line, x, x + 1, false, segments);
  }
  if (segments.count) flush(task, rows, segments, task.p.stride[2] * task.p.ic);
}

// Adds the chunk's pixels of diff_dst to the last row.
template <class T>
void add_bias(const Task<T>& task, int64_t pixels) {
  static constexpr T one = 1;
  TileRows rows;
  rows.first = task.p.taps() * task.p.ic, rows.count = 1;
  Segments<T> segments;
  for (const T*& row : segments.rows[0]) row = &one;
  segments.pixel[0] = 0, segments.length[0] = pixels, segments.count = 1;
  flush(task, rows, segments, 0);
}

template <class T>
void run_task(const ConvProblem& p, const Plan& plan, const ConvOperands<T>& o, const T* zeros, T* sums,
              int64_t slice, int64_t group) {
  const TileSet<T>& set = tiles<T>();
  const int64_t tile = group * plan.row_tiles / plan.groups,
                tile_end = (group + 1) * plan.row_tiles / plan.groups;
  const int64_t chunk = slice * plan.chunks / plan.slices,
                chunk_end = (slice + 1) * plan.chunks / plan.slices;
  alignas(64) T tail[chunk_pixels * max_panel_vectors * width<T>];
  const int64_t partial = p.oc % set.panel, all_rows = p.batch * p.dst[0] * p.dst[1] * plan.runs_per_row;
  for (int64_t i = tile; i < tile_end; i++) {
    const TileRows rows = rows_of(p, plan, i, set.rows, set.rows);
    __builtin_memset(sums + rows.first * p.oc, 0, static_cast<size_t>(rows.count * p.oc) * sizeof(T));
  }
  const bool bias = p.has_diff_bias && group == plan.groups - 1;
  if (bias) __builtin_memset(sums + p.taps() * p.ic * p.oc, 0, static_cast<size_t>(p.oc) * sizeof(T));
  Line<T> lines[chunk_pixels];
  for (int64_t c = chunk; c < chunk_end; c++) {
    const int64_t row = c * plan.rows_per_chunk, row_end = lesser(row + plan.rows_per_chunk, all_rows);
    int64_t pixels = 0, first = 0;
    for (int64_t r = row; r < row_end; r++) {
      const int64_t at = r / plan.runs_per_row, y = at % p.dst[1], z = at / p.dst[1] % p.dst[0],
                    sample = at / p.dst[1] / p.dst[0];
      const int64_t begin = r % plan.runs_per_row * plan.run, end = lesser(begin + plan.run, p.dst[2]);
      const int64_t at_z = z * p.stride[0], at_y = y * p.stride[1];
      const T* src = o.a + ((sample * p.src[0] + at_z) * p.src[1] + at_y) * p.src[2] * p.ic;
      lines[r - row] = {src, at_z, at_y, begin, end, pixels};
      if (r == row) first = at * p.dst[2] + begin;
      pixels += end - begin;
    }
    const Task<T> task = {p, zeros, sums, o.b + first * p.oc, tail};
    if (partial) pack_rows(task.diff_dst + p.oc - partial, p.oc, partial, pixels, tail, set.panel);
    for (int64_t i = tile; i < tile_end; i++)
      add_tile(task, rows_of(p, plan, i, set.rows, set.rows), lines, lines + (row_end - row));
    if (bias) add_bias(task, pixels);
  }
}

template <class T>
size_t scratch_bytes(const ConvProblem& p) {
  const Plan plan = make_plan<T>(p);
  const int64_t partial = plan.partial ? plan.slices * plan.size : 0;
  return static_cast<size_t>(plan.zeros + partial) * sizeof(T);
}

template <class T>
void run(const ConvProblem& p, const ConvOperands<T>& o, void* scratch) {
  const Plan plan = make_plan<T>(p);
  const int64_t size = plan.size, weights = p.taps() * p.ic * p.oc;
  if (size == 0) return;
  T* const zeros = static_cast<T*>(scratch);
  T* const partial = plan.partial ? zeros + plan.zeros : o.c;
  __builtin_memset(zeros, 0, static_cast<size_t>(plan.zeros) * sizeof(T));
  const double flops = 2.0 * static_cast<double>(size) * static_cast<double>(p.batch * p.dst_pixels());
  const int64_t tasks = plan.slices * plan.groups;
  const int64_t grain = 1 + static_cast<int64_t>(task_flops * static_cast<double>(tasks) / (flops + 1));
  parallel_for(
      0, tasks, grain,
      [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; i++) {
          const int64_t slice = i / plan.groups;
          run_task(p, plan, o, zeros, partial + slice * size, slice, i % plan.groups);
        }
      },
      flops);
  if (!plan.partial) return;
  const auto add_slices = [&](int64_t from, T* to, int64_t count) {
    parallel_for(0, count, 16384, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i += width<T>) {
        Vec<T> total = load_upto(partial + from + i, end - i);
        for (int64_t s = 1; s < plan.slices; s++)
          total = total + load_upto(partial + s * size + from + i, end - i);
        store_upto(to + i, total, end - i);
      }
    });
  };
  add_slices(0, o.c, weights);
  if (p.has_diff_bias) add_slices(weights, o.diff_bias, p.oc);
}

}  // namespace

extern const ConvWeightsTable conv_weights_table = {
    {scratch_bytes<float>, scratch_bytes<double>, run<float>, run<double>, "conv_backward_weights:direct"}};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
