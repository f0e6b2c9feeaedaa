// Tile programs as attributes and as steps, and the op "fused" that fusion makes of several elementwise ops.
#include "graph/ops/elementwise.h"
#include "graph/ops/families.h"

namespace pronghorn {
namespace {

using Ints = std::vector<int64_t>;
using Strings = std::vector<std::string>;

// The numbers that an instruction takes from the attributes of its op.
std::array<double, 2> immediates(TileOp op, const Attributes& attributes) {
  auto number = [&](const char* name, double otherwise) { return attributes.get<double>(name, otherwise); };
  switch (op) {
    case TileOp::elu:
      return {number("alpha", 1), 0};
    case TileOp::selu:
      return {1.6732632423543772, 1.0507009873554805};
    case TileOp::leaky_relu:
      return {number("alpha", 0.3), 0};
    case TileOp::clip:
      return {attributes.get<double>("min"), attributes.get<double>("max")};
    case TileOp::dropout:
      return {attributes.get<double>("rate"), 0};
    case TileOp::random_uniform: {
      const double low = number("minval", 0);
      return {low, number("maxval", 1) - low};
    }
    case TileOp::random_normal:
    case TileOp::random_truncated_normal:
      return {number("mean", 0), number("stddev", 1)};
    case TileOp::random_bernoulli:
      return {number("p", 0.5), 0};
    default:
      return {0, 0};
  }
}

std::vector<TensorType> infer_fused(const InferContext& context) {
  const TileProgram program = fused_program(context.attributes);
  const Shape shape(context.attributes.get<Ints>("shape"));
  std::vector<TensorType> outputs;
  for (int output : program.outputs) outputs.push_back({shape, program.instructions[output].result});
  return outputs;
}

Step lower_fused(const LowerContext& context) {
  return tile_step(fused_program(context.attributes), context.inputs, context.dst(), "tile:fused");
}

}  // namespace

TileInstruction tile_instruction(const OpDef& op, const std::vector<TensorType>& inputs,
                                 const TensorType& output, const Attributes& attributes) {
  TileInstruction instruction{};
  instruction.op = static_cast<TileOp>(tile_op_from_name(op.name));
  const bool by_result = instruction.op == TileOp::where || is_random(instruction.op);
  instruction.dtype = by_result ? output.dtype : inputs[0].dtype;
  instruction.result = output.dtype;
  instruction.source = {0, 1, 2};
  instruction.immediate = immediates(instruction.op, attributes);
  instruction.seed = attributes.get<int64_t>("seed", 0);
  return instruction;
}

Attributes fused_attributes(const TileProgram& program, const Shape& shape) {
  Strings ops, dtypes;
  Ints sources, seeds;
  std::vector<double> numbers;
  for (const TileInstruction& instruction : program.instructions) {
    ops.push_back(name_of(instruction.op));
    dtypes.push_back(name_of(instruction.dtype));
    dtypes.push_back(name_of(instruction.result));
    sources.insert(sources.end(), instruction.source.begin(), instruction.source.end());
    seeds.push_back(instruction.seed);
    numbers.insert(numbers.end(), instruction.immediate.begin(), instruction.immediate.end());
  }
  return {{"ops", ops},
          {"dtypes", dtypes},
          {"sources", sources},
          {"seeds", seeds},
          {"numbers", numbers},
          {"results", Ints(program.outputs.begin(), program.outputs.end())},
          {"shape", shape.vector()}};
}

TileProgram fused_program(const Attributes& attributes) {
  const auto ops = attributes.get<Strings>("ops"), dtypes = attributes.get<Strings>("dtypes");
  const auto sources = attributes.get<Ints>("sources"), seeds = attributes.get<Ints>("seeds"),
             results = attributes.get<Ints>("results");
  const auto numbers = attributes.get<std::vector<double>>("numbers");
  TileProgram program;
  for (size_t i = 0; i < ops.size(); i++) {
    const int op = tile_op_from_name(ops[i].c_str());
    require(op >= 0, "fused: there is no instruction \"", ops[i], "\"");
    TileInstruction instruction{static_cast<TileOp>(op), dtype_from_name(dtypes[2 * i]),
                                dtype_from_name(dtypes[2 * i + 1])};
    for (int k = 0; k < 3; k++) instruction.source[k] = static_cast<int>(sources[3 * i + k]);
    for (int k = 0; k < 2; k++) instruction.immediate[k] = numbers[2 * i + k];
    instruction.seed = seeds[i];
    program.instructions.push_back(instruction);
  }
  program.outputs.assign(results.begin(), results.end());
  return program;
}

bool may_overwrite_input(const Attributes& attributes, int output, int input) {
  const TileProgram program = fused_program(attributes);
  for (int i = program.outputs[output] + 1; i < static_cast<int>(program.instructions.size()); i++)
    for (int k = 0; k < source_count(program.instructions[i].op); k++)
      if (program.instructions[i].source[k] == input) return false;
  return true;
}

Step tile_step(const TileProgram& program, const std::vector<TensorType>& inputs, const Shape& shape,
               const char* implementation) {
  Step step;
  step.implementation = implementation;
  step.flops = static_cast<double>(program.instructions.size()) * static_cast<double>(shape.count());
  step.run = [kernel = TileKernel(program, inputs, shape)](const StepArguments& arguments) {
    kernel.run(arguments.src, arguments.dst);
  };
  return step;
}

Step lower_elementwise(const LowerContext& context) {
  TileProgram program;
  program.instructions = {
      tile_instruction(context.op, context.inputs, context.outputs[0], context.attributes)};
  program.outputs = {0};
  return tile_step(program, context.inputs, context.dst(), "tile");
}

std::vector<OpDef> fused_ops() {
  return {{"fused", infer_fused, nullptr, lower_fused, elementwise}};
}

}  // namespace pronghorn
