#include "kernels/reduce/reduce.h"

#include <algorithm>

#include "base/buffer.h"
#include "base/parallel.h"
#include "kernels/table.h"

namespace pronghorn {

PRONGHORN_KERNEL_TABLES(ReduceTable, reduce_table)

namespace {

constexpr int64_t chunk_elements = 64 * 1024;
constexpr int64_t few = 8;  // independent results: with more of them the reduced axis is not cut

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

ReduceStage make_stage(int64_t outer, int64_t reduced, int64_t inner) {
  ReduceStage stage{outer, reduced, inner, reduced, 1};
  if (outer < few && inner < chunk_elements && reduced * inner >= 2 * chunk_elements) {
    stage.chunk = std::max<int64_t>(chunk_elements / inner, 64);
    stage.chunks = ceil_div(reduced, stage.chunk);
  }
  return stage;
}

// One pass: the pieces of the reduced axis of each of `outer` blocks, into (outer, chunks, inner).
void run_pieces(const ReducePlan& plan, const ReduceStage& s, const char* src, char* dst) {
  const int op = static_cast<int>(plan.op), dtype = static_cast<int>(plan.dtype);
  const auto bytes = static_cast<int64_t>(size_of(plan.dtype));
  if (s.inner == 1 && s.chunks == 1) {
    parallel_for(0, s.outer, std::max<int64_t>(chunk_elements / std::max<int64_t>(s.reduced, 1), 1),
                 [&](int64_t begin, int64_t end) {
                   plan.table->rows[op][dtype](src + begin * s.reduced * bytes, end - begin, s.reduced,
                                               dst + begin * bytes);
                 });
    return;
  }
  // Columns in strips, so that wide blocks of few rows are shared out too.
  const int64_t strip =
      std::max<int64_t>(ceil_div(chunk_elements / std::max<int64_t>(s.chunk, 1), 64), 1) * 64;
  const int64_t strips = ceil_div(s.inner, strip), units = s.outer * s.chunks * strips;
  const int64_t cost = std::max<int64_t>(s.chunk * std::min(strip, s.inner), 1);
  parallel_for(0, units, std::max<int64_t>(chunk_elements / cost, 1), [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t column = unit % strips * strip, piece = unit / strips, chunk = piece % s.chunks;
      const int64_t first = chunk * s.chunk, count = std::min(s.chunk, s.reduced - first);
      const char* from = src + ((piece / s.chunks * s.reduced + first) * s.inner + column) * bytes;
      char* to = dst + (piece * s.inner + column) * bytes;
      if (s.inner == 1)
        plan.table->rows[op][dtype](from, 1, count, to);
      else
        plan.table->columns[op][dtype](from, count, s.inner, std::min(strip, s.inner - column), to);
    }
  });
}

}  // namespace

bool reduce_supports(ReduceOp op, DType dtype) {
  return reduce_table().rows[static_cast<int>(op)][static_cast<int>(dtype)] != nullptr;
}

ReducePlan plan_reduce(ReduceOp op, DType dtype, const Shape& shape, const std::vector<bool>& reduces) {
  ReducePlan plan{op, dtype, 1, {}, 0, &reduce_table()};
  // Neighbouring axes of the same fate are one.
  std::vector<std::pair<int64_t, bool>> groups;
  for (int axis = 0; axis < shape.rank(); axis++) {
    if (shape[axis] == 1) continue;
    if (groups.empty() || groups.back().second != reduces[axis]) groups.push_back({1, reduces[axis]});
    groups.back().first *= shape[axis];
  }
  // From the last reduced group to the first, so that each stage reads whole rows.
  for (size_t i = groups.size(); i-- > 0;) {
    if (!groups[i].second) continue;
    int64_t outer = 1, inner = 1;
    for (size_t k = 0; k < groups.size(); k++)
      if (k < i)
        outer *= groups[k].first;
      else if (k > i && !groups[k].second)
        inner *= groups[k].first;
    plan.stages.push_back(make_stage(outer, groups[i].first, inner));
  }
  if (plan.stages.empty()) plan.stages.push_back(make_stage(shape.count(), 1, 1));
  for (size_t i = 0; i < plan.stages.size(); i++) {
    const ReduceStage& stage = plan.stages[i];
    const size_t results = static_cast<size_t>(stage.outer * stage.inner) * size_of(dtype);
    if (stage.chunks > 1) plan.scratch += Buffer::aligned(results * stage.chunks);
    if (i + 1 < plan.stages.size()) plan.scratch += Buffer::aligned(results);
  }
  return plan;
}

void run_reduce(const ReducePlan& plan, const void* from, void* to, void* scratch) {
  const char* src = static_cast<const char*>(from);
  char* free = static_cast<char*>(scratch);
  auto take = [&](size_t bytes) {
    char* taken = free;
    free += Buffer::aligned(bytes);
    return taken;
  };
  for (size_t i = 0; i < plan.stages.size(); i++) {
    const ReduceStage& stage = plan.stages[i];
    const size_t results = static_cast<size_t>(stage.outer * stage.inner) * size_of(plan.dtype);
    char* dst = i + 1 < plan.stages.size() ? take(results) : static_cast<char*>(to);
    if (stage.chunks > 1) {
      char* pieces = take(results * stage.chunks);
      run_pieces(plan, stage, src, pieces);
      run_pieces(plan, {stage.outer, stage.chunks, stage.inner, stage.chunks, 1}, pieces, dst);
    } else {
      run_pieces(plan, stage, src, dst);
    }
    src = dst;
  }
  if (plan.divisor != 1) {
    const ReduceStage& last = plan.stages.back();
    plan.table->divide[static_cast<int>(plan.dtype)](to, last.outer * last.inner, plan.divisor);
  }
}

}  // namespace pronghorn
