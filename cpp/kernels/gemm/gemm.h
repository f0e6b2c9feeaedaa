// Matrix multiplication: c = activation(a · b + bias + residual), or c += a · b, or relu's derivative of a ·
// b.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pronghorn {

enum class Activation : int32_t { Linear, Relu, Sigmoid, Tanh };

struct GemmProblem {
  int64_t m = 0, n = 0, k = 0;        // c is m × n; the sum runs over k
  bool transpose_a = false;           // a is stored k × m instead of m × k
  bool transpose_b = false;           // b is stored n × k instead of k × n
  int64_t lda = 0, ldb = 0, ldc = 0;  // elements from one stored row to the next
  bool accumulate = false;            // c += a · b
  bool has_bias = false;              // n values, added to every row
  bool has_residual = false;          // m × n values with the row stride ldc, added
  Activation activation = Activation::Linear;
  bool has_mask = false;   // m × n values with the row stride ldc: c is 0 where they are not above 0, and
  double mask_factor = 1;  // multiplied by this elsewhere
};

// Row-major operands without gaps.
inline GemmProblem dense_gemm(int64_t m, int64_t n, int64_t k, bool transpose_a = false,
                              bool transpose_b = false) {
  GemmProblem p;
  p.m = m, p.n = n, p.k = k;
  p.transpose_a = transpose_a, p.transpose_b = transpose_b;
  p.lda = transpose_a ? m : k, p.ldb = transpose_b ? k : n, p.ldc = n;
  return p;
}

template <class T>
struct GemmOperands {
  const T* a;
  const T* b;
  T* c;
  const T* bias = nullptr;
  const T* residual = nullptr;
  const T* mask = nullptr;
};

struct GemmTable {
  // Bytes of scratch that a run needs; it must be 64-byte aligned and holds nothing between runs.
  size_t (*scratch_float)(const GemmProblem&);
  size_t (*scratch_double)(const GemmProblem&);
  void (*run_float)(const GemmProblem&, const GemmOperands<float>&, void* scratch);
  void (*run_double)(const GemmProblem&, const GemmOperands<double>&, void* scratch);
  const char* (*implementation)(const GemmProblem&);  // "gemm:packed", "gemm:direct", …
};
const GemmTable& gemm_table();

inline size_t gemm_scratch(const GemmTable& table, const GemmProblem& p, float) {
  return table.scratch_float(p);
}
inline size_t gemm_scratch(const GemmTable& table, const GemmProblem& p, double) {
  return table.scratch_double(p);
}
inline void gemm(const GemmTable& table, const GemmProblem& p, const GemmOperands<float>& o, void* scratch) {
  table.run_float(p, o, scratch);
}
inline void gemm(const GemmTable& table, const GemmProblem& p, const GemmOperands<double>& o, void* scratch) {
  table.run_double(p, o, scratch);
}

// Many independent products of the same sizes: product i reads a + a_offsets[i] and so on. Serial inside each
// product when they are small, so that the products are what is spread over the threads.
struct GemmBatch {
  int64_t count = 1;
  const int64_t* a_offsets = nullptr;  // in elements, `count` of each
  const int64_t* b_offsets = nullptr;
  int64_t c_stride = 0;
};
template <class T>
size_t gemm_batch_scratch(const GemmTable&, const GemmProblem&, const GemmBatch&);
template <class T>
void gemm_batch(const GemmTable&, const GemmProblem&, const GemmBatch&, const GemmOperands<T>&,
                void* scratch);

}  // namespace pronghorn
