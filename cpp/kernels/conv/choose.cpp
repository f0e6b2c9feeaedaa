#include "kernels/conv/choose.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/conv/few_channels.h"
#include "kernels/conv/maxima.h"
#include "kernels/conv/winograd.h"
#include "kernels/conv/winograd_tiling.h"

namespace pronghorn {
namespace {

enum Use { Off, On, Accurate, Force, Only };  // from Only on: that tile alone
constexpr const char* use_names[] = {"off",     "on",      "accurate", "force",  "4x4_3x3",
                                     "2x2_3x3", "2x2_5x5", "4x4_5x5",  "6x6_3x3"};

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

// What each part of the loops takes on an instruction set, in nanoseconds on one processor of each kind:
// fitted to the times of some hundred random convolutions. Only their relations matter.
struct Balance {
  int64_t lanes, rows;  // of a vector, of a tile of direct convolution
  // direct: a multiply-add of vectors, in the gradient by the weights too; a tap of a tile; a vector of the
  // packed weights; a call; behind maxima the list of a pixel's gradients, beside what is done with them
  double direct, direct_weights, run, pack, call, list;
  // minimal filtering: a multiply-add of vectors, an instruction of transforms of the image and back, of the
  // kernel, of its gradient; a tile
  double product, transform, kernel, kernel_gradient, tile;
};

Balance balance_of(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return {16, 14, 0.207, 0.245, 16.6, 2.12, 805, 11, 0.241, 0.537, 0.525, 0.670, 12};
    case Isa::avx2:
      return {8, 6, 0.161, 0.180, 4.75, 0.64, 1370, 9, 0.184, 0.366, 0.323, 0.458, 14};
    case Isa::neon:  // not fitted: counted for two pipes at 3 GHz, which is half of a Neoverse V1 or an M1
      return {4, 8, 0.170, 0.180, 4.75, 0.61, 1370, 9, 0.180, 0.332, 0.249, 0.357, 20};
    default:
      return {4, 4, 0.242, 0.265, 2.77, 0.61, 1940, 9, 0.267, 0.332, 0.249, 0.357, 44};
  }
}

struct TileTraits {
  int64_t m, r;
  double input, output, expand,
      kernel;      // instructions that transform a vector of channels, loads and stores included
  double product;  // time of a multiply-add over that of 36 numbers and fewer, whose U stays in a cache
  // The largest of 16, 64 and 256 channels in any direction, in units of a float's last bit (2⁻²³) of the
  // largest result; that of direct sums is 2 to 5.
  double error;
};
constexpr TileTraits traits[winograd_tiles] = {
    {4, 3, 216, 152, 142, 171, 1, 66},    {2, 3, 64, 44, 32, 60, 1, 6},
    {2, 5, 216, 96, 64, 303, 1, 103},     {4, 5, 512, 272, 224, 505, 1.15, 64},
    {6, 3, 512, 380, 352, 293, 1.15, 79},
};
constexpr double most_error = 168, most_error_accurate = 8;  // 2e-5 and 1e-6
// What makes it worth rounding otherwise than direct sums do: a part of their time, and nanoseconds.
constexpr double least_part = 0.1, least_gain = 5000;

double in_parts(int64_t n, int64_t part) {
  return static_cast<double>((n + part - 1) / part);
}

// A direction as a convolution of `terms` channels into `columns`.
struct Sizes {
  int64_t terms, columns, height, width;
  double images, pixels, taps;

