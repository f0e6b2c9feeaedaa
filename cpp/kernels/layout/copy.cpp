#include <algorithm>
#include <cstring>

#include "base/parallel.h"
#include "kernels/layout/layout.h"

namespace pronghorn {
namespace {

constexpr int64_t chunk_bytes = 128 * 1024;
constexpr int64_t tile = 16;  // of a transpose: 16 elements of 4 bytes fill a cache line

// Runs of 4 or 8 bytes may be several narrower elements, so they are only as aligned as those: hence memcpy,
// which is one move.
template <class T>
void copy_row(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t n) {
  T value;
  if (dst_stride == static_cast<int64_t>(sizeof(T)) && src_stride == 0) {
    std::memcpy(&value, src, sizeof(T));
    for (int64_t i = 0; i < n; i++) std::memcpy(dst + i * sizeof(T), &value, sizeof(T));
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    std::memcpy(&value, src + i * src_stride, sizeof(T));
    std::memcpy(dst + i * dst_stride, &value, sizeof(T));
  }
}

void copy_runs(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t n, int64_t run) {
  switch (run) {
    case 1:
      return copy_row<uint8_t>(src, src_stride, dst, dst_stride, n);
    case 4:
      return copy_row<uint32_t>(src, src_stride, dst, dst_stride, n);
    case 8:
      return copy_row<uint64_t>(src, src_stride, dst, dst_stride, n);
    default:
      for (int64_t i = 0; i < n; i++) std::memcpy(dst + i * dst_stride, src + i * src_stride, run);
  }
}

// dst[i][j] = src[j][i] for i < rows, j < columns; both are contiguous along their last index.
template <class T>
void transpose_scalar(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t rows,
                      int64_t columns) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      reinterpret_cast<T*>(dst + i * dst_stride)[j] = reinterpret_cast<const T*>(src + j * src_stride)[i];
}

typedef uint32_t Four __attribute__((vector_size(16)));
typedef uint32_t FourUnaligned __attribute__((vector_size(16), aligned(4), may_alias));

void transpose_four(const char* src, int64_t src_stride, char* dst, int64_t dst_stride) {
  const auto row = [&](int j) -> Four {
    return *reinterpret_cast<const FourUnaligned*>(src + j * src_stride);
  };
  const Four a = row(0), b = row(1), c = row(2), d = row(3);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
             ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
             cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const auto put = [&](int i, Four v) { *reinterpret_cast<FourUnaligned*>(dst + i * dst_stride) = v; };
  put(0, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
  put(1, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
  put(2, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
  put(3, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

void transpose_words(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t rows,
                     int64_t columns) {
  const int64_t full_rows = rows & ~int64_t{3}, full_columns = columns & ~int64_t{3};
  for (int64_t i = 0; i < full_rows; i += 4)
    for (int64_t j = 0; j < full_columns; j += 4)
      transpose_four(src + j * src_stride + i * 4, src_stride, dst + i * dst_stride + j * 4, dst_stride);
  transpose_scalar<uint32_t>(src + full_columns * src_stride, src_stride, dst + full_columns * 4, dst_stride,
                             full_rows, columns - full_columns);
  transpose_scalar<uint32_t>(src + full_rows * 4, src_stride, dst + full_rows * dst_stride, dst_stride,
                             rows - full_rows, columns);
}

void transpose_tile(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t rows,
                    int64_t columns, int64_t run) {
  switch (run) {
    case 1:
      return transpose_scalar<uint8_t>(src, src_stride, dst, dst_stride, rows, columns);
    case 4:
      return transpose_words(src, src_stride, dst, dst_stride, rows, columns);
    default:
      return transpose_scalar<uint64_t>(src, src_stride, dst, dst_stride, rows, columns);
  }
}

// Walks the axes of a plan but for `skip` and the last one.
struct Odometer {
  const CopyPlan& plan;
  int skip;
  int64_t at[CopyPlan::max_rank] = {};
  int64_t src = 0, dst = 0;

  Odometer(const CopyPlan& plan, int skip, int64_t index) : plan(plan), skip(skip) {
    for (int axis = plan.rank - 2; axis >= 0; axis--) {
      if (axis == skip) continue;
      at[axis] = index % plan.sizes[axis];
      index /= plan.sizes[axis];
      src += at[axis] * plan.src_strides[axis];
      dst += at[axis] * plan.dst_strides[axis];
    }
  }

  void step() {
    for (int axis = plan.rank - 2; axis >= 0; axis--) {
      if (axis == skip) continue;
      src += plan.src_strides[axis];
      dst += plan.dst_strides[axis];
      if (++at[axis] < plan.sizes[axis]) return;
      src -= plan.sizes[axis] * plan.src_strides[axis];
      dst -= plan.sizes[axis] * plan.dst_strides[axis];
      at[axis] = 0;
    }
  }
};

void run_transpose(const CopyPlan& plan, const char* src, char* dst) {
  const int axis = plan.transposed_axis, last = plan.rank - 1;
  const int64_t rows = plan.sizes[axis], columns = plan.sizes[last];
  const int64_t src_stride = plan.src_strides[last], dst_stride = plan.dst_strides[axis];
  const int64_t outer = plan.count / (rows * columns);
  const int64_t bands =
      (rows + tile - 1) / tile;  // a band of `tile` rows of the destination is the unit of work
  const int64_t grain = std::max<int64_t>(1, chunk_bytes / (tile * columns * plan.run));
  parallel_for(0, outer * bands, grain, [&](int64_t begin, int64_t end) {
    Odometer odometer(plan, axis, begin / bands);
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t i = unit % bands * tile;
      for (int64_t j = 0; j < columns; j += tile)
        transpose_tile(src + odometer.src + i * plan.run + j * src_stride, src_stride,
                       dst + odometer.dst + i * dst_stride + j * plan.run, dst_stride,
                       std::min(tile, rows - i), std::min(tile, columns - j), plan.run);
      if (unit % bands == bands - 1) odometer.step();
    }
  });
}

}  // namespace

CopyPlan plan_copy(const std::vector<int64_t>& sizes, const std::vector<int64_t>& src_strides,
                   int64_t src_offset, const std::vector<int64_t>& dst_strides, int64_t dst_offset,
                   int64_t element) {
  CopyPlan plan;
  plan.src_offset = src_offset * element;
  plan.dst_offset = dst_offset * element;
  plan.run = element;
  plan.count = 1;
  for (int64_t size : sizes) plan.count *= size;
  if (plan.count == 0) return plan;
  for (size_t axis = 0; axis < sizes.size(); axis++) {
    if (sizes[axis] == 1) continue;
    const int64_t size = sizes[axis], src = src_strides[axis] * element, dst = dst_strides[axis] * element;
    const int outer = plan.rank - 1;
    if (outer >= 0 && plan.src_strides[outer] == size * src && plan.dst_strides[outer] == size * dst) {
      plan.sizes[outer] *= size;
      plan.src_strides[outer] = src;
      plan.dst_strides[outer] = dst;
      continue;
    }
    plan.sizes[plan.rank] = size;
    plan.src_strides[plan.rank] = src;
    plan.dst_strides[plan.rank] = dst;
    plan.rank++;
  }
  const int last = plan.rank - 1;
  if (last >= 0 && plan.src_strides[last] == element && plan.dst_strides[last] == element) {
    plan.run = plan.sizes[last] * element;
    plan.count /= plan.sizes[last];
    plan.rank--;
  } else if (last >= 0 && plan.dst_strides[last] == element) {
    for (int axis = 0; axis < last; axis++)
      if (plan.src_strides[axis] == element && plan.src_strides[last] > 0) plan.transposed_axis = axis;
  }
  return plan;
}

void run_copy(const CopyPlan& plan, const void* src_bytes, void* dst_bytes) {
  if (plan.count == 0) return;
  const char* src = static_cast<const char*>(src_bytes) + plan.src_offset;
  char* dst = static_cast<char*>(dst_bytes) + plan.dst_offset;
  if (plan.transposed_axis >= 0) return run_transpose(plan, src, dst);
  if (plan.rank == 0) {
    parallel_for(0, plan.run, chunk_bytes,
                 [&](int64_t begin, int64_t end) { std::memcpy(dst + begin, src + begin, end - begin); });
    return;
  }
  const int last = plan.rank - 1;
  const int64_t n = plan.sizes[last], src_stride = plan.src_strides[last],
                dst_stride = plan.dst_strides[last];
  if (plan.rank == 1) {
    const int64_t grain = std::max<int64_t>(1, chunk_bytes / plan.run);
    parallel_for(0, n, grain, [&](int64_t begin, int64_t end) {
      copy_runs(src + begin * src_stride, src_stride, dst + begin * dst_stride, dst_stride, end - begin,
                plan.run);
    });
    return;
  }
  const int64_t grain = std::max<int64_t>(1, chunk_bytes / (n * plan.run));
  parallel_for(0, plan.count / n, grain, [&](int64_t begin, int64_t end) {
    Odometer odometer(plan, -1, begin);
    for (int64_t row = begin; row < end; row++, odometer.step())
      copy_runs(src + odometer.src, src_stride, dst + odometer.dst, dst_stride, n, plan.run);
  });
}

}  // namespace pronghorn
