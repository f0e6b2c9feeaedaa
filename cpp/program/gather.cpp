#include "program/gather.h"

#include <cstring>

#include "base/error.h"
#include "base/parallel.h"

namespace pronghorn {
namespace {

using CopyRow = void (*)(const void* src, void* dst, int64_t count);

template <class From, class To>
void cast_row(const void* src, void* dst, int64_t count) {
  const From* from = static_cast<const From*>(src);
  To* to = static_cast<To*>(dst);
  for (int64_t i = 0; i < count; i++) to[i] = static_cast<To>(from[i]);
}

template <class T>
void copy_row(const void* src, void* dst, int64_t count) {
  std::memcpy(dst, src, static_cast<size_t>(count) * sizeof(T));
}

CopyRow row_copier(DType from, DType to) {
  CopyRow copier = nullptr;
  visit_dtype(from, [&](auto a) {
    visit_dtype(to, [&](auto b) {
      using From = decltype(a);
      using To = decltype(b);
      if constexpr (std::is_same_v<From, To>)
        copier = copy_row<To>;
      else
        copier = cast_row<From, To>;
    });
  });
  return copier;
}

constexpr int64_t elements_per_chunk = 1 << 14;

}  // namespace

const void* gather_rows(const BatchSource& source, const TensorType& type, int64_t batch,
                        const int64_t* order, int64_t first, const std::function<void*()>& staging) {
  const int64_t count = batch ? type.count() / batch : 0;  // elements per row
  const int64_t row_bytes = count * static_cast<int64_t>(size_of(type.dtype));
  const char* data = static_cast<const char*>(source.data);
  for (int64_t k = 0; k < batch; k++) {
    const int64_t row = order ? order[k] : first + k;
    if (row < 0 || row >= source.rows)
      fail(ErrorKind::Index, "row ", row, " was asked for, but the array has ", source.rows, " rows");
  }
  if (!order && source.dtype == type.dtype && source.row_stride == row_bytes) return data + first * row_bytes;

  char* dst = static_cast<char*>(staging());
  const CopyRow copy = row_copier(source.dtype, type.dtype);
  parallel_for(0, batch, count ? std::max<int64_t>(1, elements_per_chunk / count) : batch,
               [&](int64_t begin, int64_t end) {
                 for (int64_t k = begin; k < end; k++) {
                   const int64_t row = order ? order[k] : first + k;
                   copy(data + row * source.row_stride, dst + k * row_bytes, count);
                 }
               });
  return dst;
}

}  // namespace pronghorn
