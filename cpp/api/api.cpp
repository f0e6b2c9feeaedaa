// The public C++ API over the core. Its names are those of the core in an inline namespace of their own, so
// the core's are given other names here before the public header comes in.
#include <cstring>

#include "base/cpu.h"
#include "base/parallel.h"
#include "graph/autodiff.h"
#include "graph/build.h"
#include "graph/op.h"
#include "passes/passes.h"
#include "program/program.h"

namespace pronghorn::core {

using Graph = ::pronghorn::Graph;
using Program = ::pronghorn::Program;
using Tensor = ::pronghorn::Tensor;
using TensorType = ::pronghorn::TensorType;
using Value = ::pronghorn::Value;
using Shape = ::pronghorn::Shape;
using DType = ::pronghorn::DType;
using Attributes = ::pronghorn::Attributes;

}  // namespace pronghorn::core

#include "pronghorn/pronghorn.h"

namespace pronghorn::inline v1 {
namespace {

// Both enumerations list the same types in the same order.
static_assert(static_cast<int>(DType::Bool) == static_cast<int>(core::DType::Bool));
core::DType core_dtype(DType dtype) {
  return static_cast<core::DType>(dtype);
}
DType public_dtype(core::DType dtype) {
  return static_cast<DType>(dtype);
}
core::TensorType core_type(const Shape& shape, DType dtype) {
  return {core::Shape(shape), core_dtype(dtype)};
}

core::Value core_value(Value value) {
  return {value.node, value.output};
}
Value public_value(core::Value value) {
  return {value.node, value.output};
}

core::Attributes core_attributes(const Attributes& attributes) {
  core::Attributes result;
  for (const auto& [name, value] : attributes) result.set(name, value);
  return result;
}

}  // namespace

// --- tensors

struct Tensor::Memory : StateTensor {
  explicit Memory(const core::TensorType& type) : StateTensor(core::Tensor(type), false) {}
};

// The core's view of a public tensor: a state that shares its ownership.
struct Access {
  static State memory(const Tensor& tensor) {
    require(tensor.memory_ != nullptr, "an empty Tensor was given where one with a shape is needed");
    return tensor.memory_;
  }
};

Tensor::Tensor(const Shape& shape, DType dtype)
    : memory_(std::make_shared<Memory>(core_type(shape, dtype))) {}

Shape Tensor::shape() const {
  return Access::memory(*this)->type.shape.vector();
}
DType Tensor::dtype() const {
  return public_dtype(Access::memory(*this)->type.dtype);
}
int64_t Tensor::size() const {
  return Access::memory(*this)->type.count();
}
size_t Tensor::bytes() const {
  return Access::memory(*this)->type.bytes();
}
void* Tensor::raw() const {
  return Access::memory(*this)->data();
}

void Tensor::check_count(size_t count) const {
  require(static_cast<int64_t>(count) == size(), "a tensor of shape ", memory_->type.shape, " holds ", size(),
          " elements, but ", count, " values were given");
}

void* Tensor::checked_data(DType wanted) const {
  require(wanted == dtype(), "the tensor holds ", name_of(core_dtype(dtype())),
          ", but its data were asked for as ", name_of(core_dtype(wanted)));
  return raw();
}

// --- graphs

struct Graph::Body {
  core::Graph graph;
};

Graph::Graph() : body_(std::make_unique<Body>()) {}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;

Value Graph::feed(const std::string& name, const Shape& shape, DType dtype) {
  return public_value(body_->graph.feed(name, core_type(shape, dtype)));
}

Value Graph::state(const Tensor& tensor) {
  return public_value(body_->graph.state(Access::memory(tensor)));
}

Value Graph::constant(const Tensor& tensor) {
  core::Tensor copy(Access::memory(tensor)->type);  // what the caller does to the original changes nothing
  std::memcpy(copy.data(), tensor.raw(), tensor.bytes());
  return public_value(body_->graph.constant(copy));
}

Value Graph::constant(double value, DType dtype) {
  return public_value(scalar(body_->graph, value, core_dtype(dtype)));
}

std::vector<Value> Graph::emit_all(const std::string& op, const std::vector<Value>& inputs,
                                   const Attributes& attributes) {
  std::vector<core::Value> values;
  for (Value input : inputs) values.push_back(core_value(input));
  core::Graph& graph = body_->graph;
  const int32_t added = graph.add(op, values, core_attributes(attributes));
  const int32_t node = stabilized(graph, core::Value{added, 0}).node;
  std::vector<Value> outputs;
  for (int32_t i = 0; i < static_cast<int32_t>(graph.nodes()[added].outputs.size()); i++)
    outputs.push_back({node, i});
  return outputs;
}

Value Graph::emit(const std::string& op, const std::vector<Value>& inputs, const Attributes& attributes) {
  return emit_all(op, inputs, attributes).front();
}

std::vector<Value> Graph::gradients(Value output, const std::vector<Value>& inputs) {
  shape(output);  // checks that it exists
  std::vector<core::Value> sources;
  for (Value input : inputs) sources.push_back(core_value(input));
  std::vector<Value> results;
  for (core::Value gradient : pronghorn::gradients(body_->graph, {core_value(output)}, sources)) {
    require(gradient.valid(), "gradients: the output does not depend on input ", results.size());
    results.push_back(public_value(gradient));
  }
  return results;
}

void Graph::fetch(Value value) {
  shape(value);
  body_->graph.fetch(core_value(value));
}

void Graph::update(const Tensor& state, Value value) {
  shape(value);
  body_->graph.update(Access::memory(state), core_value(value));
}

Shape Graph::shape(Value value) const {
  const auto& nodes = body_->graph.nodes();
  require(value.node >= 0 && value.node < static_cast<int32_t>(nodes.size()) && value.output >= 0 &&
              value.output < static_cast<int32_t>(nodes[value.node].outputs.size()),
          "%", value.node, ".", value.output, " is not a value of this graph");
  return body_->graph.shape(core_value(value)).vector();
}

DType Graph::dtype(Value value) const {
  shape(value);
  return public_dtype(body_->graph.dtype(core_value(value)));
}

std::string Graph::to_string() const {
  return pronghorn::to_string(body_->graph);
}

// --- programs

struct Program::Body {
  core::Program program;

