// Mistakes reach a C++ user as exceptions that say what was expected and what came.
#include <pronghorn/pronghorn.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

using namespace pronghorn;

namespace {

int failures = 0;

template <class F>
void expect(const char* part, F&& f) {
  try {
    f();
  } catch (const std::runtime_error& error) {
    if (std::strstr(error.what(), part)) return;
    std::printf("expected \"%s\" in: %s\n", part, error.what());
    failures++;
    return;
  }
  std::printf("no error that says \"%s\"\n", part);
  failures++;
}

}  // namespace

int main() {
  Graph graph;
  const Value x = graph.feed("x", {2, 3});
  graph.fetch(graph.emit("negative", {x}));
  const Program program(graph);

  expect("no op \"frobnicate\"", [&] { graph.emit("frobnicate", {x}); });
  expect("reshape", [&] { graph.emit("reshape", {x}, {{"shape", std::vector<int64_t>{7}}}); });
  expect("not a value", [&] { graph.emit("negative", {Value{99, 0}}); });
  expect("not a value", [&] { graph.fetch(Value{}); });
  expect("does not depend on input 0", [&] { graph.gradients(graph.constant(1.0), {x}); });
  expect("keep its type", [&] { graph.update(Tensor({2}), x); });
  expect("takes 1 feeds, but 2", [&] { program.run({Tensor({2, 3}), Tensor({2, 3})}); });
  expect("feed \"x\" is float32(2, 3), but float64(2, 3)",
         [&] { program.run({Tensor({2, 3}, DType::Float64)}); });
  expect("row 5", [&] { program.run_batches({Tensor({4, 3})}, {0, 5}); });
  expect("batches of (2, 3)", [&] { program.run_batches({Tensor({4, 2})}, {0, 1}); });
  expect("6 elements, but 2 values", [] { Tensor({2, 3}, std::vector<float>{1, 2}); });
  expect("asked for as float64", [] { Tensor({2}).data<double>(); });
  expect("empty Tensor", [&] { program.run({Tensor()}); });
  expect("negative", [] { Tensor({-1}); });

  const Tensor result = program.run({Tensor({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6})}).front();
  if (result.shape() != Shape{2, 3} || result.data<float>()[5] != -6) failures++;
  return failures;
}
