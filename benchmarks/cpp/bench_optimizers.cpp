// One step of each optimizer, over one parameter, and over a table of which a few rows have a gradient.
#include "op_benchmark.h"

using namespace pronghorn;

int main(int argc, char** argv) {
  struct Rule {
    const char* name;
    int scalars, slots;
    Attributes attributes;
  };
  const Attributes moments = {{"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7}};
  Attributes nadam = moments;
  nadam.set("schedule_decay", 0.004);
  const Rule rules[] = {{"sgd", 1, 0, {}},
                        {"sgd", 1, 1, {{"momentum", 0.9}, {"nesterov", true}}},
                        {"rmsprop", 1, 1, {{"rho", 0.9}, {"epsilon", 1e-7}}},
                        {"adagrad", 1, 1, {{"epsilon", 1e-7}}},
                        {"adadelta", 1, 2, {{"rho", 0.95}, {"epsilon", 1e-7}}},
                        {"adam", 2, 2, moments},
                        {"adamax", 2, 2, moments},
                        {"nadam", 3, 2, nadam}};
  for (const Rule& rule : rules) {
    const std::string name = std::string(rule.name) + "/" + std::to_string(rule.slots) + " slots/";
    for (const Shape& shape : {Shape{64, 64}, {784, 512}, {10000, 512}}) {
      OpCase c = {rule.name, std::vector<TensorType>(rule.scalars, f32({})), rule.attributes};
      c.attributes.set("n", int64_t{1});
      OpCase sparse = c;
      c.attributes.set("inplace_from", int64_t{rule.scalars + 1});
      c.inputs.insert(c.inputs.end(), 2 + rule.slots, f32(shape));
      add_benchmark(name + to_string(shape), c);
      if (shape[0] < 10000) continue;
      sparse.attributes.set("inplace_from", int64_t{rule.scalars + 2});
      sparse.attributes.set("sparse", std::vector<int64_t>{0});
      sparse.inputs.push_back({{300}, DType::Int32});
      sparse.inputs.push_back(f32({300, shape[1]}));
      sparse.inputs.insert(sparse.inputs.end(), 1 + rule.slots, f32(shape));
      add_benchmark(name + to_string(shape) + "/sparse 300", sparse);
    }
  }
  return run_benchmarks(argc, argv);
}
