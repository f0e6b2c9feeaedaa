// Pronghorn from C++: build a graph of ops, differentiate it, compile it, run it.
//
//   pronghorn::Graph graph;
//   auto x = graph.feed("x", {32, 64});
//   auto y = graph.emit("relu", {graph.emit("matmul", {x, graph.state(weights)})});
//   graph.fetch(y);
//   pronghorn::Program program(graph);
//   std::vector<pronghorn::Tensor> results = program.run({input});
//
// Ops go by the names and attributes of cpp/graph/ops. Everything that is wrong with a call throws an
// exception derived from std::runtime_error whose text names the op, what was expected and what came.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace pronghorn {
inline namespace v1 {

enum class DType : uint8_t { Float32, Float64, Int32, Int64, UInt8, Bool };
using Shape = std::vector<int64_t>;
using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                               std::vector<std::string>>;
using Attributes = std::map<std::string, Attribute>;

// A dense row-major array. Copies share the memory, so a Tensor that is a graph's state can be read and set
// between runs.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(const Shape& shape, DType dtype = DType::Float32);  // zeros
  template <class T>
  Tensor(const Shape& shape, const std::vector<T>& values) : Tensor(shape, dtype_of<T>()) {
    check_count(values.size());
    for (size_t i = 0; i < values.size(); i++) data<T>()[i] = values[i];
  }

  Shape shape() const;
  DType dtype() const;
  int64_t size() const;  // number of elements
  size_t bytes() const;

  template <class T>
  T* data() const {  // throws unless T is the type of the elements
    return static_cast<T*>(checked_data(dtype_of<T>()));
  }
  void* raw() const;

  template <class T>
  static constexpr DType dtype_of() {
    if constexpr (std::is_same_v<T, float>)
      return DType::Float32;
    else if constexpr (std::is_same_v<T, double>)
      return DType::Float64;
    else if constexpr (std::is_same_v<T, int32_t>)
      return DType::Int32;
    else if constexpr (std::is_same_v<T, int64_t>)
      return DType::Int64;
    else if constexpr (std::is_same_v<T, uint8_t>)
      return DType::UInt8;
    else {
      static_assert(std::is_same_v<T, bool>, "tensors hold float, double, int32_t, int64_t, uint8_t or bool");
      return DType::Bool;
    }
  }

 private:
  friend struct Access;
  void check_count(size_t count) const;
  void* checked_data(DType dtype) const;

  struct Memory;
  std::shared_ptr<Memory> memory_;
};

// One output of one node of one graph.
struct Value {
  int32_t node = -1;
  int32_t output = 0;
};

// An append-only list of nodes whose shapes are known as they are added.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;

  // Where values come from: what each run is given, what outlives a run, what never changes.
  Value feed(const std::string& name, const Shape& shape, DType dtype = DType::Float32);
  Value state(const Tensor& tensor);
  Value constant(const Tensor& tensor);
  Value constant(double value, DType dtype = DType::Float32);

  // Appends a node; emit gives its first output, emit_all all of them.
  Value emit(const std::string& op, const std::vector<Value>& inputs, const Attributes& attributes = {});
  std::vector<Value> emit_all(const std::string& op, const std::vector<Value>& inputs,
                              const Attributes& attributes = {});

  // The derivatives of the sum of `output` to each input. Throws where output does not depend on one.
  std::vector<Value> gradients(Value output, const std::vector<Value>& inputs);

  // What a run returns, and what it writes back into states when every reader of the old content is done.
  void fetch(Value value);
  void update(const Tensor& state, Value value);

  Shape shape(Value value) const;
  DType dtype(Value value) const;
  std::string to_string() const;  // a line per node

 private:
  friend class Program;
  struct Body;
  std::unique_ptr<Body> body_;
};

struct Options {
  bool simplify = true;
  bool fuse = true;
};

// A compiled graph. It never changes, and may run on several threads at once as long as it updates no state.
class Program {
 public:
  explicit Program(const Graph& graph, const Options& options = {});
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  // One run: feeds in the order in which the graph got them, fetches likewise.
  std::vector<Tensor> run(const std::vector<Tensor>& feeds) const;

  // One run per batch without coming back in between. Each array holds rows for one of the first feeds, in
  // any dtype; batch k takes the rows order[k * batch], order[k * batch + 1], … where batch is the first axis
  // of the first feed; the feeds after them are the same for all batches. Returns each fetch for all batches,
  // stacked along a new first axis. Rows that do not fill a last batch are left out.
  std::vector<Tensor> run_batches(const std::vector<Tensor>& arrays, const std::vector<int64_t>& order,
                                  const std::vector<Tensor>& other_feeds = {}) const;

  int64_t steps() const;
  size_t arena_bytes() const;
  std::string to_string() const;  // the graph after the passes

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

std::vector<std::string> ops();  // the names of all ops
int threads();                   // how many threads work on a step
void set_threads(int count);
std::string instruction_set();                      // "avx512", …
void set_instruction_set(const std::string& name);  // for programs compiled from now on

}  // namespace v1
}  // namespace pronghorn
