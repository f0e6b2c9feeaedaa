// Loops round the tile, in the manner of BLIS: a panel of B stays in the first-level cache while tiles of A
// from the second go by. Panels and blocks of A are copied where that pays; small products read both in
// place.
#include "kernels/gemm/gemm.h"

#include "base/parallel.h"
#include "kernels/gemm/block.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/plan.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Where b[k, column] is stored.
template <class T>
PRONGHORN_INLINE const T* in_b(const GemmProblem& p, const T* b, int64_t k, int64_t column) {
  return p.transpose_b ? b + column * p.ldb + k : b + k * p.ldb + column;
}
template <class T>
PRONGHORN_INLINE const T* in_a(const GemmProblem& p, const T* a, int64_t row, int64_t k) {
  return p.transpose_a ? a + k * p.lda + row : a + row * p.lda + k;
}

// One panel: `length` rows of b from row k on.
template <class T>
void pack_panel(const GemmProblem& p, const T* b, int64_t k, int64_t length, int64_t column, int64_t columns,
                T* dst) {
  const int64_t panel = tiles<T>().panel;
  const T* from = in_b(p, b, k, column);
  p.transpose_b ? pack_transposed(from, p.ldb, columns, length, dst, panel)
                : pack_rows(from, p.ldb, columns, length, dst, panel);
}

// A few panels, read about in the order of memory.
template <class T>
void copy_panels(const GemmProblem& p, const T* b, int64_t k, int64_t length, int64_t column, int64_t columns,
                 T* dst) {
  const int64_t panel = tiles<T>().panel, rows = p.transpose_b ? length : pack_together;
  for (int64_t row = 0; row < length; row += rows)
    for (int64_t i = 0; i * panel < columns; i++)
      pack_panel(p, b, k + row, lesser(rows, length - row), column + i * panel,
                 lesser(panel, columns - i * panel), dst + (i * length + row) * panel);
}

// Columns [column, column + columns) and rows [k, k_end) of b: blocks of kc rows, each panel by panel.
template <class T>
void pack_b(const Plan& plan, const T* b, int64_t column, int64_t columns, int64_t k, int64_t k_end, T* dst) {
  const GemmProblem& p = plan.p;
  const int64_t panel = tiles<T>().panel, panels = ceil_div(columns, panel), kc = plan.kc;
  const double work = 8.0 * static_cast<double>(columns * (k_end - k));
  const auto copy = [&](int64_t row, int64_t rows, int64_t i) {
    const int64_t block = row / kc * kc, length = lesser(kc, k_end - k - block);
    pack_panel(p, b, k + row, rows, column + i * panel, lesser(panel, columns - i * panel),
               dst + block * panels * panel + (i * length + row - block) * panel);
  };
  if (p.transpose_b) {
    const int64_t blocks = ceil_div(k_end - k, kc);
    parallel_for(
        0, panels * blocks, 1 + 16384 / (panel * kc),
        [&](int64_t first, int64_t last) {
          for (int64_t i = first; i < last; i++) {
            const int64_t row = i % blocks * kc;
            copy(row, lesser(kc, k_end - k - row), i / blocks);
          }
        },
        work);
  } else {
    // a few rows at a time across all panels, so that b is read about in the order of memory
    parallel_for(
        0, ceil_div(k_end - k, pack_together), 1 + 16384 / (pack_together * columns + 1),
        [&](int64_t first, int64_t last) {
          for (int64_t row = first * pack_together; row < lesser(last * pack_together, k_end - k);
               row += pack_together)
            for (int64_t i = 0; i < panels; i++) copy(row, lesser(pack_together, k_end - k - row), i);
        },
        work);
  }
}

// `rows` rows of a transposed a, tile by tile, from its row k on.
template <class T>
void pack_a(const GemmProblem& p, const T* a, int64_t row, int64_t rows, int64_t k, int64_t length, T* dst) {
  const int64_t tile = tiles<T>().rows;
  const T* from = in_a(p, a, row, k);
  for (int64_t first = 0; first < length; first += pack_together) {
    const int64_t count = lesser(pack_together, length - first);
    for (int64_t r = 0; r < rows; r += tile)
      pack_closely(from + first * p.lda + r, p.lda, lesser(tile, rows - r), rows - r, count,
                   dst + r / tile * packed_tile<T>(length) + first * tile, tile);
  }
}