  Sizes(ConvDirection direction, const ConvProblem& p) {
    const bool turned = direction == ConvDirection::BackwardData;
    terms = turned ? p.oc : p.ic, columns = turned ? p.ic : p.oc;
    height = (turned ? p.src : p.dst)[1], width = (turned ? p.src : p.dst)[2];
    images = static_cast<double>(p.batch * p.src[0]);
    pixels = images * static_cast<double>(height * width);
    taps = static_cast<double>(p.taps());
  }
};

// The kernel for few channels, or null.
const ConvKernel* few_channels(ConvDirection direction, const ConvProblem& p) {
  if (direction == ConvDirection::BackwardData || !suits_few_channels(p)) return nullptr;
  // The gradient of a single tap waits for memory: the kernel that fetches ahead is the faster one.
  if (direction == ConvDirection::BackwardWeights && p.taps() == 1) return nullptr;
  const ConvKernel& kernel = direction == ConvDirection::Forward
                                 ? few_channels_table().forward
                                 : few_channels_weights_table().backward_weights;
  return kernel.run_float ? &kernel : nullptr;
}

// The kernel for gradients behind maxima, or null.
const ConvKernel* maxima(ConvDirection direction, const ConvProblem& p) {
  if (direction == ConvDirection::Forward || !suits_maxima(p)) return nullptr;
  const ConvKernel& kernel = direction == ConvDirection::BackwardData
                                 ? maxima_table().backward_data
                                 : maxima_weights_table().backward_weights;
  return kernel.run_float ? &kernel : nullptr;
}

double direct_time(ConvDirection direction, const ConvProblem& p, const Balance& b) {
  const Sizes s(direction, p);
  const double terms = static_cast<double>(s.terms), vectors = in_parts(s.columns, b.lanes),
               panels = in_parts(s.columns, 2 * b.lanes), sums = s.pixels * s.taps * terms * vectors;
  if (few_channels(direction, p)) return sums * b.direct + b.call;
  if (direction == ConvDirection::BackwardWeights) {
    // columns that do not fill vectors change places with the channels
    const double filled = 1.2 * static_cast<double>(s.columns) / static_cast<double>(b.lanes);
    return sums * std::min(1.0, filled / vectors) * b.direct_weights + s.taps * terms * vectors * b.pack +
           b.call;
  }
  return sums * b.direct + s.pixels / static_cast<double>(b.rows) * panels * s.taps * b.run +
         s.taps * terms * vectors * b.pack + b.call;
}

// Behind relu or dropout some windows have no gradient: how many is not known beforehand.
constexpr double windows_with_gradient = 0.6;

double maxima_time(ConvDirection direction, const ConvProblem& p, const Balance& b) {
  const Sizes s(direction, p);
  const double pixels = s.images * static_cast<double>(p.dst_pixels() / p.src[0]);
  const double gradients =
      windows_with_gradient * pixels * static_cast<double>(p.oc) / static_cast<double>(p.pool[1] * p.pool[2]);
  const double sums = gradients * s.taps * in_parts(p.ic, b.lanes);
  if (direction == ConvDirection::BackwardWeights) return sums * 1.3 * b.direct_weights + b.call;
  const double lists =
      pixels * static_cast<double>(p.kernel[1]) * in_parts(p.ic, 4 * b.lanes) * in_parts(p.oc, 64);
  return sums * 1.15 * b.direct + lists * b.list + b.call;
}

double winograd_time(ConvDirection direction, const ConvProblem& p, const Balance& b, const TileTraits& t) {
  const Sizes s(direction, p);
  const bool gradient = direction == ConvDirection::BackwardWeights;
  const Tiling tiling =
      direction == ConvDirection::BackwardData ? Tiling::of_image(t.m, p) : Tiling::of_result(t.m, p);
  const double tiles = static_cast<double>(tiling.count), a = static_cast<double>(t.m + t.r - 1),
               vectors = in_parts(s.columns, b.lanes), of_kernel = static_cast<double>(s.terms) * vectors;
  return tiles * a * a * of_kernel * t.product * b.product +
         tiles * (in_parts(s.terms, b.lanes) * t.input + vectors * (gradient ? t.expand : t.output)) *
             b.transform +
         of_kernel * t.kernel * (gradient ? b.kernel_gradient : b.kernel) + tiles * b.tile;
}

bool possible(const ConvProblem& p, const TileTraits& t) {
  for (int axis = 0; axis < 3; axis++)
    if (p.stride[axis] != 1 || p.pad[axis] % p.dilation[axis] != 0) return false;
  if (has_phases(p) && p.has_pool()) return false;
  return p.dilation[0] == 1 && p.kernel[0] == 1 && p.pad[0] == 0 && p.src[0] == p.dst[0] &&
         p.kernel[1] == t.r && p.kernel[2] == t.r;
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
  if (const ConvKernel* few = few_channels(direction, p)) best = few;
  const Use setting = use();
  const Balance balance = balance_of(active_isa());
  const ConvKernel* const of_maxima = is_float && setting < Force ? maxima(direction, p) : nullptr;
  if (of_maxima) best = of_maxima;
  if (!is_float || setting == Off) return *best;
  const double direct = of_maxima ? maxima_time(direction, p, balance) : direct_time(direction, p, balance);
  double least = setting >= Force ? __builtin_inf() : direct - std::max(least_part * direct, least_gain);
  for (int tile = 0; tile < winograd_tiles; tile++) {
    const TileTraits& t = traits[tile];
    const ConvKernel& kernel = kernel_of(direction, tile);
    if (!kernel.run_float || !possible(p, t) || (of_maxima && !kernel.can_pool(p))) continue;
    if (setting >= Only && tile != setting - Only) continue;
    if (setting < Force && t.error > (setting == Accurate ? most_error_accurate : most_error)) continue;
    const double time = winograd_time(direction, p, balance, t);
    if (time < least) least = time, best = &kernel;
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