  const core::TensorType& feed_type(size_t i) const {
    return program.graph().type(program.graph().feeds()[i].value);
  }

  const void* checked_feed(size_t i, const Tensor& tensor) const {
    const core::TensorType& given = Access::memory(tensor)->type;
    require(given == feed_type(i), "feed \"", program.graph().feeds()[i].name, "\" is ", feed_type(i),
            ", but ", given, " was given");
    return tensor.raw();
  }

  void check_feed_count(size_t given) const {
    const size_t count = program.graph().feeds().size();
    require(given == count, "the program takes ", count, " feeds, but ", given, " were given");
  }

  // One tensor per fetch, with `leading` in front of its shape.
  std::vector<Tensor> fetches(const Shape& leading) const {
    std::vector<Tensor> results;
    for (core::Value value : program.graph().fetches()) {
      Shape shape = leading;
      for (int64_t size : program.graph().shape(value)) shape.push_back(size);
      results.emplace_back(shape, public_dtype(program.graph().dtype(value)));
    }
    return results;
  }
};

Program::Program(const Graph& graph, const Options& options)
    : body_(new Body{core::Program(graph.body_->graph, {options.simplify, options.fuse})}) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

std::vector<Tensor> Program::run(const std::vector<Tensor>& feeds) const {
  body_->check_feed_count(feeds.size());
  std::vector<const void*> sources;
  for (size_t i = 0; i < feeds.size(); i++) sources.push_back(body_->checked_feed(i, feeds[i]));
  std::vector<Tensor> results = body_->fetches({});
  std::vector<void*> targets;
  for (const Tensor& result : results) targets.push_back(result.raw());
  body_->program.run(sources.data(), targets.data());
  return results;
}

std::vector<Tensor> Program::run_batches(const std::vector<Tensor>& arrays, const std::vector<int64_t>& order,
                                         const std::vector<Tensor>& other_feeds) const {
  body_->check_feed_count(arrays.size() + other_feeds.size());
  require(!arrays.empty() && body_->feed_type(0).shape.rank() > 0 && body_->feed_type(0).shape[0] > 0,
          "run_batches: the first feed needs an array and an axis of batches");
  const int64_t batch = body_->feed_type(0).shape[0];
  std::vector<BatchSource> sources;
  for (size_t i = 0; i < arrays.size(); i++) {
    const core::TensorType &rows = Access::memory(arrays[i])->type, &feed = body_->feed_type(i);
    core::Shape expected = rows.shape;
    if (expected.rank() > 0) expected[0] = batch;
    require(rows.shape.rank() > 0 && expected == feed.shape, "run_batches: feed \"",
            body_->program.graph().feeds()[i].name, "\" takes batches of ", feed.shape,
            ", but the array has shape ", rows.shape);
    const int64_t row_bytes =
        rows.shape.count(1, rows.shape.rank()) * static_cast<int64_t>(size_of(rows.dtype));
    for (int64_t row : order)
      require(row >= 0 && row < rows.shape[0], "run_batches: row ", row, " was asked for of an array with ",
              rows.shape[0], " rows");
    sources.push_back({arrays[i].raw(), rows.dtype, rows.shape[0], row_bytes});
  }
  std::vector<const void*> fixed;
  for (size_t i = 0; i < other_feeds.size(); i++)
    fixed.push_back(body_->checked_feed(arrays.size() + i, other_feeds[i]));
  const int64_t batches = static_cast<int64_t>(order.size()) / batch;
  std::vector<Tensor> results = body_->fetches({batches});
  std::vector<char*> targets;
  for (const Tensor& result : results) targets.push_back(static_cast<char*>(result.raw()));
  body_->program.run_batches(sources, order.data(), 0, batches, batch, fixed.data(), targets.data(), 0);
  return results;
}

int64_t Program::steps() const {
  return static_cast<int64_t>(body_->program.plan().steps.size());
}
size_t Program::arena_bytes() const {
  return body_->program.plan().arena_bytes;
}
std::string Program::to_string() const {
  return pronghorn::to_string(body_->program.graph());
}

// --- the library

std::vector<std::string> ops() {
  std::vector<std::string> names;
  for (const OpDef* op : all_ops()) names.push_back(op->name);
  return names;
}
int threads() {
  return thread_count();
}
void set_threads(int count) {
  set_thread_count(count);
}
std::string instruction_set() {
  return name_of(active_isa());
}
void set_instruction_set(const std::string& name) {
  set_active_isa(name);
}

}  // namespace pronghorn::inline v1
