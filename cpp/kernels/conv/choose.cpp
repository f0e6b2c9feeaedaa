#include "kernels/conv/choose.h"

#include <atomic>
#include <cstdlib>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/conv/winograd.h"

namespace pronghorn {
namespace {

enum Use { Off, On, Accurate, Force, Only };  // from Only on: that tile alone
constexpr const char* use_names[] = {"off", "on", "accurate", "force", "4x4_3x3", "2x2_3x3", "2x2_5x5"};

Use use_from_name(const std::string& name) {
  if (name == "0") return Off;
  if (name == "1") return On;
  std::string known;
  for (int i = 0; i < Only + winograd_tiles; i++) {
    if (name == use_names[i]) return static_cast<Use>(i);
    known += std::string(i ? ", " : "") + use_names[i];
  }
  fail(ErrorKind::Value, "winograd: there is no setting \"", name, "\"; there are: ", known);
}

std::atomic<Use>& use() {
  static std::atomic<Use> setting = [] {
    const char* given = std::getenv("PRONGHORN_WINOGRAD");
    return given && *given ? use_from_name(given) : On;
  }();
  return setting;
}

// What an instruction set does in a cycle, measured on the loops themselves.
struct Balance {
  double lanes;            // of a vector
  double direct, product;  // multiply-add instructions per cycle in direct convolution and in products
  double transform;        // instructions of transforms per cycle, their loads and stores included
};

Balance balance_of(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return {16, 1.8, 1.7, 0.8};
    case Isa::avx2:
      return {8, 1.8, 1.7, 0.8};
    default:
      return {4, 1.6, 1.6, 0.8};
  }
}

struct TileTraits {
  int64_t m, r;
  double input, output, expand, kernel;  // instructions to transform a vector's channels
  double error;                          // largest, over that of direct sums
};
constexpr TileTraits traits[winograd_tiles] = {
    {4, 3, 12 * 12 + 72, 10 * 10 + 52, 10 * 9 + 52, 9 * 14 + 45, 12},
    {2, 3, 8 * 4 + 32, 6 * 4 + 20, 6 * 2 + 20, 7 * 5 + 25, 3},
    {2, 5, 12 * 12 + 72, 8 * 7 + 40, 8 * 5 + 40, 11 * 22 + 61, 12},
};
constexpr double most_error = 16, most_error_accurate = 4;

double vectors(int64_t channels, const Balance& b) {
  return static_cast<double>((channels + static_cast<int64_t>(b.lanes) - 1) / static_cast<int64_t>(b.lanes));
}

double direct_cycles(ConvDirection direction, const ConvProblem& p, const Balance& b) {
  const bool backward = direction == ConvDirection::BackwardData;
  const int64_t terms = backward ? p.oc : p.ic, columns = backward ? p.ic : p.oc;
  const int64_t pixels = p.batch * (backward ? p.src_pixels() : p.dst_pixels());
  return static_cast<double>(pixels * p.taps() * terms) * vectors(columns, b) / b.direct;
}

double winograd_cycles(ConvDirection direction, const ConvProblem& p, const Balance& b, const TileTraits& t) {
  const bool backward = direction == ConvDirection::BackwardData;
  const int64_t (&size)[3] = backward ? p.src : p.dst;
  const int64_t terms = backward ? p.oc : p.ic, columns = backward ? p.ic : p.oc, a = t.m + t.r - 1;
  const double tiles =
      static_cast<double>(p.batch * p.src[0] * ((size[1] + t.m - 1) / t.m) * ((size[2] + t.m - 1) / t.m));
  const double other = direction == ConvDirection::BackwardWeights ? t.expand : t.output;
  const double products = static_cast<double>(a * a * terms) * vectors(columns, b);
  return tiles * (products / b.product +
                  (vectors(terms, b) * t.input + vectors(columns, b) * other) / b.transform) +
         static_cast<double>(terms) * vectors(columns, b) * t.kernel * 4 / b.transform;
}

bool possible(const ConvProblem& p, const TileTraits& t) {
  for (int axis = 0; axis < 3; axis++)
    if (p.stride[axis] != 1 || p.dilation[axis] != 1) return false;
  return p.kernel[0] == 1 && p.pad[0] == 0 && p.src[0] == p.dst[0] && p.kernel[1] == t.r &&
         p.kernel[2] == t.r;
}

const ConvKernel& kernel_of(ConvDirection direction, int tile) {
  return direction == ConvDirection::Forward        ? winograd_table().forward[tile]
         : direction == ConvDirection::BackwardData ? winograd_table().backward_data[tile]
                                                    : winograd_weights_table().backward_weights[tile];
}

}  // namespace

const ConvKernel& choose_conv(ConvDirection direction, const ConvProblem& p, bool is_float) {
  const ConvKernel* best = direction == ConvDirection::Forward ? &conv_table().forward
                           : direction == ConvDirection::BackwardData
                               ? &conv_table().backward_data
                               : &conv_weights_table().backward_weights;
  const Use setting = use();
  if (!is_float || setting == Off) return *best;
  const Balance balance = balance_of(active_isa());
  double least = setting >= Force ? __builtin_inf() : direct_cycles(direction, p, balance);
  for (int tile = 0; tile < winograd_tiles; tile++) {
    const TileTraits& t = traits[tile];
    const ConvKernel& kernel = kernel_of(direction, tile);
    if (!kernel.run_float || !possible(p, t)) continue;
    if (setting >= Only && tile != setting - Only) continue;
    if (setting < Force && t.error > (setting == Accurate ? most_error_accurate : most_error)) continue;
    const double cycles = winograd_cycles(direction, p, balance, t);
    if (cycles < least) least = cycles, best = &kernel;
  }
  return *best;
}

std::string winograd_use() {
  return use_names[use()];
}
void set_winograd_use(const std::string& name) {
  use() = use_from_name(name);
}

}  // namespace pronghorn
