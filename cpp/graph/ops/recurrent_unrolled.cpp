#include "graph/ops/recurrent_unrolled.h"

#include <algorithm>

#include "graph/build.h"

namespace pronghorn {
namespace {

// The plain ops of one recurrence: sequences are (batch, time, …), what belongs to one step is (batch, …).
class Unrolled {
 public:
  Unrolled(Graph& graph, const Unrolling& how, Value sequence)
      : graph(graph), how_(how), shape_(graph.shape(sequence)) {}

  Graph& graph;
  int64_t time() const { return shape_[1]; }

  Value step(Value sequence, int64_t t) const {
    const Shape shape = graph.shape(sequence);
    const int64_t size = shape.rank() > 2 ? shape[2] : 1;
    const Value rows = reshape(graph, sequence, {shape[0], shape[1] * size});
    return slice(rows, t * size, size);
  }
  // The k-th of the gates that lie side by side.
  Value part(Value gates, int64_t k, int64_t units) const { return slice(gates, k * units, units); }

  // Takes the steps in the order in which a backward pass makes them, the last one first, or as they are.
  Value sequence(std::vector<Value> steps, bool backwards = false) const {
    if (backwards) std::reverse(steps.begin(), steps.end());
    const Shape shape = graph.shape(steps[0]);
    for (Value& step : steps) step = reshape(graph, step, {shape[0], 1, shape[1]});
    return graph.emit("concatenate", steps, {{"axis", int64_t{1}}});
  }
  Value join(const std::vector<Value>& parts) const {
    return graph.emit("concatenate", parts, {{"axis", int64_t{1}}});
  }

  Value counts(int64_t t) const { return step(how_.mask, t); }
  bool masked() const { return how_.mask.valid(); }
  // `a` where step t counts, `b` where it is masked.
  Value choose(int64_t t, Value a, Value b) const {
    return masked() ? graph.emit("where", {counts(t), a, b}) : a;
  }

  Value gate(Value z) const { return graph.emit(how_.hard ? "hard_sigmoid" : "sigmoid", {z}); }
  Value tanh(Value z) const { return graph.emit("tanh", {z}); }
  // The derivatives of both by what they gave: s (1 - s), or 0.2 where the line is not cut off; 1 - t².
  Value gate_slope(Value s) const {
    if (!how_.hard) return mul(graph, s, one_minus(s));
    const DType dtype = graph.dtype(s);
    const Value low = graph.emit("greater", {s, scalar(graph, 0, dtype)}),
                high = graph.emit("less", {s, scalar(graph, 1, dtype)});
    return mul(graph, cast(graph, graph.emit("logical_and", {low, high}), dtype), 0.2);
  }
  Value tanh_slope(Value t) const { return one_minus(mul(graph, t, t)); }
  Value one_minus(Value value) const { return sub(graph, scalar(graph, 1, graph.dtype(value)), value); }

  Value product(Value a, Value b, bool transposed = false) const {
    return graph.emit("matmul", {a, b}, {{"transpose_a", false}, {"transpose_b", transposed}});
  }

  // The state h that each step began with: before the first step that counts h0, then the output before.
  std::vector<Value> states_before(Value h, Value h0) const {
    std::vector<Value> before = {h0};
    Value begun;
    for (int64_t t = 1; t < time(); t++) {
      const Value output = step(h, t - 1);
      if (masked()) begun = begun.valid() ? graph.emit("logical_or", {begun, counts(t - 1)}) : counts(t - 1);
      before.push_back(masked() ? graph.emit("where", {begun, output, h0}) : output);
    }
    return before;
  }

 private:
  Value slice(Value rows, int64_t begin, int64_t count) const {
    const int64_t batch = graph.shape(rows)[0];
    return graph.emit("slice", {rows},
                      {{"begin", std::vector<int64_t>{0, begin}},
                       {"size", std::vector<int64_t>{batch, count}},
                       {"stride", std::vector<int64_t>{1, 1}}});
  }

