// Five loops round the tile, in the manner of BLIS: columns by nc and the sum by kc, so that a packed block
// of B stays in the caches, then blocks of rows, panels of B and tiles of rows. Small products skip the
// packing and read the matrices in place.
#include "kernels/gemm/gemm.h"

#include "base/parallel.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Sizes of blocks; block_tiles tiles of A by sum_block fit the second-level cache.
struct Blocking {
  int64_t nc, mc, block_tiles;
};
#if defined(PRONGHORN_ISA_avx512)
constexpr Blocking blocking = {4096, 2016, 8};
#elif defined(PRONGHORN_ISA_avx2)
constexpr Blocking blocking = {4096, 2016, 16};
#else
constexpr Blocking blocking = {2048, 1024, 16};
#endif
constexpr int64_t slice_length = 2048, max_slices = 16, pack_together = 16, cached_bytes = 64 * 1024;

// How a product is carried out: follows from its sizes alone.
struct Plan {
  GemmProblem p;         // one column is turned into one row
  bool swapped = false;  // a and b have changed places
  bool dot = false;      // sums along vectors: few rows times the rows of b
  bool pack_a = false, pack_b = false;
  bool pack_panels = false;  // each panel of bᵀ just before its use: few rows read it
  int64_t slices = 1;        // independent parts of the sum, added in order at the end
  int64_t kc = 0, nc = 0, mc = 0;
  int64_t packed_a = 0, packed_b = 0, partial = 0;  // elements of scratch
};

template <class T>
Plan make_plan(const GemmProblem& problem) {
  const TileSet<T>& set = tiles<T>();
  Plan plan;
  GemmProblem& p = plan.p;
  p = problem;
  if (p.n == 1 && p.m > 1 && p.ldc == 1) {  // cᵀ = bᵀ aᵀ
    plan.swapped = true;
    p.m = 1, p.n = problem.m;
    p.transpose_a = !problem.transpose_b, p.lda = problem.ldb;
    p.transpose_b = !problem.transpose_a, p.ldb = problem.lda;
  }
  if (p.m == 1 && p.transpose_a && p.lda == 1) p.transpose_a = false, p.lda = p.k;

  plan.dot = p.transpose_b && !p.transpose_a && p.m <= 4;
  if (plan.dot) return plan;
  const int64_t row_tiles = ceil_div(p.m, set.rows), panels = ceil_div(p.n, set.panel);
  if (p.m * p.n <= 32 * 1024 && p.k >= 2 * slice_length) {
    plan.slices = lesser(p.k / slice_length, max_slices);
    plan.partial = plan.slices * p.m * p.n;
  }
  const int64_t k = plan.slices > 1 ? ceil_div(p.k, plan.slices) : p.k;
  // Read in place is best while b stays in the second-level cache, longer so if few rows make use of a copy.
  // Beyond the caches a copy is made in the order of memory.
  const int64_t b_bytes = k * p.n * static_cast<int64_t>(sizeof(T));
  const bool b_in_cache = b_bytes <= 128 * 1024 || (b_bytes <= 512 * 1024 && p.m <= 64);
  plan.pack_b =
      p.transpose_b || (p.m >= 4 * set.rows && !b_in_cache) || (row_tiles > 1 && b_bytes > 4 * 1024 * 1024);
  plan.pack_a = p.transpose_a && p.m >= 2 * set.rows && panels >= 4 && k >= 64;
  plan.pack_panels = p.transpose_b && !plan.pack_a && p.m <= blocking.block_tiles * set.rows + 32;
  plan.kc = plan.pack_a || plan.pack_b ? lesser(k, sum_block) : k;
  plan.nc = plan.pack_b ? lesser(panels, blocking.nc / set.panel) * set.panel : p.n;
  plan.mc = plan.pack_a ? lesser(row_tiles * set.rows, blocking.mc / set.rows * set.rows) : p.m;
  // Without packing only the last, partial panel is copied, so that tiles always read whole vectors.
  plan.packed_b = plan.pack_panels  ? 0
                  : plan.pack_b     ? plan.nc * plan.kc
                  : p.n % set.panel ? set.panel * plan.kc
                                    : 0;
  plan.packed_a = plan.pack_a ? plan.mc / set.rows * set.packed_rows * plan.kc : 0;
  return plan;
}