// What the first, a middle or the last part of the sum does to the result, from column `column` on.
template <class T>
TileArguments<T> part_of(TileArguments<T> end, bool first, bool last, int64_t column) {
  if (!first) end.accumulate = true, end.bias = nullptr;
  if (!last) end.residual = nullptr, end.mask = nullptr, end.activation = Activation::Linear;
  if (end.bias && !end.bias_scalar) end.bias += column;
  return end;
}

// A block of rows of a in place.
template <class T>
void read_in_place(Block<T>& block, const GemmProblem& p, const T* a, int64_t row, int64_t k) {
  block.a = in_a(p, a, row, k);
  block.a_row_stride = p.transpose_a ? 1 : p.lda, block.a_stride = p.transpose_a ? p.lda : 1;
  block.a_tile_stride = 0;
}
template <class T>
void read_packed(Block<T>& block, const T* packed) {
  const int64_t tile = tiles<T>().rows;
  block.a = packed, block.a_row_stride = 1, block.a_stride = tile,
  block.a_tile_stride = packed_tile<T>(block.length);
}

// Where c does not stay in cache but all the panels do, rows of c are better written whole.
template <class T>
bool writes_whole_rows(const Plan& plan, int64_t panels, int64_t columns) {
  constexpr int64_t bytes = sizeof(T);
  return panels * tiles<T>().panel * plan.kc * bytes <= cached_bytes &&
         plan.p.m * columns * bytes > cached_bytes;
}

