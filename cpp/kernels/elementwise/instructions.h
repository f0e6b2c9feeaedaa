// The instructions of tile programs. Each is a loop over one tile: contiguous sources, or sources that hold
// one value.
#pragma once
#include <cstdint>

namespace pronghorn {

// X(name, number of sources, cost): cost is the time per element in units of one addition, for the grain of
// parallel work.
// clang-format off: it would move this table to the right a little more each time
// From dropout on they draw random numbers (is_random).
#define PRONGHORN_TILE_OPS(X)                                                                             \
  X(add, 2, 1) X(subtract, 2, 1) X(multiply, 2, 1) X(divide, 2, 2) X(floor_divide, 2, 40) X(mod, 2, 40)   \
  X(power, 2, 60) X(maximum, 2, 1) X(minimum, 2, 1) X(equal, 2, 1) X(not_equal, 2, 1) X(less, 2, 1)       \
  X(less_equal, 2, 1) X(greater, 2, 1) X(greater_equal, 2, 1) X(logical_and, 2, 1) X(logical_or, 2, 1)    \
  X(logical_not, 1, 1) X(negative, 1, 1) X(abs, 1, 1) X(sign, 1, 1) X(square, 1, 1) X(sqrt, 1, 4)         \
  X(rsqrt, 1, 6) X(reciprocal, 1, 2) X(exp, 1, 4) X(expm1, 1, 4) X(log, 1, 6) X(log1p, 1, 10)             \
  X(sin, 1, 8) X(cos, 1, 8) X(tan, 1, 10) X(tanh, 1, 6) X(sigmoid, 1, 6) X(softplus, 1, 14)               \
  X(softsign, 1, 3) X(erf, 1, 8) X(floor, 1, 1) X(ceil, 1, 1) X(round, 1, 1) X(relu, 1, 1) X(elu, 1, 5)   \
  X(selu, 1, 5) X(leaky_relu, 1, 1) X(hard_sigmoid, 1, 2) X(is_nan, 1, 1) X(is_inf, 1, 1) X(where, 3, 1)  \
  X(clip, 1, 1) X(cast, 1, 1) X(relu_grad, 2, 1) X(sigmoid_grad, 2, 1) X(tanh_grad, 2, 1)                 \
  X(dropout, 2, 3) X(random_uniform, 1, 6) X(random_normal, 1, 16) X(random_truncated_normal, 1, 16)      \
  X(random_bernoulli, 1, 6)
// clang-format on

enum class TileOp : uint8_t {
#define PRONGHORN_TILE_NAME(name, sources, cost) name,
  PRONGHORN_TILE_OPS(PRONGHORN_TILE_NAME)
#undef PRONGHORN_TILE_NAME
      count
};
constexpr int tile_op_count = static_cast<int>(TileOp::count);

struct TileArguments {
  void* dst;
  const void* src[3];
  int64_t step[3];  // elements from one lane's source to the next: 1, or 0 where src holds one vector of
                    // equal lanes
  int64_t n;        // elements
  int64_t first;    // index of the first of them in the whole tensor: what random numbers depend on
  double immediate[2];
  uint64_t seed;
};
using TileFunction = void (*)(const TileArguments&);

// Columns follow DType; files compiled per instruction set do not include base/dtype.h, which needs the
// library's containers.
constexpr int tile_dtype_count = 6;
template <class T>
constexpr int tile_dtype = -1;
template <>
constexpr int tile_dtype<float> = 0;
template <>
constexpr int tile_dtype<double> = 1;
template <>
constexpr int tile_dtype<int32_t> = 2;
template <>
constexpr int tile_dtype<int64_t> = 3;
template <>
constexpr int tile_dtype<uint8_t> = 4;
template <>
constexpr int tile_dtype<bool> = 5;  // a byte of 0 or 1

// What a source file offers: the function of an instruction on sources of a type; nullptr where it has none.
struct TileTable {
  TileFunction function[tile_op_count][tile_dtype_count];

  // row(T{}, arguments) for each type T.
  template <class... T, class Row>
  constexpr void set(TileOp op, Row) {
    ((function[static_cast<int>(op)][tile_dtype<T>] =
          [](const TileArguments& arguments) { Row{}(T{}, arguments); }),
     ...);
  }
};

// [source type][result type]
struct CastTable {
  TileFunction function[tile_dtype_count][tile_dtype_count];
};

const TileTable& arithmetic_table();
const TileTable& functions_table();
const TileTable& random_table();
const CastTable& cast_table();

}  // namespace pronghorn
