// Tile programs: one mechanism for a single elementwise op and for fused chains of them. A short list of
// instructions runs over one tile of the output after the other, with intermediate results in registers of a
// few kilobytes that stay in the L1 cache. Inputs that lie as the output does are read in place, and results
// are written in place; what is broadcast is spread into a register first.
#pragma once
#include <array>
#include <vector>

#include "base/tensor.h"
#include "kernels/elementwise/instructions.h"

namespace pronghorn {

const char* name_of(TileOp op);
int source_count(TileOp op);
bool is_random(TileOp op);                // its last source is the step, one int64
int tile_op_from_name(const char* name);  // -1: there is none
bool tile_supports(TileOp op, DType dtype);

struct TileInstruction {
  TileOp op;
  DType dtype;   // of the numbers it computes with: of its sources (of src 1 and 2 for where)
  DType result;  // of what it gives
  std::array<int, 3> source = {};  // k >= 0: input k; k < 0: the result of instruction ~k
  std::array<double, 2> immediate = {};
  int64_t seed = 0;
};

struct TileProgram {
  std::vector<TileInstruction> instructions;
  std::vector<int>
      outputs;  // the instructions whose results are stored, in order; the last instruction is among them
};

// A program prepared for given shapes, on the active instruction set. Input shapes broadcast to `shape`.
class TileKernel {
 public:
  TileKernel(const TileProgram& program, const std::vector<TensorType>& inputs, const Shape& shape);
  void run(const void* const* src, void* const* dst) const;

  static constexpr int max_registers = 16;
  // How many registers the program needs; inputs of another shape than the output count as one each.
  static int registers(const TileProgram& program, const std::vector<TensorType>& inputs, const Shape& shape);

 private:
  enum class Mode : uint8_t {
    Direct,    // as the output: read in place
    Scalar,    // one value: spread over one vector
    Periodic,  // the same in every tile: spread into a register once per chunk
    Strided    // spread into a register for each tile
  };
  struct Input {
    Mode mode;
    int bytes;      // of an element
    int slot = -1;  // register
    Shape strides;  // in elements, over the collapsed axes; 0 where broadcast
  };
  struct Operation {
    TileFunction function;
    int sources;
    std::array<int, 3> source;
    std::array<double, 2> immediate;
    uint64_t seed;
    int slot = -1, output = -1;  // where the result goes: a register, or an output
  };
  struct Spread {
    const char* data;
    int64_t step;  // as in TileArguments
  };

  void choose_tile(int slots, int64_t cost, int64_t widest);
  void run_range(const void* const* src, void* const* dst, int64_t begin, int64_t end) const;
  Spread spread(const Input& input, const char* src, int64_t first, int64_t n, char* slot) const;

  Shape axes_;  // the output's, collapsed
  int64_t count_ = 1, tile_ = 1, grain_ = 1;
  int slot_bytes_ = 0;
  std::vector<Input> inputs_;
  std::vector<Operation> operations_;
  std::vector<int> output_bytes_;
};

}  // namespace pronghorn