// All rows by a group of panels, terms [k_begin, k_end): a few panels at a time are copied, used and
// forgotten.
template <class T>
void run_panels(const Plan& plan, const GemmOperands<T>& o, const TileArguments<T>& end, T* c, int64_t ldc,
                int64_t panel_begin, int64_t panel_end, int64_t k_begin, int64_t k_end, T* scratch) {
  const TileSet<T>& set = tiles<T>();
  const GemmProblem& p = plan.p;
  T* const packed_a = scratch;
  T* const packed_b = scratch + round_up(plan.packed_a, 64);
  const int64_t row_tiles = ceil_div(p.m, set.rows), together = plan.block * set.rows;
  const auto bytes_of = [](int64_t count) { return count * static_cast<int64_t>(sizeof(T)); };
  // where a task has all panels the next one goes on with the sum
  const int64_t reach = panel_end - panel_begin == ceil_div(p.n, set.panel) ? p.k : k_end;
  const bool whole_rows = plan.together >= 4 && writes_whole_rows<T>(plan, plan.together, p.n);
  for (int64_t k = k_begin; k == k_begin || k < k_end; k += plan.kc) {
    const int64_t next_k = lesser(k + plan.kc, k_end), next_length = lesser(plan.kc, reach - next_k);
    Block<T> block = {};
    block.ldc = ldc, block.length = lesser(plan.kc, k_end - k);
    for (int64_t i = panel_begin; i < panel_end; i += plan.together) {
      const int64_t count = lesser(plan.together, panel_end - i), column = i * set.panel;
      block.columns = lesser(count * set.panel, p.n - column);
      if (plan.pack_b) {
        // full panels are copied by the first tiles that read them
        const bool by_tiles = !p.transpose_b && p.m >= set.rows;
        const int64_t skipped = by_tiles ? block.columns / set.panel * set.panel : 0;
        block.b_source = by_tiles ? in_b(p, o.b, k, column) : nullptr, block.b_source_stride = p.ldb;
        copy_panels(p, o.b, k, block.length, column + skipped, block.columns - skipped,
                    packed_b + skipped * block.length);
        block.b = packed_b, block.b_panel_stride = set.panel * block.length, block.b_stride = set.panel;
      } else {
        block.b = o.b + k * p.ldb + column, block.b_panel_stride = set.panel, block.b_stride = p.ldb;
        if (const int64_t partial = block.columns % set.panel; partial > 0) {
          pack_panel(p, o.b, k, block.length, column + block.columns - partial, partial, packed_b);
          block.b_tail = packed_b, block.b_tail_stride = set.panel;
        }
      }
      const bool more = i + count < panel_end;
      const int64_t next = (more ? i + count : panel_begin) * set.panel,
                    next_columns = lesser(plan.together * set.panel, p.n - next),
                    length = more ? block.length : next_length;
      const T* next_b = in_b(p, o.b, more ? k : next_k, next);
      const int64_t b_rows = p.transpose_b ? next_columns : length,
                    b_columns = p.transpose_b ? length : next_columns;
      if (plan.slices > 1) {
        block.along = {};
        block.along.add(next_b, bytes_of(p.ldb), b_rows, bytes_of(b_columns));
        if (plan.pack_a && !more)
          block.along.add(in_a(p, o.a, 0, next_k), bytes_of(p.lda), next_length, bytes_of(p.m));
        // not with the tiles that copy, which have enough to wait for
        block.along.spread_over(greater(row_tiles - 1, 1) * greater(count - 1, 1));
      } else if (plan.pack_b && length > 0) {
        block.ahead[1] = ahead_over(next_b, p.ldb, b_rows, b_columns, row_tiles * count);
      }
      block.end = part_of(end, k == k_begin, k + block.length >= k_end, column);
      for (int64_t row = 0; row < p.m; row += together) {
        block.rows = lesser(together, p.m - row);
        block.c = c + row * ldc + column;
        if (!plan.pack_a) {
          read_in_place(block, p, o.a, row, k);
        } else if (i == panel_begin) {  // later panels find all rows packed
          read_packed(block, packed_a);
          int64_t skipped = 0;
          if (block.columns >= set.panel) {
            block.a_source = in_a(p, o.a, row, k);
            block.a_source_stride = p.lda, block.a_source_rows = p.m - row;
            while (tile_copies(block, skipped)) skipped += set.rows;
          }
          pack_a(p, o.a, row + skipped, block.rows - skipped, k, block.length,
                 packed_a + skipped / set.rows * packed_tile<T>(block.length));
          const bool more_rows = row + together < p.m;
          const int64_t then = more_rows ? row + together : 0,
                        then_length = more_rows ? block.length : next_length;
          if (then_length > 0 && plan.slices == 1)
            block.ahead[0] = ahead_over(in_a(p, o.a, then, more_rows ? k : next_k), p.lda, then_length,
                                        lesser(together, p.m - then),
                                        ceil_div(block.rows, set.rows) * (panel_end - panel_begin));
        }
        const int64_t step = whole_rows ? set.rows : block.rows;
        for (int64_t r = 0; r < block.rows; r += step)
          run_block(block, r, lesser(r + step, block.rows), 0, count);
        block.a_source = block.b_source = nullptr;  // by now they are copied
      }
    }
    if (block.length == 0) break;
  }
}

template <class T>
void apply_mask(const GemmProblem& p, const T* mask, int64_t count, T* c) {
  const Vec<T> factor = broadcast(static_cast<T>(p.mask_factor));
  for (int64_t j = 0; j < count; j += width<T>) {
    const int64_t left = count - j;
    const Vec<T> value = load_upto(c + j, left) * factor;
    store_upto(c + j, load_upto(mask + j, left) > zero<T>() ? value : zero<T>(), left);
  }
}

// What sums in columns [column, column_end) of row i of c still lack: bias, residual, activation and mask.
template <class T>
void finish_row(const Plan& plan, const GemmOperands<T>& o, int64_t i, int64_t column, int64_t column_end) {
  const GemmProblem& p = plan.p;
  const int64_t at = i * p.ldc + column, count = column_end - column;
  T* c = o.c + at;
  for (int64_t j = 0; (p.has_bias || p.has_residual) && j < count; j += width<T>) {
    const int64_t left = count - j;
    Vec<T> total = load_upto(c + j, left);
    if (p.has_bias) total += plan.swapped ? broadcast(o.bias[0]) : load_upto(o.bias + column + j, left);
    if (p.has_residual) total += load_upto(o.residual + at + j, left);
    store_upto(c + j, total, left);
  }
  tiles<T>().finish(c, count, p.activation);
  if (p.has_mask) apply_mask(p, o.mask + at, count, c);
}

