#include <algorithm>
#include <cstring>

#include "base/parallel.h"
#include "kernels/layout/layout.h"

namespace pronghorn {
namespace {

constexpr int64_t chunk_bytes = 128 * 1024;

int64_t source_of(int64_t index, int64_t size, PadMode mode) {
  if (index >= 0 && index < size) return index;
  if (mode == PadMode::Constant) return -1;
  const int64_t edge =
      mode == PadMode::Reflect ? 0 : 1;  // symmetric repeats the border element, reflect does not
  return index < 0 ? -index - edge : 2 * size - 2 - index + edge;
}

void fill(const PadPlan& plan, char* dst, int64_t bytes) {
  const bool same_bytes =
      std::all_of(plan.value, plan.value + plan.element, [&](uint8_t byte) { return byte == plan.value[0]; });
  if (same_bytes) {
    std::memset(dst, plan.value[0], bytes);
    return;
  }
  for (int64_t i = 0; i < bytes; i += plan.element) std::memcpy(dst + i, plan.value, plan.element);
}

}  // namespace

PadPlan plan_pad(const Shape& src, const std::vector<int64_t>& before, const std::vector<int64_t>& after,
                 PadMode mode, const void* value, int64_t element) {
  PadPlan plan;
  plan.element = element;
  std::memcpy(plan.value, value, element);
  int last = 0;  // an axis even where nothing is padded
  for (int axis = 0; axis < src.rank(); axis++)
    if (before[axis] || after[axis]) last = axis;
  plan.rank = std::min(last + 1, src.rank());
  plan.rows = 1;
  plan.src_strides = strides_of(src);
  for (int axis = 0; axis < plan.rank; axis++) {
    const int64_t size = before[axis] + src[axis] + after[axis];
    plan.src_strides[axis] *= element;
    std::vector<int64_t> sources(size);
    for (int64_t i = 0; i < size; i++) sources[i] = source_of(i - before[axis], src[axis], mode);
    plan.sources.push_back(std::move(sources));
    if (axis < last) plan.rows *= size;
  }
  plan.run = src.count(plan.rank, src.rank()) * element;
  if (plan.rank > 0) {
    plan.begin = before[last];
    plan.end = before[last] + src[last];
  }
  return plan;
}

void run_pad(const PadPlan& plan, const void* src_bytes, void* dst_bytes) {
  const char* src = static_cast<const char*>(src_bytes);
  char* dst = static_cast<char*>(dst_bytes);
  if (plan.rank == 0) {
    std::memcpy(dst, src, plan.run);
    return;
  }
  const auto& inner = plan.sources[plan.rank - 1];
  const auto size = static_cast<int64_t>(inner.size());
  const int64_t row_bytes = size * plan.run;
  if (row_bytes == 0) return;
  const int64_t grain = std::max<int64_t>(1, chunk_bytes / row_bytes);
  parallel_for(0, plan.rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      char* out = dst + row * row_bytes;
      int64_t offset = 0, rest = row;
      bool inside = true;
      for (int axis = plan.rank - 2; axis >= 0; axis--) {
        const auto& sources = plan.sources[axis];
        const int64_t source = sources[rest % static_cast<int64_t>(sources.size())];
        rest /= static_cast<int64_t>(sources.size());
        inside = inside && source >= 0;
        offset += source * plan.src_strides[axis];
      }
      if (!inside) {
        fill(plan, out, row_bytes);
        continue;
      }
      const auto border = [&](int64_t from, int64_t to) {
        if (from == to) return;
        if (inner[from] < 0) return fill(plan, out + from * plan.run, (to - from) * plan.run);
        for (int64_t i = from; i < to; i++)
          std::memcpy(out + i * plan.run, src + offset + inner[i] * plan.run, plan.run);
      };
      border(0, plan.begin);
      std::memcpy(out + plan.begin * plan.run, src + offset, (plan.end - plan.begin) * plan.run);
      border(plan.end, size);
    }
  });
}

}  // namespace pronghorn
