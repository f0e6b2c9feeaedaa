// Convolution over up to three spatial axes, channels last: src (batch, d, h, w, ic), weights (kd, kh, kw,
// ic, oc), dst (batch, …, oc). Axes that a problem lacks have size 1.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/gemm/gemm.h"

namespace pronghorn {

struct ConvProblem {
  int64_t batch = 1, ic = 1, oc = 1;
  int64_t src[3] = {1, 1, 1}, dst[3] = {1, 1, 1}, kernel[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1};
  int64_t pad[3] = {0, 0, 0};                   // zeros before each axis; how many follow shows in dst
  bool has_bias = false, has_residual = false;  // of the forward direction only, as is the activation
  Activation activation = Activation::Linear;
  int64_t pool[3] = {1, 1, 1};  // forward: only the maxima of such windows of the result are kept; what is
                                // left at its edges is dropped. backward: only their gradients are given
  bool has_mask = false;   // of the backward data direction: diff_src is 0 where the mask is not above 0, and
  double mask_factor = 1;  // multiplied by this elsewhere
  bool has_diff_bias = false;  // of the backward weights direction
  int64_t workers = 1;         // threads that may run at once, each with scratch memory of its own

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  bool has_pool() const { return pool[0] * pool[1] * pool[2] > 1; }
  int64_t src_pixels() const { return src[0] * src[1] * src[2]; }
  int64_t dst_pixels() const { return dst[0] * dst[1] * dst[2]; }
  double flops() const {  // of the direct sum, the same in all directions
    return 2.0 * static_cast<double>(batch * dst_pixels() * taps()) * static_cast<double>(ic * oc);
  }
};

template <class T>
struct ConvOperands {
  const T* a;  // forward: src          backward data: diff_dst    backward weights: src
  const T* b;  //          weights                     weights                       diff_dst
  T* c;        //          dst                         diff_src                      diff_weights
  const T* bias = nullptr;
  const T* residual = nullptr;
  const T* mask = nullptr;    // backward data: as large as diff_src
  T* diff_bias = nullptr;     // backward weights: the sum of diff_dst over all pixels, where it is wanted
  uint8_t* places = nullptr;  // forward: which element of its window each maximum is, where that is wanted
  const uint8_t* diff_places = nullptr;  // backward: the same for each number of diff_dst
};

// One direction of the convolution.
struct ConvKernel {
  size_t (*scratch_float)(const ConvProblem&);
  size_t (*scratch_double)(const ConvProblem&);
  void (*run_float)(const ConvProblem&, const ConvOperands<float>&, void* scratch);
  void (*run_double)(const ConvProblem&, const ConvOperands<double>&, void* scratch);
  const char* implementation;
  int64_t tile = 1;  // windows whose sizes divide it may be given by their maxima; 0: all

  bool can_pool(const ConvProblem& p) const {
    return p.pool[0] == 1 && p.pool[1] == p.pool[2] && tile % p.pool[1] == 0;
  }
};

struct ConvTable {
  ConvKernel forward, backward_data;
};
struct ConvWeightsTable {
  ConvKernel backward_weights;
};
const ConvTable& conv_table();
const ConvWeightsTable& conv_weights_table();

}  // namespace pronghorn