template <class T>
int64_t slice_scratch(const Plan& plan) {
  return ceil_div(plan.packed_a + plan.packed_b, 16) * 16;
}

template <class T>
size_t scratch_bytes(const GemmProblem& problem) {
  const Plan plan = make_plan<T>(problem);
  const int64_t copies = plan.slices > 1 ? plan.slices : 1;
  return static_cast<size_t>(copies * slice_scratch<T>(plan) + plan.partial) * sizeof(T);
}

// One block of the product: rows [row, row + rows) of a (packed or not) times the panels [panel, panel_end).
template <class T>
struct Block {
  const T* a;  // first row and column of the block in a, or its packed tiles
  int64_t a_row_stride, a_stride, a_tile_stride;
  const T* b;  // first panel
  int64_t b_panel_stride, b_stride;
  const T* b_tail;  // the last panel if it is partial and was packed apart; else null
  int64_t b_tail_stride;
  T* c;
  int64_t ldc, rows, columns, length;
  TileArguments<T> end;  // accumulate, bias, residual, activation
};

template <class T>
void run_tile(const Block<T>& block, const TileFunction<T>& f, int64_t row, int64_t rows, int64_t column,
              const T* b, int64_t b_stride, int64_t columns) {
  const T* a_rows[max_tile_rows];
  T* c_rows[max_tile_rows];
  const T* a = block.a_tile_stride ? block.a + row / tiles<T>().rows * block.a_tile_stride
                                   : block.a + row * block.a_row_stride;
  T* c = block.c + row * block.ldc + column;
  for (int i = 0; i < f.rows; i++) {
    a_rows[i] = a;
    c_rows[i] = c;
    if (i + 1 < rows) a += block.a_row_stride, c += block.ldc;
  }
  const Segment<T> segment = {a_rows, b, block.length};
  TileArguments<T> t = block.end;
  t.segments = &segment;
  t.segment_count = 1;
  t.a_stride = block.a_stride;
  t.b_stride = b_stride;
  t.dst = c_rows;
  t.columns = columns;
  if (t.bias && !t.bias_scalar) t.bias += column;
  f.run(t);
}

template <class T>
void run_block(const Block<T>& block, int64_t row, int64_t row_end, int64_t panel, int64_t panel_end) {
  const TileSet<T>& set = tiles<T>();
  const bool may_widen = block.rows <= 2 && block.b_panel_stride == set.panel;
  const TileFunction<T>& wide = block.rows == 1 ? set.wide_one : set.wide_two;
  const int64_t wide_panels = block.rows == 1 ? 4 : 2;
  while (panel < panel_end) {
    const int64_t column = panel * set.panel;
    if (may_widen && panel + wide_panels <= panel_end && column + wide_panels * set.panel <= block.columns) {
      run_tile(block, wide, row, row_end - row, column, block.b + panel * block.b_panel_stride,
               block.b_stride, wide_panels * set.panel);
      panel += wide_panels;
      continue;
    }
    const int64_t columns = lesser(set.panel, block.columns - column);
    const bool tail = block.b_tail && columns < set.panel;
    const T* b = tail ? block.b_tail : block.b + panel * block.b_panel_stride;
    const int64_t b_stride = tail ? block.b_tail_stride : block.b_stride;
    for (int64_t r = row; r < row_end; r += set.rows) {
      const int64_t rows = lesser(set.rows, row_end - r);
      run_tile(block, shape_for<T>(rows, columns), r, rows, column, b, b_stride, columns);
    }
    panel++;
  }
}

