// How a product is carried out: follows from its sizes alone. Internal to each file compiled per instruction
// set.
#pragma once
#include "kernels/gemm/tiling.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The most terms of a sum that one pass over the result takes in: a panel of B of that length leaves room in
// the first-level cache. A multiple of `pack_together`.
#if defined(PRONGHORN_ISA_avx512)
constexpr int64_t most_terms = 256;
#else
constexpr int64_t most_terms = 384;
#endif
constexpr int64_t sliced_terms = 256;                  // the same of slices, whose result stays in cache too
constexpr int64_t pack_together = 16;                  // rows of B that are packed across all panels
constexpr int64_t block_bytes = 96 * 1024;             // of A: it stays in the second-level cache
constexpr int64_t packed_bytes = 8 * 1024 * 1024;      // of B, packed at a time
constexpr int64_t slice_length = 640, max_slices = 8;  // of long sums
constexpr int64_t enough_slices = 4;                   // to be tasks without further cuts
constexpr int64_t halved_length = 256;                 // of sums that are cut in two for a copy of a
constexpr double halved_flops = 4e6;                   // of such products, at least
constexpr int64_t sliced_results = 128 * 1024;         // the largest result whose sum is sliced
constexpr int64_t columns_together = 256;  // of B that are packed at a time where panels are the outer loop
constexpr int64_t panel_rows = 192;        // up to here panels are the outer loop
constexpr double least_flops = 6.5e5,
                 many_flops = 1.6e7;  // of a task: where there are few, where there are many
constexpr int64_t few_tasks = 16, most_tasks = 64;
constexpr int64_t cached_bytes = 64 * 1024;  // of panels, while rows of the result are written

struct Plan {
  GemmProblem p;              // one column is turned into one row
  bool swapped = false;       // a and b have changed places
  bool dot = false;           // sums along vectors: few rows times the rows of b
  bool by_rows_of_b = false;  // one row of sums in the first-level cache, to which rows of b are added
  bool pack_a = false;        // blocks of a transposed a are copied tile by tile
  bool pack_b = false;
  bool by_panels = false;  // tasks are groups of panels, each copied just before its use, by all rows; else
                           // blocks of rows by groups of panels of a copy of b
  int64_t slices = 1;      // independent parts of the sum, added in order at the end
  int64_t kc = 0;          // terms that go together
  int64_t nc = 0, ks = 0;  // columns and rows of b that are packed at a time
  int64_t group = 0;       // panels of a task
  int64_t together = 0;    // panels of it that are packed at a time, if by panels
  int64_t block = 0;       // tiles of rows that are packed at a time, if by panels
  int64_t blocks = 0;      // of rows, else
  int64_t packed_a = 0, packed_b = 0;  // elements of scratch, for each task if by panels
  int64_t partial = 0;                 // and for the sums of slices

  int64_t task_scratch() const { return by_panels ? round_up(packed_a, 64) + round_up(packed_b, 64) : 0; }

  double flops() const { return 2.0 * static_cast<double>(p.m * p.n) * static_cast<double>(p.k); }

  // Of products with few rows, which wait for b: what would take as long as to read it.
  double flops_of_reading(int64_t bytes) const {
    const double read = 2.5 * static_cast<double>(p.n * p.k * bytes);
    return read > flops() ? read : flops();
  }
};

// Elements of a packed tile of A, with room behind it for what whole vectors spill.
template <class T>
int64_t packed_tile(int64_t length) {
  return tiles<T>().rows * length + width<T>;
}

// About equal parts of a sum of k terms.
inline int64_t terms_together(int64_t k, int64_t most) {
  return greater(1, lesser(k, round_up(ceil_div(k, greater(1, ceil_div(k, most))), pack_together)));
}

// The power of two of slices of about slice_length.
inline int64_t slices_of(int64_t k) {
  int64_t slices = 1;
  while (slices < max_slices && k / (2 * slices) >= slice_length) slices *= 2;
  return slices;
}

