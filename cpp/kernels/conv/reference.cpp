// The definitions, one product at a time, summed in double.
#include <cmath>
#include <type_traits>

#include "kernels/conv/conv.h"
#include "kernels/conv/depthwise.h"

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

int64_t flat(const int64_t (&size)[3], const int64_t (&at)[3]) {
  return (at[0] * size[1] + at[1]) * size[2] + at[2];
}

template <class F>
void for_each(const int64_t (&size)[3], const F& f) {
  int64_t at[3];
  for (at[0] = 0; at[0] < size[0]; at[0]++)
    for (at[1] = 0; at[1] < size[1]; at[1]++)
      for (at[2] = 0; at[2] < size[2]; at[2]++) f(at);
}

// Calls f(src pixel, dst pixel, tap) for all that meet, batch included in the pixels.
template <class F>
void for_each_meeting(const ConvProblem& p, const F& f) {
  for (int64_t sample = 0; sample < p.batch; sample++)
    for_each(p.dst, [&](const int64_t (&dst)[3]) {
      for_each(p.kernel, [&](const int64_t (&tap)[3]) {
        int64_t src[3];
        for (int axis = 0; axis < 3; axis++) {
          src[axis] = dst[axis] * p.stride[axis] + tap[axis] * p.dilation[axis] - p.pad[axis];
          if (src[axis] < 0 || src[axis] >= p.src[axis]) return;
        }
        f(sample * p.src_pixels() + flat(p.src, src), sample * p.dst_pixels() + flat(p.dst, dst),
          flat(p.kernel, tap));
      });
    });
}

// Sums in double: as many as c has, then rounded.
template <class T>
struct Sums {
  double* data;
  explicit Sums(int64_t count) : data(new double[static_cast<size_t>(count)]()) {}
  ~Sums() { delete[] data; }
  void store(T* to, int64_t count) const {
    for (int64_t i = 0; i < count; i++) to[i] = static_cast<T>(data[i]);
  }
};

// What each pair of channels contributes where a source pixel, a tap and a result pixel meet.
enum class Direction { Forward, BackwardData, BackwardWeights };

template <class T, Direction direction, bool depthwise>
void run(const ConvProblem& p, const ConvOperands<T>& o, void*) {
  const int64_t ic = p.ic, oc = p.oc, multiplier = depthwise ? oc / ic : oc;
  const int64_t count = direction == Direction::Forward        ? p.batch * p.dst_pixels() * oc
                        : direction == Direction::BackwardData ? p.batch * p.src_pixels() * ic
                                                               : p.taps() * ic * multiplier;
  Sums<T> sums(count);
  for_each_meeting(p, [&](int64_t src, int64_t dst, int64_t tap) {
    for (int64_t i = 0; i < ic; i++)
      for (int64_t m = 0; m < multiplier; m++) {
        const int64_t s = src * ic + i, d = dst * oc + (depthwise ? i * multiplier + m : m),
                      w = (tap * ic + i) * multiplier + m;
        if (direction == Direction::Forward) sums.data[d] += double(o.a[s]) * double(o.b[w]);
        if (direction == Direction::BackwardData) sums.data[s] += double(o.a[d]) * double(o.b[w]);
        if (direction == Direction::BackwardWeights) sums.data[w] += double(o.a[s]) * double(o.b[d]);
      }
  });
  if (direction == Direction::Forward)
    for (int64_t i = 0; i < count; i++) {
      if (p.has_bias) sums.data[i] += o.bias[i % oc];
      if (p.has_residual) sums.data[i] += o.residual[i];
      sums.data[i] = activate(sums.data[i], p.activation);
    }
  if (direction == Direction::BackwardData && p.has_mask)
    for (int64_t i = 0; i < count; i++) sums.data[i] = o.mask[i] > 0 ? sums.data[i] * p.mask_factor : 0;
  sums.store(o.c, count);
  if (direction == Direction::BackwardWeights && p.has_diff_bias) {
    Sums<T> bias(oc);
    for (int64_t i = 0; i < p.batch * p.dst_pixels() * oc; i++) bias.data[i % oc] += o.b[i];
    bias.store(o.diff_bias, oc);
  }
}

size_t scratch(const ConvProblem&) {
  return 0;
}

template <Direction direction, bool depthwise>
constexpr ConvKernel kernel(const char* name) {
  return {scratch, scratch, run<float, direction, depthwise>, run<double, direction, depthwise>, name};
}

}  // namespace

extern const ConvTable conv_table = {kernel<Direction::Forward, false>("conv:reference"),
                                     kernel<Direction::BackwardData, false>("conv_backward_data:reference")};
extern const ConvWeightsTable conv_weights_table = {
    kernel<Direction::BackwardWeights, false>("conv_backward_weights:reference")};
extern const DepthwiseTable depthwise_table = {
    kernel<Direction::Forward, true>("depthwise_conv:reference"),
    kernel<Direction::BackwardData, true>("depthwise_conv_backward_data:reference"),
    kernel<Direction::BackwardWeights, true>("depthwise_conv_backward_weights:reference")};

}  // namespace pronghorn::Reference