// Packed panels of columns [column, column + columns) and rows [k, k + length) of b.
template <class T>
void pack_b(const GemmProblem& p, const T* b, int64_t column, int64_t columns, int64_t k, int64_t length,
            T* dst) {
  const int64_t panel = tiles<T>().panel, panels = ceil_div(columns, panel);
  if (p.transpose_b)
    parallel_for(0, panels, 1 + 16384 / (panel * length + 1), [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i++)
        pack_transposed(b + (column + i * panel) * p.ldb + k, p.ldb, lesser(panel, columns - i * panel),
                        length, dst + i * panel * length, panel);
    });
  else
    // a few rows at a time across all panels, so that b is read about in the order of memory
    parallel_for(0, ceil_div(length, pack_together), 1 + 16384 / (pack_together * columns + 1),
                 [&](int64_t first, int64_t last) {
                   for (int64_t row = first * pack_together; row < lesser(last * pack_together, length);
                        row += pack_together)
                     for (int64_t i = 0; i < panels; i++)
                       pack_rows(b + (k + row) * p.ldb + column + i * panel, p.ldb,
                                 lesser(panel, columns - i * panel), lesser(pack_together, length - row),
                                 dst + (i * length + row) * panel, panel);
                 });
}

template <class T>
void pack_a(const GemmProblem& p, const T* a, int64_t row, int64_t rows, int64_t k, int64_t length, T* dst) {
  const TileSet<T>& set = tiles<T>();
  const int64_t stride = set.packed_rows, grain = greater(1, 16384 / (stride * length + 1));
  parallel_for(0, ceil_div(rows, set.rows), grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) {
      const int64_t r = row + i * set.rows, filled = lesser(set.rows, rows - i * set.rows);
      if (p.transpose_a)
        pack_rows(a + k * p.lda + r, p.lda, filled, length, dst + i * stride * length, stride);
      else
        pack_transposed(a + r * p.lda + k, p.lda, filled, length, dst + i * stride * length, stride);
    }
  });
}

// What the first, a middle or the last part of the sum does to the result, from column `column` on.
template <class T>
TileArguments<T> part_of(TileArguments<T> end, bool first, bool last, int64_t column) {
  if (!first) end.accumulate = true, end.bias = nullptr;
  if (!last) end.residual = nullptr, end.activation = Activation::Linear;
  if (end.bias && !end.bias_scalar) end.bias += column;
  return end;
}

// Tasks are blocks of rows by groups of panels; their sizes follow from the problem alone.
template <class T>
void run_blocks(const Block<T>& block) {
  const TileSet<T>& set = tiles<T>();
  const int64_t panels = ceil_div(block.columns, set.panel), block_rows = blocking.block_tiles * set.rows;
  const int64_t row_blocks = ceil_div(block.rows, block_rows);
  const double panel_flops =
      2.0 * static_cast<double>(lesser(block.rows, block_rows) * set.panel * block.length) + 1;
  int64_t group = panels;
  while (group > 1 && row_blocks * ceil_div(panels, group) < 16 &&
         static_cast<double>(group) * panel_flops > 2 * task_flops)
    group = (group + 1) / 2;
  const int64_t groups = ceil_div(panels, group);
  const int64_t bytes = sizeof(T);
  const bool whole_rows = group * set.panel * block.length * bytes <= cached_bytes &&
                          block.rows * block.columns * bytes > cached_bytes;
  const int64_t grain = 1 + static_cast<int64_t>(task_flops / (static_cast<double>(group) * panel_flops));
  parallel_for(0, row_blocks * groups, grain, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; task++) {
      const int64_t row = task / groups * block_rows, panel = task % groups * group;
      const int64_t row_end = lesser(row + block_rows, block.rows), panel_end = lesser(panel + group, panels);
      // where c does not stay in cache but all the panels do, rows of c are better written whole
      const int64_t step = whole_rows ? set.rows : block_rows;
      for (int64_t r = row; r < row_end; r += step)
        run_block(block, r, lesser(r + step, row_end), panel, panel_end);
    }
  });
}

