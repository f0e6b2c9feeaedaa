#include "kernels/index/index.h"

#include <algorithm>
#include <cstring>

#include "base/parallel.h"

namespace pronghorn {
namespace {

constexpr int64_t chunk_bytes = 64 * 1024;

// A constant size lets the compiler make a move of it.
void copy_block(char* dst, const char* src, int64_t bytes) {
  switch (bytes) {
    case 1:
      *dst = *src;
      return;
    case 4:
      std::memcpy(dst, src, 4);
      return;
    case 8:
      std::memcpy(dst, src, 8);
      return;
    default:
      std::memcpy(dst, src, bytes);
  }
}

template <class T>
void add_block(T* dst, const T* src, int64_t n) {
  typedef T Block __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));
  constexpr int64_t lanes = 16 / sizeof(T);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    *reinterpret_cast<Block*>(dst + i) += *reinterpret_cast<const Block*>(src + i);
  for (; i < n; i++) dst[i] += src[i];
}

int64_t rows_per_chunk(int64_t row_bytes) {
  return std::max<int64_t>(1, chunk_bytes / std::max<int64_t>(1, row_bytes));
}

}  // namespace

template <class I>
int64_t first_outside(const I* indices, int64_t count, int64_t size) {
  for (int64_t i = 0; i < count; i++)
    if (indices[i] < 0 || indices[i] >= size) return i;
  return -1;
}

template <class I>
void run_take(const IndexProblem& p, const void* src, const I* indices, void* dst, int64_t element) {
  const int64_t block = p.inner * element;
  const auto* from = static_cast<const char*>(src);
  auto* to = static_cast<char*>(dst);
  parallel_for(0, p.outer * p.count, rows_per_chunk(block), [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const int64_t source = at / p.count * p.size + indices[at % p.count];
      copy_block(to + at * block, from + source * block, block);
    }
  });
}

// Work is cut along the destination, so that each element has one writer, which adds in the order of the
// indices. Every task reads all indices: there are few tasks, and one for each outer block where there are
// several.
template <class T, class I>
void run_scatter_add(const IndexProblem& p, const I* indices, const T* updates, T* dst) {
  const int64_t block = p.inner;
  const int64_t parts = p.outer > 1 ? 1 : std::clamp<int64_t>(p.size * block / (64 * 1024), 1, 8);
  const int64_t part = (p.size + parts - 1) / parts;
  const int64_t grain = p.outer > 1 ? rows_per_chunk((p.size + p.count) * block * sizeof(T)) : 1;
  parallel_for(0, p.outer * parts, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t outer = task / parts, first = task % parts * part, last = std::min(first + part, p.size);
      T* to = dst + outer * p.size * block;
      if (first >= last) continue;
      std::fill(to + first * block, to + last * block, T(0));
      const T* from = updates + outer * p.count * block;
      for (int64_t i = 0; i < p.count; i++)
        if (indices[i] >= first && indices[i] < last)
          add_block(to + indices[i] * block, from + i * block, block);
    }
  });
}

template <class I>
int64_t list_distinct(const I* indices, int64_t count, int64_t size, int32_t* place_of, int32_t* places,
                      int32_t* distinct) {
  std::fill(place_of, place_of + size, -1);
  int32_t found = 0;
  for (int64_t i = 0; i < count; i++) {
    int32_t& place = place_of[indices[i]];
    if (place < 0) {
      place = found;
      distinct[found++] = static_cast<int32_t>(indices[i]);
    }
    places[i] = place;
  }
  return found;
}

template <class I>
void list_positions(const I* indices, int64_t count, int64_t rows, int32_t* first, int32_t* next) {
  std::fill(first, first + rows, -1);
  for (int64_t i = count; i-- > 0;) {
    if (indices[i] < 0) continue;
    next[i] = first[indices[i]];
    first[indices[i]] = static_cast<int32_t>(i);
  }
}

template <class T>
void sum_updates(int32_t position, const int32_t* next, const T* updates, int64_t inner, int64_t from,
                 int64_t count, T* dst) {
  std::fill(dst, dst + count, T(0));
  for (; position >= 0; position = next[position]) add_block(dst, updates + position * inner + from, count);
}

template void sum_updates(int32_t, const int32_t*, const float*, int64_t, int64_t, int64_t, float*);
template void sum_updates(int32_t, const int32_t*, const double*, int64_t, int64_t, int64_t, double*);

template <class I>
void run_take_along(int64_t rows, int64_t size, int64_t count, const void* src, const I* indices, void* dst,
                    int64_t element) {
  const auto* from = static_cast<const char*>(src);
  auto* to = static_cast<char*>(dst);
  parallel_for(0, rows, rows_per_chunk(count * element), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++)
      for (int64_t i = row * count; i < (row + 1) * count; i++)
        copy_block(to + i * element, from + (row * size + indices[i]) * element, element);
  });
}

template <class T, class I>
void run_put_along(int64_t rows, int64_t size, int64_t count, const I* indices, const T* updates, T* dst) {
  parallel_for(0, rows, rows_per_chunk(size * sizeof(T)), [&](int64_t begin, int64_t end) {
    std::fill(dst + begin * size, dst + end * size, T(0));
    for (int64_t row = begin; row < end; row++)
      for (int64_t i = row * count; i < (row + 1) * count; i++) dst[row * size + indices[i]] += updates[i];
  });
}

template <class T, class I>
void run_one_hot(int64_t count, int64_t depth, const I* indices, T* dst) {
  parallel_for(0, count, rows_per_chunk(depth * sizeof(T)), [&](int64_t begin, int64_t end) {
    std::fill(dst + begin * depth, dst + end * depth, T(0));
    for (int64_t i = begin; i < end; i++)
      if (indices[i] >= 0 && indices[i] < depth) dst[i * depth + indices[i]] = T(1);
  });
}

#define PRONGHORN_INDEX_TYPES(T, I)                                               \
  template void run_scatter_add(const IndexProblem&, const I*, const T*, T*);     \
  template void run_put_along(int64_t, int64_t, int64_t, const I*, const T*, T*); \
  template void run_one_hot(int64_t, int64_t, const I*, T*);
#define PRONGHORN_INDEX(I)                                                                        \
  template int64_t first_outside(const I*, int64_t, int64_t);                                     \
  template void list_positions(const I*, int64_t, int64_t, int32_t*, int32_t*);                   \
  template int64_t list_distinct(const I*, int64_t, int64_t, int32_t*, int32_t*, int32_t*);       \
  template void run_take(const IndexProblem&, const void*, const I*, void*, int64_t);             \
  template void run_take_along(int64_t, int64_t, int64_t, const void*, const I*, void*, int64_t); \
  PRONGHORN_INDEX_TYPES(float, I)                                                                 \
  PRONGHORN_INDEX_TYPES(double, I)                                                                \
  PRONGHORN_INDEX_TYPES(int32_t, I)                                                               \
  PRONGHORN_INDEX_TYPES(int64_t, I)                                                               \
  PRONGHORN_INDEX_TYPES(uint8_t, I)
PRONGHORN_INDEX(int32_t)
PRONGHORN_INDEX(int64_t)
#undef PRONGHORN_INDEX
#undef PRONGHORN_INDEX_TYPES

}  // namespace pronghorn