  Unrolling how_;
  Shape shape_;
};

// The outputs of steps that are masked repeat the one before; their gradients wait for the step that made it.
class Waiting {
 public:
  Waiting(const Unrolled& unrolled, Value diff_h, Value zero)
      : unrolled_(unrolled), diff_h_(diff_h), zero_(zero), sum_(zero) {}

  // What reaches the output of step t, asked for from the last step to the first.
  Value take(int64_t t) {
    if (!diff_h_.valid()) return zero_;
    const Value all = add(unrolled_.graph, sum_, unrolled_.step(diff_h_, t));
    sum_ = unrolled_.masked() ? unrolled_.choose(t, zero_, all) : zero_;
    return all;
  }

 private:
  const Unrolled& unrolled_;
  Value diff_h_, zero_, sum_;
};

Value or_zero(Value value, Value zero) {
  return value.valid() ? value : zero;
}

}  // namespace

Values unrolled_lstm(Graph& graph, const Unrolling& how, const Values& inputs) {
  Unrolled u(graph, how, inputs[0]);
  Value h = inputs[2], c = inputs[3];
  const int64_t units = graph.shape(h)[1];
  Value output = zeros_like(graph, h);
  Values gates, outputs, cells;
  for (int64_t t = 0; t < u.time(); t++) {
    const Value z = add(graph, u.step(inputs[0], t), u.product(h, inputs[1]));
    const Value i = u.gate(u.part(z, 0, units)), f = u.gate(u.part(z, 1, units)),
                g = u.tanh(u.part(z, 2, units)), o = u.gate(u.part(z, 3, units));
    const Value next_c = add(graph, mul(graph, f, c), mul(graph, i, g));
    const Value next_h = mul(graph, o, u.tanh(next_c));
    c = u.choose(t, next_c, c);
    h = u.choose(t, next_h, h);
    output = u.choose(t, next_h, output);
    gates.push_back(u.join({i, f, g, o}));
    outputs.push_back(output);
    cells.push_back(c);
  }
  return {u.sequence(gates), u.sequence(outputs), u.sequence(cells), h, c};
}

Values unrolled_lstm_grad(Graph& graph, const Unrolling& how, const Values& inputs,
                          const UnrolledDiffs& diffs) {
  const Value gates = inputs[0], weights = inputs[1], cells = inputs[3], c0 = inputs[5];
  Unrolled u(graph, how, gates);
  const int64_t units = graph.shape(weights)[0];
  const Value zero = zeros_like(graph, c0);
  Value dh = or_zero(diffs.h_last, zero), dc = or_zero(diffs.c_last, zero);
  Waiting waiting(u, diffs.h, zero);
  Values dz;
  for (int64_t t = u.time() - 1; t >= 0; t--) {
    const Value at = u.step(gates, t);
    const Value i = u.part(at, 0, units), f = u.part(at, 1, units), g = u.part(at, 2, units),
                o = u.part(at, 3, units);
    const Value diff = add(graph, dh, waiting.take(t)), squashed = u.tanh(u.step(cells, t));
    const Value before = t > 0 ? u.step(cells, t - 1) : c0;
    const Value cell = add(graph, dc, mul(graph, mul(graph, diff, o), u.tanh_slope(squashed)));
    const Value z = u.join({mul(graph, mul(graph, cell, g), u.gate_slope(i)),
                            mul(graph, mul(graph, cell, before), u.gate_slope(f)),
                            mul(graph, mul(graph, cell, i), u.tanh_slope(g)),
                            mul(graph, mul(graph, diff, squashed), u.gate_slope(o))});
    dz.push_back(u.choose(t, z, zeros_like(graph, z)));
    dc = u.choose(t, mul(graph, cell, f), dc);
    dh = u.choose(t, u.product(z, weights, true), dh);
  }
  return {u.sequence(dz, true), u.sequence(u.states_before(inputs[2], inputs[4])), dh, dc};
}

Values unrolled_gru(Graph& graph, const Unrolling& how, const Values& inputs) {
  Unrolled u(graph, how, inputs[0]);
  const Value weights = inputs[1];
  Value h = inputs[2];
  const int64_t units = graph.shape(h)[1];
  const Value of_gates = u.part(weights, 0, 2 * units), of_candidate = u.part(weights, 2, units);
  Value output = zeros_like(graph, h);
  Values gates, inners, outputs;
  for (int64_t t = 0; t < u.time(); t++) {
    const Value x = u.step(inputs[0], t);
    const Value both = u.gate(add(graph, u.part(x, 0, 2 * units), u.product(h, of_gates)));
    const Value z = u.part(both, 0, units), r = u.part(both, 1, units);
    const Value inner =
        how.reset_after ? add(graph, u.product(h, of_candidate), inputs[3]) : mul(graph, r, h);
    const Value product = how.reset_after ? mul(graph, r, inner) : u.product(inner, of_candidate);
    const Value c = u.tanh(add(graph, u.part(x, 2, units), product));
    const Value next = add(graph, mul(graph, z, h), mul(graph, u.one_minus(z), c));
    h = u.choose(t, next, h);
    output = u.choose(t, next, output);
    gates.push_back(u.join({both, c}));
    inners.push_back(inner);
    outputs.push_back(output);
  }
  return {u.sequence(gates), u.sequence(inners), u.sequence(outputs), h};
}

Values unrolled_gru_grad(Graph& graph, const Unrolling& how, const Values& inputs,
                         const UnrolledDiffs& diffs) {
  const Value gates = inputs[0], weights = inputs[1], inners = inputs[2], h0 = inputs[4];
  Unrolled u(graph, how, gates);
  const int64_t units = graph.shape(weights)[0];
  const Value of_gates = u.part(weights, 0, 2 * units), of_candidate = u.part(weights, 2, units);
  const Value zero = zeros_like(graph, h0);
  const Values befores = u.states_before(inputs[3], h0);
  Value dh = or_zero(diffs.h_last, zero);
  Waiting waiting(u, diffs.h, zero);
  Values dz, dinner;
  for (int64_t t = u.time() - 1; t >= 0; t--) {
    const Value at = u.step(gates, t), before = befores[t];
    const Value z = u.part(at, 0, units), r = u.part(at, 1, units), c = u.part(at, 2, units);
    const Value diff = add(graph, dh, waiting.take(t));
    const Value sum = mul(graph, mul(graph, diff, u.one_minus(z)), u.tanh_slope(c));
    const Value inner = how.reset_after ? mul(graph, sum, r) : u.product(sum, of_candidate, true);
    const Value of_r = how.reset_after ? mul(graph, sum, u.step(inners, t)) : mul(graph, inner, before);
    const Value both = u.join({mul(graph, mul(graph, diff, sub(graph, before, c)), u.gate_slope(z)),
                               mul(graph, of_r, u.gate_slope(r))});
    Value next = add(graph, mul(graph, diff, z), u.product(both, of_gates, true));
    next = add(graph, next, how.reset_after ? u.product(inner, of_candidate, true) : mul(graph, inner, r));
    const Value all = u.join({both, sum});
    dz.push_back(u.choose(t, all, zeros_like(graph, all)));
    dinner.push_back(u.choose(t, inner, zero));
    dh = u.choose(t, next, dh);
  }
  return {u.sequence(dz, true), u.sequence(dinner, true), u.sequence(befores), dh};
}

Values unrolled_simple_rnn_grad(Graph& graph, const Unrolling& how, const Values& inputs,
                                const UnrolledDiffs& diffs) {
  const Value outputs = inputs[0], weights = inputs[1], h0 = inputs[2];
  Unrolled u(graph, how, outputs);
  const Value zero = zeros_like(graph, h0);
  Value dh = or_zero(diffs.h_last, zero);
  Waiting waiting(u, diffs.h, zero);
  Values dx;
  for (int64_t t = u.time() - 1; t >= 0; t--) {
    const Value diff = mul(graph, add(graph, dh, waiting.take(t)), u.tanh_slope(u.step(outputs, t)));
    dx.push_back(u.choose(t, diff, zero));
    dh = u.choose(t, u.product(diff, weights, true), dh);
  }
  return {u.sequence(dx, true), u.sequence(u.states_before(outputs, h0)), dh};
}

}  // namespace pronghorn
