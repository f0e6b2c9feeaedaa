#include "kernels/elementwise/program.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/parallel.h"

namespace pronghorn {
namespace {

struct Row {
  const char* name;
  int sources, cost;
};
constexpr Row rows[] = {
#define PRONGHORN_TILE_ROW(name, sources, cost) {#name, sources, cost},
    PRONGHORN_TILE_OPS(PRONGHORN_TILE_ROW)
#undef PRONGHORN_TILE_ROW
};
const Row& row(TileOp op) {
  return rows[static_cast<int>(op)];
}

constexpr int register_bytes =
    32 * 1024;                   // of all registers: most of an L1 cache, and small enough for any stack
constexpr int vector_slot = 64;  // the widest vector
constexpr int max_inputs = 24;
constexpr int64_t chunk_cost = 32 * 1024;  // additions that are worth a thread's attention, about 3 us

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

static_assert(tile_dtype<float> == static_cast<int>(DType::Float32) &&
              tile_dtype<bool> == static_cast<int>(DType::Bool));

// nullptr where the op is not defined for the type.
TileFunction function_of(TileOp op, DType dtype, DType result) {
  if (op == TileOp::cast) return cast_table().function[static_cast<int>(dtype)][static_cast<int>(result)];
  for (const TileTable* table : {&arithmetic_table(), &functions_table(), &random_table()})
    if (auto f = table->function[static_cast<int>(op)][static_cast<int>(dtype)]) return f;
  return nullptr;
}

// Strides of `shape` broadcast to `to`, in elements.
Shape broadcast_strides(const Shape& shape, const Shape& to) {
  Shape strides = to;
  const int offset = to.rank() - shape.rank();
  const Shape own = strides_of(shape);
  for (int axis = 0; axis < to.rank(); axis++)
    strides[axis] = axis < offset || shape[axis - offset] == 1 ? 0 : own[axis - offset];
  return strides;
}

// Merges neighbouring axes that all strides step through as one, and drops those of size 1.
Shape collapse(const Shape& shape, std::vector<Shape>& strides) {
  std::vector<int64_t> sizes;
  std::vector<std::vector<int64_t>> kept(strides.size());
  for (int axis = 0; axis < shape.rank(); axis++) {
    if (shape[axis] == 1) continue;
    bool merges = !sizes.empty();
    for (size_t k = 0; k < strides.size() && merges; k++)
      merges = kept[k].back() == strides[k][axis] * shape[axis];
    if (!merges) sizes.push_back(1);
    sizes.back() *= shape[axis];
    for (size_t k = 0; k < strides.size(); k++) {
      if (!merges) kept[k].push_back(0);
      kept[k].back() = strides[k][axis];
    }
  }
  for (size_t k = 0; k < strides.size(); k++) strides[k] = Shape(kept[k]);
  return Shape(sizes);
}

constexpr int fill_excess = 63;

// n copies of a value, and up to fill_excess bytes more: four 16-byte vectors are written at a time.
template <class T>
void fill(char* to, const char* value, int64_t n) {
  typedef T Vector __attribute__((vector_size(16)));
  T x;
  std::memcpy(&x, value, sizeof x);
  const Vector vector = x - Vector{};
  for (int64_t i = 0; i < n * static_cast<int64_t>(sizeof(T)); i += 64)
#pragma GCC unroll 4
    for (int k = 0; k < 64; k += 16) std::memcpy(to + i + k, &vector, 16);
}

void fill(char* to, const char* value, int64_t n, int bytes) {
  bytes == 4   ? fill<uint32_t>(to, value, n)
  : bytes == 8 ? fill<uint64_t>(to, value, n)
               : fill<uint8_t>(to, value, n);
}

// For each instruction the last one that reads its result.
std::vector<int> last_uses(const TileProgram& program) {
  std::vector<int> last(program.instructions.size(), -1);
  for (size_t i = 0; i < program.instructions.size(); i++)
    for (int k = 0; k < source_count(program.instructions[i].op); k++)
      if (const int source = program.instructions[i].source[k]; source < 0)
        last[~source] = static_cast<int>(i);
  return last;
}

// Gives each result that is not stored a register, which is free again after the last use. Returns how many
// registers there are from `first` on.
int allocate(const TileProgram& program, int first, std::vector<int>& slots) {
  const std::vector<int> last = last_uses(program);
  slots.assign(program.instructions.size(), -1);
  std::vector<int> busy_until;  // per register the last reader of what it holds
  for (int i = 0; i < static_cast<int>(slots.size()); i++) {
    if (std::count(program.outputs.begin(), program.outputs.end(), i)) continue;
    // Not the register of a source that is read here for the last time: the widths may differ.
    auto at = std::find_if(busy_until.begin(), busy_until.end(), [&](int until) { return until < i; });
    if (at == busy_until.end()) at = busy_until.insert(at, 0);
    *at = last[i];
    slots[i] = first + static_cast<int>(at - busy_until.begin());
  }
  return static_cast<int>(busy_until.size());
}

}  // namespace

const char* name_of(TileOp op) {
  return row(op).name;
}
int source_count(TileOp op) {
  return row(op).sources;
}
bool tile_supports(TileOp op, DType dtype) {
  return function_of(op, dtype, dtype) != nullptr;
}
bool is_random(TileOp op) {
  return op >= TileOp::dropout;
}
int tile_op_from_name(const char* name) {
  for (int i = 0; i < tile_op_count; i++)
    if (!std::strcmp(rows[i].name, name)) return i;
  return -1;
}

int TileKernel::registers(const TileProgram& program, const std::vector<TensorType>& inputs,
                          const Shape& shape) {
  std::vector<int> slots;
  int spread = 0;
  for (const TensorType& input : inputs) spread += !(input.shape == shape) && input.count() > 1;
  return spread + allocate(program, 0, slots);
}

TileKernel::TileKernel(const TileProgram& program, const std::vector<TensorType>& inputs, const Shape& shape)
    : count_(shape.count()) {
  std::vector<Shape> strides;
  for (const TensorType& input : inputs) strides.push_back(broadcast_strides(input.shape, shape));
  strides.push_back(strides_of(shape));
  axes_ = collapse(shape, strides);
  for (size_t k = 0; k < inputs.size(); k++) {
    const bool scalar = inputs[k].count() == 1, same = strides[k] == strides.back();
    inputs_.push_back({scalar ? Mode::Scalar
                       : same ? Mode::Direct
                              : Mode::Strided,
                       static_cast<int>(size_of(inputs[k].dtype)), -1, strides[k]});
  }
  int slots_used = 0;
  for (Input& input : inputs_)
    if (input.mode == Mode::Strided) input.slot = slots_used++;
  std::vector<int> slots;
  slots_used += allocate(program, slots_used, slots);

  int64_t cost = 0, widest = 1;
  for (size_t i = 0; i < program.instructions.size(); i++) {
    const TileInstruction& instruction = program.instructions[i];
    const Row& info = row(instruction.op);
    const auto stored = std::find(program.outputs.begin(), program.outputs.end(), static_cast<int>(i));
    const TileFunction function = function_of(instruction.op, instruction.dtype, instruction.result);
    if (!function) fail(ErrorKind::Internal, info.name, ": no instruction for ", name_of(instruction.dtype));
    operations_.push_back(
        {function, info.sources, instruction.source, instruction.immediate,
         static_cast<uint64_t>(instruction.seed), slots[i],
         stored == program.outputs.end() ? -1 : static_cast<int>(stored - program.outputs.begin())});
    cost += info.cost * (instruction.dtype == DType::Float64 ? 2 : 1);
    if (slots[i] >= 0) widest = std::max(widest, static_cast<int64_t>(size_of(instruction.result)));
  }
  for (int output : program.outputs)
    output_bytes_.push_back(static_cast<int>(size_of(program.instructions[output].result)));
  for (const Input& input : inputs_) {
    if (input.mode != Mode::Strided) continue;
    widest = std::max<int64_t>(widest, input.bytes);
    cost += 2;
  }
  if (slots_used > max_registers || inputs.size() > max_inputs)
    fail(ErrorKind::Internal, "a tile program needs ", slots_used, " registers and ", inputs.size(),
         " inputs");

  choose_tile(slots_used, cost, widest);
}

// As many elements as the registers leave room for; without registers a whole chunk is one tile.
void TileKernel::choose_tile(int slots, int64_t cost, int64_t widest) {
  const int64_t grain = std::max<int64_t>(chunk_cost / std::max<int64_t>(cost, 1), 256);
  tile_ = slots ? std::min<int64_t>(register_bytes / widest / slots / 64 * 64, 2048) : grain;
  // Tiles end where the inner axes end, as far as those fit: then what repeats outside of them is the same in
  // each tile. A longer inner axis is cut evenly.
  int64_t period = 1;
  int outer = axes_.rank();
  while (outer > 0 && period * axes_[outer - 1] <= tile_) period *= axes_[--outer];
  if (period > 1 && outer > 0) {
    tile_ = tile_ / period * period;
  } else if (outer == axes_.rank() && outer > 1) {
    const int64_t pieces = ceil_div(axes_.back(), tile_);
    tile_ = ceil_div(axes_.back(), pieces);
  }
  for (Input& input : inputs_) {
    const auto outermost = input.strides.begin();
    if (input.mode == Mode::Strided && period > 1 &&
        std::all_of(outermost, outermost + outer, [](int64_t stride) { return stride == 0; }))
      input.mode = Mode::Periodic;
  }
  slot_bytes_ = static_cast<int>(ceil_div(tile_ * widest + fill_excess, vector_slot) * vector_slot);
  grain_ = std::max<int64_t>(grain / tile_, 1) * tile_;
}

// Elements [first, first + n) of an input in the order of the output: in place if they lie together, one
// vector of them if they are all the same, else copied to the register.
TileKernel::Spread TileKernel::spread(const Input& input, const char* src, int64_t first, int64_t n,
                                      char* slot) const {
  const int last = axes_.rank() - 1;
  int64_t index[Shape::max_rank], rest = first, offset = 0;
  for (int axis = last; axis >= 0; axis--) {
    index[axis] = rest % axes_[axis];
    rest /= axes_[axis];
    offset += index[axis] * input.strides[axis];
  }
  const int64_t row = axes_[last];
  const bool along = input.strides[last] == 1;
  if (index[last] + n <= row) {
    if (along) return {src + offset * input.bytes, 1};
    fill(slot, src + offset * input.bytes, vector_slot / input.bytes, input.bytes);
    return {slot, 0};
  }
  char* to = slot;
  while (n > 0) {
    const int64_t run = std::min(n, row - index[last]);
    if (along)
      std::memcpy(to, src + offset * input.bytes, run * input.bytes);
    else
      fill(to, src + offset * input.bytes, run, input.bytes);
    to += run * input.bytes;
    n -= run;
    offset -= index[last] * input.strides[last];
    index[last] = 0;
    for (int axis = last - 1; axis >= 0; axis--) {
      offset += input.strides[axis];
      if (++index[axis] < axes_[axis]) break;
      offset -= axes_[axis] * input.strides[axis];
      index[axis] = 0;
    }
  }
  return {slot, 1};
}

void TileKernel::run_range(const void* const* src, void* const* dst, int64_t begin, int64_t end) const {
  alignas(64) char registers[register_bytes + 2 * max_registers * vector_slot];
  alignas(64) char scalars[max_inputs][vector_slot];
  Spread input_at[max_inputs];
  const int64_t longest = std::min(tile_, end - begin);
  for (size_t k = 0; k < inputs_.size(); k++) {
    const Input& input = inputs_[k];
    input_at[k] = {static_cast<const char*>(src[k]), 1};
    if (input.mode == Mode::Scalar) {
      fill(scalars[k], input_at[k].data, vector_slot / input.bytes, input.bytes);
      input_at[k] = {scalars[k], 0};
    } else if (input.mode == Mode::Periodic) {
      input_at[k] = spread(input, input_at[k].data, begin, longest, registers + input.slot * slot_bytes_);
    }
  }
  for (int64_t first = begin; first < end; first += tile_) {
    const int64_t n = std::min(tile_, end - first);
    for (size_t k = 0; k < inputs_.size(); k++)
      if (const Input& input = inputs_[k]; input.mode == Mode::Strided)
        input_at[k] =
            spread(input, static_cast<const char*>(src[k]), first, n, registers + input.slot * slot_bytes_);
    for (const Operation& operation : operations_) {
      TileArguments arguments;
      for (int k = 0; k < operation.sources; k++) {
        const int source = operation.source[k];
        arguments.step[k] = 1;
        if (source >= 0) {
          const Input& input = inputs_[source];
          arguments.step[k] = input_at[source].step;
          arguments.src[k] = input_at[source].data + (input.mode == Mode::Direct ? first * input.bytes : 0);
        } else {
          const Operation& made = operations_[~source];
          arguments.src[k] = made.output >= 0 ? static_cast<const char*>(dst[made.output]) +
                                                    first * output_bytes_[made.output]
                                              : registers + made.slot * slot_bytes_;
        }
      }
      arguments.dst = operation.output >= 0 ? static_cast<char*>(dst[operation.output]) +
                                                  first * output_bytes_[operation.output]
                                            : registers + operation.slot * slot_bytes_;
      arguments.n = n;
      arguments.first = first;
      arguments.immediate[0] = operation.immediate[0];
      arguments.immediate[1] = operation.immediate[1];
      arguments.seed = operation.seed;
      operation.function(arguments);
    }
  }
}

void TileKernel::run(const void* const* src, void* const* dst) const {
  parallel_for(0, count_, grain_, [&](int64_t begin, int64_t end) { run_range(src, dst, begin, end); });
}

}  // namespace pronghorn