// c = activation(c (if accumulating) + sums + bias + residual), for sums that were computed elsewhere.
template <class T>
void add_up(const Plan& plan, const GemmOperands<T>& o, const T* sums) {
  const GemmProblem& p = plan.p;
  const int64_t slice = p.m * p.n;
  const double work = 8.0 * static_cast<double>(plan.partial);
  parallel_for(
      0, p.m, 1 + 16384 / p.n,
      [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; i++) {
          T* c = o.c + i * p.ldc;
          for (int64_t j = 0; j < p.n; j += width<T>) {
            const int64_t left = p.n - j;
            Vec<T> total = load_upto(sums + i * p.n + j, left);
            for (int64_t s = 1; s < plan.slices; s++)
              total += load_upto(sums + s * slice + i * p.n + j, left);
            if (p.accumulate) total += load_upto(c + j, left);
            store_upto(c + j, total, left);
          }
          finish_row(plan, o, i, 0, p.n);
        }
      },
      work);
}

template <class T>
void run_by_panels(const Plan& plan, const GemmOperands<T>& o, const TileArguments<T>& end, T* scratch) {
  const GemmProblem& p = plan.p;
  const int64_t panels = ceil_div(p.n, tiles<T>().panel), groups = ceil_div(panels, plan.group);
  const int64_t own = plan.task_scratch(), tasks = panel_tasks<T>(plan);
  const int64_t length = ceil_div(p.k, plan.slices);
  T* const sums = scratch + tasks * own;
  parallel_for(
      0, tasks, 1,
      [&](int64_t first, int64_t last) {
        for (int64_t task = first; task < last; task++) {
          const int64_t slice = task / groups, group = task % groups, k = lesser(slice * length, p.k);
          const bool sliced = plan.slices > 1;
          run_panels(plan, o, sliced ? TileArguments<T>{} : end, sliced ? sums + slice * p.m * p.n : o.c,
                     sliced ? p.n : p.ldc, group * plan.group, lesser((group + 1) * plan.group, panels), k,
                     lesser(k + length, p.k), scratch + task * own);
        }
      },
      plan.flops());
  if (plan.slices > 1) add_up(plan, o, sums);
}

// The rows [row, row_end) by the panels [panel, panel_end) of b, whose columns from `column` and rows from
// `k_begin` on are packed, or read in place except for the last panel.
template <class T>
void run_rows(const Plan& plan, const GemmOperands<T>& o, const TileArguments<T>& end, int64_t row,
              int64_t row_end, int64_t column, int64_t columns, int64_t panel, int64_t panel_end,
              int64_t k_begin, int64_t k_end, const T* packed_b) {
  const TileSet<T>& set = tiles<T>();
  const GemmProblem& p = plan.p;
  const int64_t tile_bytes = packed_tile<T>(plan.kc) * static_cast<int64_t>(sizeof(T));
  const int64_t row_tiles = ceil_div(row_end - row, set.rows), most = greater(1, block_bytes / tile_bytes);
  const int64_t together = ceil_div(row_tiles, ceil_div(row_tiles, most));  // tiles, in equal blocks
  alignas(64) T packed_a[block_bytes / sizeof(T)];
  const bool whole_rows = writes_whole_rows<T>(plan, panel_end - panel, p.n);
  for (int64_t r = row; r < row_end; r += together * set.rows) {
    const int64_t rows = lesser(together * set.rows, row_end - r);
    for (int64_t k = k_begin; k == k_begin || k < k_end; k += plan.kc) {
      Block<T> block = {};
      block.rows = rows;
      block.columns = columns, block.length = lesser(plan.kc, k_end - k);
      block.c = o.c + r * p.ldc + column, block.ldc = p.ldc;
      if (plan.pack_b) {
        block.b = packed_b + (k - k_begin) * round_up(columns, set.panel);
        block.b_panel_stride = set.panel * block.length, block.b_stride = set.panel;
      } else {
        block.b = o.b + k * p.ldb + column, block.b_panel_stride = set.panel, block.b_stride = p.ldb;
        block.b_tail = columns % set.panel ? packed_b + (k - k_begin) * set.panel : nullptr;
        block.b_tail_stride = set.panel;
      }
      if (plan.pack_a) {
        pack_a(p, o.a, r, rows, k, block.length, packed_a);
        read_packed(block, packed_a);
      } else {
        read_in_place(block, p, o.a, r, k);
      }
      // what comes next of a: the next terms of these rows, or the next rows
      const bool more = k + plan.kc < k_end;
      const int64_t next = more ? r : r + rows, next_k = more ? k + plan.kc : k_begin;
      const int64_t next_rows = lesser(together * set.rows, row_end - next);
      const int64_t next_length = lesser(plan.kc, k_end - next_k);
      if (next < row_end)
        block.ahead[0] = ahead_over(
            in_a(p, o.a, next, next_k), p.lda, p.transpose_a ? next_length : next_rows,
            p.transpose_a ? next_rows : next_length, ceil_div(rows, set.rows) * (panel_end - panel));
      block.end = part_of(end, k == 0, k + block.length >= p.k, column);
      const int64_t step = whole_rows ? set.rows : rows;
      for (int64_t i = 0; i < rows; i += step) run_block(block, i, lesser(i + step, rows), panel, panel_end);
      if (block.length == 0) break;
    }
  }
}