// The product for few rows: each panel is packed in small parts, used at once and forgotten.
template <class T>
void run_panels(const Plan& plan, const GemmOperands<T>& o, const TileArguments<T>& end, T* c, int64_t ldc,
                int64_t k_begin, int64_t k_end) {
  const TileSet<T>& set = tiles<T>();
  const GemmProblem& p = plan.p;
  const double flops = 2.0 * static_cast<double>(p.m * set.panel * (k_end - k_begin)) + 1;
  parallel_for(
      0, ceil_div(p.n, set.panel), 1 + static_cast<int64_t>(task_flops / flops),
      [&](int64_t first, int64_t last) {
        alignas(64) T packed[sum_block * max_panel_vectors * width<T>];
        for (int64_t i = first; i < last; i++) {
          const int64_t column = i * set.panel, columns = lesser(set.panel, p.n - column);
          for (int64_t k = k_begin; k == k_begin || k < k_end; k += plan.kc) {
            Block<T> block = {};
            block.rows = p.m, block.columns = columns, block.length = lesser(plan.kc, k_end - k);
            pack_transposed(o.b + column * p.ldb + k, p.ldb, columns, block.length, packed, set.panel);
            block.b = packed, block.b_stride = set.panel;
            block.a = p.transpose_a ? o.a + k * p.lda : o.a + k;
            block.a_row_stride = p.transpose_a ? 1 : p.lda, block.a_stride = p.transpose_a ? p.lda : 1;
            block.c = c + column, block.ldc = ldc;
            block.end = part_of(end, k == k_begin, k + block.length >= k_end, column);
            run_block(block, 0, p.m, 0, 1);
            if (block.length == 0) break;
          }
        }
      });
}

// The terms [k_begin, k_end) of the sum.
template <class T>
void run_range(const Plan& plan, const GemmOperands<T>& o, const TileArguments<T>& end, T* c, int64_t ldc,
               int64_t k_begin, int64_t k_end, T* scratch) {
  const TileSet<T>& set = tiles<T>();
  const GemmProblem& p = plan.p;
  if (plan.pack_panels) return run_panels(plan, o, end, c, ldc, k_begin, k_end);
  T* const packed_b = scratch;
  T* const packed_a = scratch + plan.packed_b;
  for (int64_t column = 0; column < p.n; column += plan.nc) {
    const int64_t columns = lesser(plan.nc, p.n - column);
    for (int64_t k = k_begin; k == k_begin || k < k_end; k += plan.kc) {
      const int64_t length = lesser(plan.kc, k_end - k), partial = columns % set.panel;
      Block<T> block = {};
      block.columns = columns;
      block.length = length;
      block.ldc = ldc;
      block.b_tail_stride = set.panel;
      if (plan.pack_b) {
        pack_b(p, o.b, column, columns, k, length, packed_b);
        block.b = packed_b, block.b_panel_stride = set.panel * length, block.b_stride = set.panel;
      } else {
        if (partial) {
          pack_b(p, o.b, column + columns - partial, partial, k, length, packed_b);
          block.b_tail = packed_b;
        }
        block.b = o.b + k * p.ldb + column, block.b_panel_stride = set.panel, block.b_stride = p.ldb;
      }
      block.end = part_of(end, k == k_begin, k + length >= k_end, column);
      for (int64_t row = 0; row < p.m; row += plan.mc) {
        block.rows = lesser(plan.mc, p.m - row);
        block.c = c + row * ldc + column;
        if (plan.pack_a) {
          pack_a(p, o.a, row, block.rows, k, length, packed_a);
          block.a = packed_a, block.a_row_stride = 1, block.a_stride = set.packed_rows;
          block.a_tile_stride = set.packed_rows * length;
        } else {
          block.a = p.transpose_a ? o.a + k * p.lda + row : o.a + row * p.lda + k;
          block.a_row_stride = p.transpose_a ? 1 : p.lda, block.a_stride = p.transpose_a ? p.lda : 1;
        }
        run_blocks(block);
      }
      if (length == 0) break;
    }
  }
}

