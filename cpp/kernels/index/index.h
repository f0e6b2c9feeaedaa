// Moving and choosing elements by index. Elements are bytes of a given size where they are only moved.
#pragma once
#include <cstdint>

namespace pronghorn {

// A tensor seen as outer x size x inner round the indexed axis.
struct IndexProblem {
  int64_t outer = 1, size = 1, inner = 1;  // inner: elements
  int64_t count = 0;                       // indices
};

// The first position whose index is outside [0, size), or -1.
template <class I>
int64_t first_outside(const I* indices, int64_t count, int64_t size);

// dst[o, i] = src[o, indices[i]], blocks of inner elements of `element` bytes.
template <class I>
void run_take(const IndexProblem& problem, const void* src, const I* indices, void* dst, int64_t element);

// dst = 0, then dst[o, indices[i]] += updates[o, i] in the order of i.
template <class T, class I>
void run_scatter_add(const IndexProblem& problem, const I* indices, const T* updates, T* dst);

// The distinct indices in the order in which they come first, and for each index its place among them;
// returns how many there are. `place_of` is scratch for `size` numbers.
template <class I>
int64_t list_distinct(const I* indices, int64_t count, int64_t size, int32_t* place_of, int32_t* places,
                      int32_t* distinct);

// The positions at which each row is named by the indices: first[row], from there on next[position], -1 ends.
// Negative indices name no row.
template <class I>
void list_positions(const I* indices, int64_t count, int64_t rows, int32_t* first, int32_t* next);

// What run_scatter_add adds up for a row whose positions begin with `position`: `count` elements from `from`
// on of rows of `inner`.
template <class T>
void sum_updates(int32_t position, const int32_t* next, const T* updates, int64_t inner, int64_t from,
                 int64_t count, T* dst);

// dst[r, i] = src[r, indices[r, i]] for rows of `size` elements and `count` indices each.
template <class I>
void run_take_along(int64_t rows, int64_t size, int64_t count, const void* src, const I* indices, void* dst,
                    int64_t element);
// dst = 0, then dst[r, indices[r, i]] += updates[r, i].
template <class T, class I>
void run_put_along(int64_t rows, int64_t size, int64_t count, const I* indices, const T* updates, T* dst);

// dst[i, indices[i]] = 1, 0 elsewhere; an index outside [0, depth) gives a row of zeros.
template <class T, class I>
void run_one_hot(int64_t count, int64_t depth, const I* indices, T* dst);

// --- order: greater first (or smaller first), NaN as the greatest, equal elements by position
// -----------------

// The k greatest elements of each row of `columns`, greatest first.
template <class T>
void run_top_k(int64_t rows, int64_t columns, int64_t k, const T* src, T* values, int32_t* indices);

// The positions of each row's elements in ascending (or descending) order.
template <class T>
void run_argsort(int64_t rows, int64_t columns, bool descending, const T* src, int32_t* indices);

// Whether fewer than k elements of the row are greater than that of the target.
template <class T, class I>
void run_in_top_k(int64_t rows, int64_t columns, int64_t k, const T* predictions, const I* targets,
                  bool* dst);

}  // namespace pronghorn