// Blocks of rows by groups of panels.
template <class T>
void run_by_rows(const Plan& plan, const GemmOperands<T>& o, const TileArguments<T>& end, T* packed_b) {
  const TileSet<T>& set = tiles<T>();
  const GemmProblem& p = plan.p;
  const int64_t blocks = plan.blocks, row_tiles = ceil_div(p.m, set.rows);
  for (int64_t column = 0; column < p.n; column += plan.nc) {
    const int64_t columns = lesser(plan.nc, p.n - column), partial = columns % set.panel;
    const int64_t panels = ceil_div(columns, set.panel), groups = ceil_div(panels, plan.group);
    for (int64_t k = 0; k == 0 || k < p.k; k += plan.ks) {
      const int64_t k_end = lesser(k + plan.ks, p.k);
      if (plan.pack_b)
        pack_b(plan, o.b, column, columns, k, k_end, packed_b);
      else if (partial)
        pack_panel(p, o.b, k, k_end - k, column + columns - partial, partial, packed_b);
      parallel_for(
          0, blocks * groups, 1,
          [&](int64_t first, int64_t last) {
            for (int64_t task = first; task < last; task++) {
              const int64_t block = task / groups, panel = task % groups * plan.group;
              run_rows(plan, o, end, block * row_tiles / blocks * set.rows,
                       lesser((block + 1) * row_tiles / blocks * set.rows, p.m), column, columns, panel,
                       lesser(panel + plan.group, panels), k, k_end, packed_b);
            }
          },
          plan.flops());
      if (plan.ks == 0) break;
    }
  }
}

// Rows k to k + terms of b are added to columns [first, last) of the only row of c.
template <int terms, class T>
PRONGHORN_INLINE void add_rows(const GemmProblem& p, const GemmOperands<T>& o, int64_t k, int64_t first,
                               int64_t last) {
  const T* b = o.b + k * p.ldb;
  Vec<T> x[terms];
  for (int r = 0; r < terms; r++) x[r] = broadcast(*in_a(p, o.a, 0, k + r));
  int64_t j = first;
  for (; j + width<T> <= last; j += width<T>) {
    Vec<T> total = load(o.c + j);
    for (int r = 0; r < terms; r++) total = fma(x[r], load(b + r * p.ldb + j), total);
    store(o.c + j, total);
  }
  if (j == last) return;
  const int left = static_cast<int>(last - j);
  Vec<T> total = load_part(o.c + j, left);
  for (int r = 0; r < terms; r++) total = fma(x[r], load_part(b + r * p.ldb + j, left), total);
  store_part(o.c + j, total, left);
}