// c = activation(c (if accumulating) + sums + bias + residual), for sums that were computed elsewhere.
template <class T>
void add_up(const Plan& plan, const GemmOperands<T>& o, const T* sums, int64_t count, int64_t slice_stride) {
  const GemmProblem& p = plan.p;
  for (int64_t i = 0; i < p.m; i++) {
    T* c = o.c + i * p.ldc;
    for (int64_t j = 0; j < p.n; j++) {
      T total = sums[i * p.n + j];
      for (int64_t s = 1; s < count; s++) total += sums[s * slice_stride + i * p.n + j];
      if (p.accumulate) total += c[j];
      if (p.has_bias) total += o.bias[plan.swapped ? 0 : j];
      if (p.has_residual) total += o.residual[i * p.ldc + j];
      c[j] = total;
    }
    tiles<T>().finish(c, p.n, p.activation);
  }
}

// Sums along vectors: rows of a by rows of b, four of b at a time.
template <class T>
void run_dot(const Plan& plan, const GemmOperands<T>& o) {
  constexpr int W = width<T>, together = 4;
  const GemmProblem& p = plan.p;
  const int64_t grain = greater(1, static_cast<int64_t>(task_flops) / (2 * together * (p.m * p.k + 1)));
  parallel_for(0, ceil_div(p.n, together), grain, [&](int64_t first, int64_t last) {
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
          if (p.accumulate) total += c[j + r];
          if (p.has_bias) total += o.bias[plan.swapped ? 0 : j + r];
          if (p.has_residual) total += o.residual[i * p.ldc + j + r];
          c[j + r] = total;
        }
      }
      const int64_t begin = first * together, end = lesser(last * together, p.n);
      tiles<T>().finish(c + begin, end - begin, p.activation);
    }
  });
}

template <class T>
void run(const GemmProblem& problem, const GemmOperands<T>& operands, void* scratch) {
  if (problem.m == 0 || problem.n == 0) return;
  const Plan plan = make_plan<T>(problem);
  const GemmProblem& p = plan.p;
  GemmOperands<T> o = operands;
  if (plan.swapped) o.a = operands.b, o.b = operands.a;
  T* const memory = static_cast<T*>(scratch);
  if (plan.slices > 1) {
    const int64_t stride = p.m * p.n, length = ceil_div(p.k, plan.slices), own = slice_scratch<T>(plan);
    T* const sums = memory + plan.slices * own;
    parallel_for(0, plan.slices, 1, [&](int64_t first, int64_t last) {
      for (int64_t s = first; s < last; s++) {
        const int64_t k = lesser(s * length, p.k);
        run_range(plan, o, TileArguments<T>{}, sums + s * stride, p.n, k, lesser(k + length, p.k),
                  memory + s * own);
      }
    });
    add_up(plan, o, sums, plan.slices, stride);
  } else if (plan.dot) {
    run_dot(plan, o);
  } else {
    TileArguments<T> end = {};
    end.accumulate = p.accumulate;
    end.bias = p.has_bias ? o.bias : nullptr;
    end.bias_scalar = plan.swapped;
    end.residual = p.has_residual ? o.residual : nullptr;
    end.dst_base = o.c;
    end.activation = p.activation;
    run_range(plan, o, end, o.c, p.ldc, 0, p.k, memory);
  }
}

const char* implementation(const GemmProblem& problem) {
  const Plan plan = make_plan<float>(problem);
  return plan.slices > 1 ? "gemm:sliced"
         : plan.dot      ? "gemm:dot"
         : plan.pack_b   ? "gemm:packed"
                         : "gemm:direct";
}

}  // namespace

extern const GemmTable gemm_table = {scratch_bytes<float>, scratch_bytes<double>, run<float>, run<double>,
                                     implementation};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