template <class T>
Plan make_plan(const GemmProblem& problem) {
  const TileSet<T>& set = tiles<T>();
  constexpr int64_t bytes = sizeof(T);
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

  if (p.m == 0 || p.n == 0) return plan;
  plan.dot = p.transpose_b && !p.transpose_a && p.m <= 4;
  if (plan.dot) return plan;
  // Long rows are read faster in the order of memory than a tile's few columns of each.
  plan.by_rows_of_b = !p.transpose_b && p.m == 1 && p.n >= 128 && p.k * p.n * bytes > 128 * 1024;
  if (plan.by_rows_of_b) return plan;
  const int64_t row_tiles = ceil_div(p.m, set.rows), panels = ceil_div(p.n, set.panel);
  if (p.m * p.n <= sliced_results && p.m > 4) {
    plan.slices = slices_of(p.k);
    // A slice copies its part of a transposed a once, where each group of panels would copy all of it.
    if (p.transpose_a && p.k >= halved_length && plan.flops() >= halved_flops)
      plan.slices = greater(plan.slices, 2);
  }
  plan.partial = plan.slices > 1 ? plan.slices * p.m * p.n : 0;
  const int64_t k = plan.slices > 1 ? ceil_div(p.k, plan.slices) : p.k;
  // Read in place is best while b stays in the second-level cache, longer so if few rows make use of a copy,
  // and only in the first-level cache if very many do.
  // Beyond the caches a copy is made in the order of memory.
  const int64_t b_bytes = k * p.n * bytes;
  const bool b_in_cache = b_bytes <= 128 * 1024 || (b_bytes <= 512 * 1024 && p.m <= 64);
  plan.pack_b = p.transpose_b || (p.m >= 4 * set.rows && !b_in_cache) ||
                (p.m >= 128 * set.rows && b_bytes > 16 * 1024) ||
                (row_tiles > 1 && b_bytes > 4 * 1024 * 1024);
  plan.pack_a = p.transpose_a && p.m >= 2 * set.rows && panels >= 4 && k >= 64;
  if (plan.slices > 1 && row_tiles > 1) plan.pack_b = true;  // by the tiles, as good as for nothing
  plan.by_panels = plan.slices > 1 || (plan.pack_b && p.m <= panel_rows);
  plan.kc = plan.pack_a || plan.pack_b || plan.by_panels
                ? terms_together(k, plan.slices > 1 ? sliced_terms : most_terms)
                : greater(1, k);

  const double flops = plan.flops();
  const double least = flops / least_flops < few_tasks ? flops / least_flops : few_tasks;
  const double wanted = least > flops / many_flops ? least : flops / many_flops;
  const int64_t target = greater(1, lesser(most_tasks, static_cast<int64_t>(wanted)));
  if (plan.by_panels) {
    plan.group = ceil_div(panels, greater(1, ceil_div(target, plan.slices)));
    // Each group copies a for itself.
    if (plan.slices > 1) plan.group = greater(plan.group, lesser(panels, columns_together / set.panel));
    if (plan.slices >= enough_slices) plan.group = panels;
    plan.together = lesser(plan.group, columns_together / set.panel);
    // Of those that are short as many as stay in the first-level cache, so that rows of the result are
    // written whole.
    const int64_t cached = cached_bytes / (set.panel * plan.kc * bytes);
    if (plan.slices == 1 && cached >= 4) plan.together = lesser(plan.together, cached);
    // Where all panels go together, rows do as far as the second-level cache holds them.
    plan.block = row_tiles;
    if (plan.pack_a && plan.together >= panels) {
      const int64_t most = greater(1, 2 * block_bytes / (packed_tile<T>(plan.kc) * bytes));
      plan.block = ceil_div(row_tiles, ceil_div(row_tiles, most));
    }
    plan.packed_a = plan.pack_a ? plan.block * packed_tile<T>(plan.kc) : 0;
    plan.packed_b = plan.together * set.panel * plan.kc;
    return plan;
  }
  // Enough rows together to make good use of each panel, in about equal blocks. Where rows of a are copied
  // each block does it once, for all panels.
  const int64_t least_tiles = lesser(row_tiles, plan.pack_a ? 8 : 16);
  plan.blocks = greater(1, lesser(row_tiles / least_tiles, target));
  plan.group = plan.pack_a && 2 * plan.blocks > target
                   ? panels
                   : greater(1, ceil_div(panels, ceil_div(target, plan.blocks)));
  plan.nc = p.n, plan.ks = k;
  if (plan.pack_b) {
    const int64_t most = packed_bytes / bytes;
    plan.nc = lesser(panels, greater(512, most / greater(1, round_up(k, plan.kc))) / set.panel) * set.panel;
    plan.ks = lesser(k, greater(1, most / plan.nc / plan.kc) * plan.kc);
  }
  // Without packing only the last, partial panel is copied, so that tiles always read whole vectors.
  plan.packed_b = plan.pack_b ? plan.nc * plan.ks : p.n % set.panel ? set.panel * k : 0;
  return plan;
}

// Tasks that run at a time with scratch of their own.
template <class T>
int64_t panel_tasks(const Plan& plan) {
  return plan.slices * ceil_div(ceil_div(plan.p.n, tiles<T>().panel), plan.group);
}

template <class T>
size_t scratch_bytes(const GemmProblem& problem) {
  const Plan plan = make_plan<T>(problem);
  const int64_t packed = plan.by_panels ? panel_tasks<T>(plan) * plan.task_scratch() : plan.packed_b;
  return static_cast<size_t>(packed + plan.partial) * sizeof(T);
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