// The columns of c that a task sums up stay in the first-level cache.
template <class T>
void run_by_rows_of_b(const Plan& plan, const GemmOperands<T>& o) {
  const GemmProblem& p = plan.p;
  const int64_t columns = lesser(512, round_up(ceil_div(p.n, 2), 64));
  parallel_for(
      0, p.n, columns,
      [&](int64_t first, int64_t last) {
        for (int64_t j = first; j < last && !p.accumulate; j++) o.c[j] = 0;
        int64_t k = 0;
        for (; k + 8 <= p.k; k += 8) add_rows<8>(p, o, k, first, last);
        for (; k < p.k; k++) add_rows<1>(p, o, k, first, last);
        finish_row(plan, o, 0, first, last);
      },
      plan.flops_of_reading(sizeof(T)));
}

// Sums along vectors: rows of a by rows of b, four of b at a time.
template <class T>
void run_dot(const Plan& plan, const GemmOperands<T>& o) {
  constexpr int W = width<T>, together = 4;
  const GemmProblem& p = plan.p;
  const int64_t grain = greater(1, static_cast<int64_t>(task_flops) / (2 * together * (p.m * p.k + 1)));
  parallel_for(
      0, ceil_div(p.n, together), grain,
      [&](int64_t first, int64_t last) {
        for (int64_t i = 0; i < p.m; i++) {
          const T* a = o.a + i * p.lda;
          T* c = o.c + i * p.ldc;
          for (int64_t group = first; group < last; group++) {
            const int64_t j = group * together, count = lesser(together, p.n - j);
            const T* rows[together];
            Vec<T> sums[together] = {};
            for (int r = 0; r < together; r++) rows[r] = o.b + (j + lesser(r, count - 1)) * p.ldb;
            int64_t k = 0;
            for (; k + W <= p.k; k += W) {
              const Vec<T> x = load(a + k);
              for (int r = 0; r < together; r++) sums[r] = fma(x, load(rows[r] + k), sums[r]);
            }
            if (k < p.k) {
              const int left = static_cast<int>(p.k - k);
              const Vec<T> x = load_part(a + k, left);
              for (int r = 0; r < together; r++) sums[r] = fma(x, load_part(rows[r] + k, left), sums[r]);
            }
            for (int64_t r = 0; r < count; r++) {
              T total = sum(sums[r]);
              c[j + r] = p.accumulate ? total + c[j + r] : total;
            }
          }
          finish_row(plan, o, i, first * together, lesser(last * together, p.n));
        }
      },
      plan.flops_of_reading(sizeof(T)));
}

template <class T>
void run(const GemmProblem& problem, const GemmOperands<T>& operands, void* scratch) {
  if (problem.m == 0 || problem.n == 0) return;
  const Plan plan = make_plan<T>(problem);
  const GemmProblem& p = plan.p;
  GemmOperands<T> o = operands;
  if (plan.swapped) o.a = operands.b, o.b = operands.a;
  if (plan.dot) return run_dot(plan, o);
  if (plan.by_rows_of_b) return run_by_rows_of_b(plan, o);
  TileArguments<T> end = {};
  end.accumulate = p.accumulate;
  end.bias = p.has_bias ? o.bias : nullptr;
  end.bias_scalar = plan.swapped;
  end.residual = p.has_residual ? o.residual : nullptr;
  end.dst_base = o.c;
  end.activation = p.activation;
  end.mask = p.has_mask ? o.mask : nullptr;
  end.mask_factor = static_cast<T>(p.mask_factor);
  if (plan.by_panels)
    run_by_panels(plan, o, end, static_cast<T*>(scratch));
  else
    run_by_rows(plan, o, end, static_cast<T*>(scratch));
}

const char* implementation(const GemmProblem& problem) {
  const Plan plan = make_plan<float>(problem);
  return plan.dot            ? "gemm:dot"
         : plan.by_rows_of_b ? "gemm:rows"
         : plan.slices > 1   ? "gemm:sliced"
         : plan.by_panels    ? "gemm:panels"
         : plan.pack_b       ? "gemm:packed"
                             : "gemm:direct";
}

}  // namespace

extern const GemmTable gemm_table = {scratch_bytes<float>, scratch_bytes<double>, run<float>, run<double>,
                                     implementation};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
