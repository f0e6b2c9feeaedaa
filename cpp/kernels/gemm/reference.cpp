// The definition, one element at a time, summed in double.
#include <cmath>

#include "kernels/gemm/gemm.h"

namespace pronghorn::Reference {
namespace {

double activate(double x, Activation activation) {
  switch (activation) {
    case Activation::Relu:
      return x < 0 ? 0 : x;
    case Activation::Sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::Tanh:
      return std::tanh(x);
    default:
      return x;
  }
}

template <class T>
void run(const GemmProblem& p, const GemmOperands<T>& o, void*) {
  for (int64_t i = 0; i < p.m; i++)
    for (int64_t j = 0; j < p.n; j++) {
      double sum = 0;
      for (int64_t k = 0; k < p.k; k++)
        sum += double(o.a[p.transpose_a ? k * p.lda + i : i * p.lda + k]) *
               double(o.b[p.transpose_b ? j * p.ldb + k : k * p.ldb + j]);
      T& c = o.c[i * p.ldc + j];
      if (p.accumulate) sum += c;
      if (p.has_bias) sum += o.bias[j];
      if (p.has_residual) sum += o.residual[i * p.ldc + j];
      sum = activate(sum, p.activation);
      if (p.has_mask) sum = o.mask[i * p.ldc + j] > 0 ? sum * p.mask_factor : 0;
      c = static_cast<T>(sum);
    }
}

size_t scratch(const GemmProblem&) {
  return 0;
}
const char* implementation(const GemmProblem&) {
  return "gemm:reference";
}

}  // namespace

extern const GemmTable gemm_table = {scratch, scratch, run<float>, run<double>, implementation};

}  // namespace pronghorn::Reference
