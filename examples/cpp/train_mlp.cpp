// Trains a small network from C++: two moons, told apart by an MLP with one hidden layer.
// Built by tests/cpp_package against the installed library; returns 0 when the network has learned.
#include <pronghorn/pronghorn.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>

using namespace pronghorn;

namespace {

constexpr int64_t rows = 1024, batch = 32, hidden = 32;

struct Data {
  Tensor points{{rows, 2}}, labels{{rows, 1}};
};

Data two_moons(std::mt19937& random) {
  std::uniform_real_distribution<float> angle(0.0f, 3.14159265f);
  std::normal_distribution<float> noise(0.0f, 0.1f);
  Data data;
  for (int64_t row = 0; row < rows; row++) {
    const bool upper = row % 2 == 0;
    const float t = angle(random);
    data.points.data<float>()[2 * row] = (upper ? std::cos(t) : 1 - std::cos(t)) + noise(random);
    data.points.data<float>()[2 * row + 1] = (upper ? std::sin(t) : 0.5f - std::sin(t)) + noise(random);
    data.labels.data<float>()[row] = upper ? 1.0f : 0.0f;
  }
  return data;
}

Tensor random_weights(int64_t in, int64_t out, std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  Tensor weights({in, out});
  const float limit = std::sqrt(6.0f / static_cast<float>(in + out));
  for (int64_t i = 0; i < in * out; i++) weights.data<float>()[i] = limit * uniform(random);
  return weights;
}

struct Model {
  Tensor w1, b1, w2, b2;

  explicit Model(std::mt19937& random)
      : w1(random_weights(2, hidden, random)), b1({hidden}), w2(random_weights(hidden, 1, random)), b2({1}) {}

  std::vector<Tensor> weights() const { return {w1, b1, w2, b2}; }

  Value probability(Graph& graph, Value points) const {
    auto dense = [&](Value x, const Tensor& w, const Tensor& b) {
      return graph.emit("add", {graph.emit("matmul", {x, graph.state(w)}), graph.state(b)});
    };
    const Value h = graph.emit("relu", {dense(points, w1, b1)});
    return graph.emit("sigmoid", {dense(h, w2, b2)});
  }
};

// A whole step: loss, gradients, and gradient descent on every weight.
Program training_step(const Model& model, double learning_rate) {
  Graph graph;
  const Value points = graph.feed("points", {batch, 2}), labels = graph.feed("labels", {batch, 1});
  const Value losses =
      graph.emit("binary_crossentropy", {labels, model.probability(graph, points)}, {{"epsilon", 1e-7}});
  const Value loss =
      graph.emit("mean", {losses}, {{"axes", std::vector<int64_t>{0, 1}}, {"keepdims", false}});
  graph.fetch(loss);

  std::vector<Value> reads;
  for (const Tensor& weight : model.weights()) reads.push_back(graph.state(weight));
  const std::vector<Value> gradients = graph.gradients(loss, reads);
  for (size_t i = 0; i < reads.size(); i++) {
    const Value change = graph.emit("multiply", {gradients[i], graph.constant(learning_rate)});
    graph.update(model.weights()[i], graph.emit("subtract", {reads[i], change}));
  }
  return Program(graph);
}

double accuracy(const Model& model, const Data& data) {
  Graph graph;
  graph.fetch(model.probability(graph, graph.feed("points", {rows, 2})));
  const Tensor probability = Program(graph).run({data.points}).front();
  int64_t right = 0;
  for (int64_t row = 0; row < rows; row++)
    right += (probability.data<float>()[row] > 0.5f) == (data.labels.data<float>()[row] > 0.5f);
  return static_cast<double>(right) / rows;
}

}  // namespace

int main() {
  std::mt19937 random(1);
  const Data training = two_moons(random), test = two_moons(random);
  const Model model(random);
  const Program step = training_step(model, 0.3);
  std::printf("%s, %d threads, %lld steps per batch\n", instruction_set().c_str(), threads(),
              static_cast<long long>(step.steps()));

  std::vector<int64_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  for (int epoch = 1; epoch <= 50; epoch++) {
    std::shuffle(order.begin(), order.end(), random);
    const Tensor losses = step.run_batches({training.points, training.labels}, order).front();
    if (epoch % 10 == 0)
      std::printf(
          "epoch %d: loss %.4f, test accuracy %.4f\n", epoch,
          std::accumulate(losses.data<float>(), losses.data<float>() + losses.size(), 0.0) / losses.size(),
          accuracy(model, test));
  }
  return accuracy(model, test) > 0.97 ? 0 : 1;
}
