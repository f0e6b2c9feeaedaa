// Recurrent layers over all time steps. What the inputs contribute to the gates comes in ready made: with
// that, and with the states that each step began with, all gradients by weights are ordinary products.
#include "graph/ops/families.h"
#include "graph/ops/recurrent_unrolled.h"
#include "graph/ops/support.h"
#include "kernels/recurrent/gru.h"
#include "kernels/recurrent/lstm.h"
#include "kernels/recurrent/simple_rnn.h"

namespace pronghorn {
namespace {

bool is_hard(const Attributes& attributes) {
  const auto name = attributes.get<std::string>("recurrent_activation", "sigmoid");
  require(name == "sigmoid" || name == "hard_sigmoid",
          "a recurrent op has the recurrent activations sigmoid and hard_sigmoid, not \"", name, "\"");
  return name == "hard_sigmoid";
}

// What the inputs say about the sizes.
struct Sizes {
  int64_t batch, time, units;
  DType dtype;

  TensorType sequence(int64_t gates = 1) const { return {{batch, time, gates * units}, dtype}; }
  TensorType state() const { return {{batch, units}, dtype}; }
  TensorType weights(int64_t gates) const { return {{units, gates * units}, dtype}; }
  TensorType mask() const { return {{batch, time}, DType::Bool}; }
};

Sizes sizes_of(const std::vector<TensorType>& inputs, const char* op) {
  const Shape &x = inputs[0].shape, &weights = inputs[1].shape;
  require(x.rank() == 3 && weights.rank() == 2, op,
          ": needs gates (batch, time, gates) and recurrent weights (units, gates), not ", x, " and ",
          weights);
  return {x[0], x[1], weights[0], inputs[0].dtype};
}

void require_input(const InferContext& context, int i, const TensorType& expected, const char* what) {
  require(context.inputs[i] == expected, context.op.name, ": the ", what, " should be ", expected,
          ", but is ", context.inputs[i]);
}

bool flag(const Attributes& attributes, const char* name) {
  return attributes.get<bool>(name, false);
}

// What the ops are told beside their tensors; `mask` is the number of that input.
Unrolling unrolling(const VjpContext& context, int mask) {
  const Attributes attributes = context.attributes();
  return {is_hard(attributes), flag(attributes, "reset_after"),
          flag(attributes, "has_mask") ? context.input(mask) : Value{}};
}

// The inputs of a gradient op that stand behind its `count` tensors, -1 for those that there are not.
struct Behind {
  int mask, diff_h, diff_h_last, diff_c_last;

  Behind(const Attributes& attributes, int count) {
    const auto place = [&](const char* name) { return flag(attributes, name) ? count++ : -1; };
    mask = place("has_mask");
    diff_h = place("has_diff_h");
    diff_h_last = place("has_diff_h_last");
    diff_c_last = place("has_diff_c_last");
  }
};

void check_behind(const InferContext& context, const Sizes& sizes, int count, const char* last_state) {
  const Behind behind(context.attributes, count);
  if (behind.mask >= 0) require_input(context, behind.mask, sizes.mask(), "mask");
  if (behind.diff_h >= 0) require_input(context, behind.diff_h, sizes.sequence(), "gradient by the outputs");
  for (int i : {behind.diff_h_last, behind.diff_c_last})
    if (i >= 0) require_input(context, i, sizes.state(), last_state);
}

// Differentiates a gradient op again, by the same gradients in plain ops.
template <class F>
void differentiate_grad(VjpContext& context, int count, const F& unrolled) {
  const Behind behind(context.attributes(), count);
  std::vector<int> which(count);
  for (int i = 0; i < count; i++) which[i] = i;
  for (int i : {behind.diff_h, behind.diff_h_last, behind.diff_c_last})
    if (i >= 0) which.push_back(i);
  const Unrolling how = unrolling(context, count);
  const int masked = behind.mask >= 0;  // that input is not differentiated by
  differentiate(context, which, [&](Graph& graph, const std::vector<Value>& inputs) {
    const auto given = [&](int i) { return i < 0 ? Value{} : inputs[i - masked]; };
    return unrolled(
        graph, how, inputs,
        UnrolledDiffs{given(behind.diff_h), given(behind.diff_h_last), given(behind.diff_c_last)});
  });
}

void vjp_lstm_grad(VjpContext& context) {
  differentiate_grad(context, 6, unrolled_lstm_grad);
}
void vjp_gru_grad(VjpContext& context) {
  differentiate_grad(context, 5, unrolled_gru_grad);
}
void vjp_simple_rnn_grad(VjpContext& context) {
  differentiate_grad(context, 3, unrolled_simple_rnn_grad);
}

// Appends the gradients that reach an op to the inputs of its gradient op, with an attribute for each.
void append_diff(VjpContext& context, int output, const char* name, std::vector<Value>& inputs,
                 Attributes& attributes) {
  const bool reached = context.diff(output).valid();
  attributes.set(name, reached);
  if (reached) inputs.push_back(context.diff(output));
}

// The gradient by recurrent weights: the states that the steps began with, times the gradients by z.
Value weight_gradient(Graph& graph, Value before, Value diff_gates) {
  const auto flat = [&](Value value) {
    const Shape shape = graph.shape(value);
    return reshape(graph, value, {shape[0] * shape[1], shape[2]});
  };
  return graph.emit("matmul", {flat(before), flat(diff_gates)},
                    {{"transpose_a", true}, {"transpose_b", false}});
}

// --- lstm: inputs gates_x, weights, h0, c0, mask if has_mask; outputs gates, h, c, h_last, c_last; with
// keeps_before, in place of h the state that each step began with

std::vector<TensorType> infer_lstm(const InferContext& context) {
  require_float(context);
  is_hard(context.attributes);
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  require_input(context, 0, sizes.sequence(4), "inputs' part of the gates");
  require_input(context, 1, sizes.weights(4), "recurrent kernel");
  require_input(context, 2, sizes.state(), "initial state h");
  require_input(context, 3, sizes.state(), "initial state c");
  if (flag(context.attributes, "has_mask")) require_input(context, 4, sizes.mask(), "mask");
  return {sizes.sequence(4), sizes.sequence(), sizes.sequence(), sizes.state(), sizes.state()};
}

// Inputs gates, weights, h, c, h0, c0, mask if has_mask, diff_h, diff_h_last, diff_c_last where they exist;
// outputs diff_gates, before, diff_h0, diff_c0, with sums_bias diff_gates summed over rows and steps. With
// has_before, h is what an lstm with keeps_before gives, and output `before` is left out.
std::vector<TensorType> infer_lstm_grad(const InferContext& context) {
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  check_behind(context, sizes, 6, "gradient by a last state");
  std::vector<TensorType> outputs = {sizes.sequence(4)};
  if (!flag(context.attributes, "has_before")) outputs.push_back(sizes.sequence());
  outputs.insert(outputs.end(), {sizes.state(), sizes.state()});
  if (flag(context.attributes, "sums_bias")) outputs.push_back({{4 * sizes.units}, sizes.dtype});
  return outputs;
}

void vjp_lstm(VjpContext& context) {
  Graph& graph = context.graph;
  Attributes attributes = context.attributes();
  if (context.diff(0).valid() || context.diff(2).valid()) {
    // Only a derivative of the gradients depends on the gates and on the states within.
    const Unrolling how = unrolling(context, 4);
    return differentiate(context, {0, 1, 2, 3}, [&](Graph& g, const std::vector<Value>& inputs) {
      return unrolled_lstm(g, how, inputs);
    });
  }
  std::vector<Value> inputs = {context.output(0), context.input(1), context.output(1),
                               context.output(2), context.input(2), context.input(3)};
  if (flag(attributes, "has_mask")) inputs.push_back(context.input(4));
  append_diff(context, 1, "has_diff_h", inputs, attributes);
  append_diff(context, 3, "has_diff_h_last", inputs, attributes);
  append_diff(context, 4, "has_diff_c_last", inputs, attributes);
  const int32_t grad = graph.add("lstm_grad", inputs, attributes);
  if (context.wants(0)) context.set(0, {grad, 0});
  if (context.wants(1)) context.set(1, weight_gradient(graph, {grad, 1}, {grad, 0}));
  if (context.wants(2)) context.set(2, {grad, 2});
  if (context.wants(3)) context.set(3, {grad, 3});
}

LstmProblem lstm_problem(const LowerContext& context) {
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  return {sizes.batch, sizes.time, sizes.units, is_hard(context.attributes)};
}

Step lower_lstm(const LowerContext& context) {
  const LstmProblem problem = lstm_problem(context);
  const bool masked = flag(context.attributes, "has_mask"),
             keeps_before = flag(context.attributes, "keeps_before");
  size_t scratch = 0;
  Step step = float_step(context.inputs[0].dtype, "lstm", [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &lstm_functions<T>();
    scratch = table->scratch(problem);
    return [=](const StepArguments& a) {
      const bool* mask = masked ? src<bool>(a, 4) : nullptr;
      table->forward(problem,
                     {src<T>(a, 0), src<T>(a, 1), src<T>(a, 2), src<T>(a, 3), mask, dst<T>(a, 0),
                      keeps_before ? nullptr : dst<T>(a, 1), dst<T>(a, 2),
                      keeps_before ? dst<T>(a, 1) : nullptr, dst<T>(a, 3), dst<T>(a, 4)},
                     a.scratch);
    };
  });
  step.scratch = scratch;
  step.flops = problem.flops();
  return step;
}

Step lower_lstm_grad(const LowerContext& context) {
  const LstmProblem problem = lstm_problem(context);
  const Behind behind(context.attributes, 6);
  const bool has_before = flag(context.attributes, "has_before"),
             sums_bias = flag(context.attributes, "sums_bias");
  const int states = has_before ? 1 : 2;
  size_t scratch = 0;
  Step step = float_step(context.inputs[0].dtype, "lstm_grad", [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &lstm_functions<T>();
    scratch = table->scratch(problem);
    return [=](const StepArguments& a) {
      const auto given = [&](int i) { return i < 0 ? nullptr : src<T>(a, i); };
      table->backward(problem,
                      {src<T>(a, 0), src<T>(a, 1), has_before ? nullptr : src<T>(a, 2), src<T>(a, 3),
                       src<T>(a, 4), src<T>(a, 5), behind.mask < 0 ? nullptr : src<bool>(a, behind.mask),
                       given(behind.diff_h), given(behind.diff_h_last), given(behind.diff_c_last),
                       dst<T>(a, 0), has_before ? nullptr : dst<T>(a, 1), dst<T>(a, states),
                       dst<T>(a, states + 1), sums_bias ? dst<T>(a, states + 2) : nullptr},
                      a.scratch);
    };
  });
  step.scratch = scratch;
  step.flops = problem.flops();
  return step;
}

// --- gru: inputs gates_x, weights, h0, inner_bias if reset_after, mask if has_mask; outputs gates, inner, h,
// h_last

std::vector<TensorType> infer_gru(const InferContext& context) {
  require_float(context);
  is_hard(context.attributes);
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  require_input(context, 0, sizes.sequence(3), "inputs' part of the gates");
  require_input(context, 1, sizes.weights(3), "recurrent kernel");
  require_input(context, 2, sizes.state(), "initial state");
  int next = 3;
  if (flag(context.attributes, "reset_after"))
    require_input(context, next++, {{sizes.units}, sizes.dtype}, "candidate's recurrent bias");
  if (flag(context.attributes, "has_mask")) require_input(context, next, sizes.mask(), "mask");
  return {sizes.sequence(3), sizes.sequence(), sizes.sequence(), sizes.state()};
}

// Inputs gates, weights, inner, h, h0, mask if has_mask, diff_h, diff_h_last where they exist; outputs
// diff_gates, diff_inner, before, diff_h0.
std::vector<TensorType> infer_gru_grad(const InferContext& context) {
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  check_behind(context, sizes, 5, "gradient by the last state");
  return {sizes.sequence(3), sizes.sequence(), sizes.sequence(), sizes.state()};
}

// The columns [begin, begin + count) of the last axis.
Value columns(Graph& graph, Value value, int64_t begin, int64_t count) {
  const Shape shape = graph.shape(value);
  return graph.emit("slice", {value},
                    {{"begin", std::vector<int64_t>{0, 0, begin}},
                     {"size", std::vector<int64_t>{shape[0], shape[1], count}},
                     {"stride", std::vector<int64_t>{1, 1, 1}}});
}

void vjp_gru(VjpContext& context) {
  Graph& graph = context.graph;
  Attributes attributes = context.attributes();
  const bool after = flag(attributes, "reset_after");
  if (context.diff(0).valid() || context.diff(1).valid()) {
    const Unrolling how = unrolling(context, 3 + after);
    const std::vector<int> which = after ? std::vector<int>{0, 1, 2, 3} : std::vector<int>{0, 1, 2};
    return differentiate(context, which, [&](Graph& g, const std::vector<Value>& inputs) {
      return unrolled_gru(g, how, inputs);
    });
  }
  std::vector<Value> inputs = {context.output(0), context.input(1), context.output(1), context.output(2),
                               context.input(2)};
  if (flag(attributes, "has_mask")) inputs.push_back(context.input(3 + after));
  append_diff(context, 2, "has_diff_h", inputs, attributes);
  append_diff(context, 3, "has_diff_h_last", inputs, attributes);
  const int32_t grad = graph.add("gru_grad", inputs, attributes);
  const Value diff_gates{grad, 0}, diff_inner{grad, 1}, before{grad, 2};
  const int64_t units = graph.shape(before).back();
  if (context.wants(0)) context.set(0, diff_gates);
  if (context.wants(1)) {
    const Value candidate =
        after ? weight_gradient(graph, before, diff_inner)
              : weight_gradient(graph, context.output(1), columns(graph, diff_gates, 2 * units, units));
    const Value gates = weight_gradient(graph, before, columns(graph, diff_gates, 0, 2 * units));
    context.set(1, graph.emit("concatenate", {gates, candidate}, {{"axis", int64_t{1}}}));
  }
  if (context.wants(2)) context.set(2, {grad, 3});
  if (after && context.wants(3)) context.set(3, reduce_sum(graph, diff_inner, {0, 1}, false));
}

GruProblem gru_problem(const LowerContext& context) {
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  return {sizes.batch, sizes.time, sizes.units, is_hard(context.attributes),
          flag(context.attributes, "reset_after")};
}

Step lower_gru(const LowerContext& context) {
  const GruProblem problem = gru_problem(context);
  const bool masked = flag(context.attributes, "has_mask");
  size_t scratch = 0;
  Step step = float_step(context.inputs[0].dtype, "gru", [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &gru_functions<T>();
    scratch = table->scratch(problem);
    return [=](const StepArguments& a) {
      table->forward(problem,
                     {src<T>(a, 0), src<T>(a, 1), src<T>(a, 2), problem.reset_after ? src<T>(a, 3) : nullptr,
                      masked ? src<bool>(a, 3 + problem.reset_after) : nullptr, dst<T>(a, 0), dst<T>(a, 1),
                      dst<T>(a, 2), dst<T>(a, 3)},
                     a.scratch);
    };
  });
  step.scratch = scratch;
  step.flops = problem.flops();
  return step;
}

Step lower_gru_grad(const LowerContext& context) {
  const GruProblem problem = gru_problem(context);
  const Behind behind(context.attributes, 5);
  size_t scratch = 0;
  Step step = float_step(context.inputs[0].dtype, "gru_grad", [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &gru_functions<T>();
    scratch = table->scratch(problem);
    return [=](const StepArguments& a) {
      const auto given = [&](int i) { return i < 0 ? nullptr : src<T>(a, i); };
      table->backward(problem,
                      {src<T>(a, 0), src<T>(a, 1), src<T>(a, 2), src<T>(a, 3), src<T>(a, 4),
                       behind.mask < 0 ? nullptr : src<bool>(a, behind.mask), given(behind.diff_h),
                       given(behind.diff_h_last), dst<T>(a, 0), dst<T>(a, 1), dst<T>(a, 2), dst<T>(a, 3)},
                      a.scratch);
    };
  });
  step.scratch = scratch;
  step.flops = problem.flops();
  return step;
}

// --- simple_rnn: inputs x, weights, h0, mask if has_mask; outputs h, h_last

std::vector<TensorType> infer_simple_rnn(const InferContext& context) {
  require_float(context);
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  require_input(context, 0, sizes.sequence(), "inputs' part");
  require_input(context, 1, sizes.weights(1), "recurrent kernel");
  require_input(context, 2, sizes.state(), "initial state");
  if (flag(context.attributes, "has_mask")) require_input(context, 3, sizes.mask(), "mask");
  return {sizes.sequence(), sizes.state()};
}

// Inputs h, weights, h0, mask if has_mask, diff_h, diff_h_last where they exist; outputs diff_x, before,
// diff_h0.
std::vector<TensorType> infer_simple_rnn_grad(const InferContext& context) {
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  check_behind(context, sizes, 3, "gradient by the last state");
  return {sizes.sequence(), sizes.sequence(), sizes.state()};
}

void vjp_simple_rnn(VjpContext& context) {
  Graph& graph = context.graph;
  Attributes attributes = context.attributes();
  std::vector<Value> inputs = {context.output(0), context.input(1), context.input(2)};
  if (flag(attributes, "has_mask")) inputs.push_back(context.input(3));
  append_diff(context, 0, "has_diff_h", inputs, attributes);
  append_diff(context, 1, "has_diff_h_last", inputs, attributes);
  const int32_t grad = graph.add("simple_rnn_grad", inputs, attributes);
  if (context.wants(0)) context.set(0, {grad, 0});
  if (context.wants(1)) context.set(1, weight_gradient(graph, {grad, 1}, {grad, 0}));
  if (context.wants(2)) context.set(2, {grad, 2});
}

SimpleRnnProblem simple_rnn_problem(const LowerContext& context) {
  const Sizes sizes = sizes_of(context.inputs, context.op.name);
  return {sizes.batch, sizes.time, sizes.units};
}

Step lower_simple_rnn(const LowerContext& context) {
  const SimpleRnnProblem problem = simple_rnn_problem(context);
  const bool masked = flag(context.attributes, "has_mask");
  size_t scratch = 0;
  Step step = float_step(context.inputs[0].dtype, "simple_rnn", [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &simple_rnn_functions<T>();
    scratch = table->scratch(problem);
    return [=](const StepArguments& a) {
      table->forward(problem,
                     {src<T>(a, 0), src<T>(a, 1), src<T>(a, 2), masked ? src<bool>(a, 3) : nullptr,
                      dst<T>(a, 0), dst<T>(a, 1)},
                     a.scratch);
    };
  });
  step.scratch = scratch;
  step.flops = problem.flops();
  return step;
}

Step lower_simple_rnn_grad(const LowerContext& context) {
  const SimpleRnnProblem problem = simple_rnn_problem(context);
  const Behind behind(context.attributes, 3);
  size_t scratch = 0;
  Step step = float_step(context.inputs[0].dtype, "simple_rnn_grad", [&](auto zero) {
    using T = decltype(zero);
    const auto* table = &simple_rnn_functions<T>();
    scratch = table->scratch(problem);
    return [=](const StepArguments& a) {
      const auto given = [&](int i) { return i < 0 ? nullptr : src<T>(a, i); };
      table->backward(
          problem,
          {src<T>(a, 0), src<T>(a, 1), src<T>(a, 2), behind.mask < 0 ? nullptr : src<bool>(a, behind.mask),
           given(behind.diff_h), given(behind.diff_h_last), dst<T>(a, 0), dst<T>(a, 1), dst<T>(a, 2)},
          a.scratch);
    };
  });
  step.scratch = scratch;
  step.flops = problem.flops();
  return step;
}

}  // namespace

std::vector<OpDef> recurrent_ops() {
  return {
      {"gru", infer_gru, vjp_gru, lower_gru, inplace_first},
      {"gru_grad", infer_gru_grad, vjp_gru_grad, lower_gru_grad, inplace_first},
      {"lstm", infer_lstm, vjp_lstm, lower_lstm, inplace_first},
      {"lstm_grad", infer_lstm_grad, vjp_lstm_grad, lower_lstm_grad, inplace_first},
      {"simple_rnn", infer_simple_rnn, vjp_simple_rnn, lower_simple_rnn, inplace_first},
      {"simple_rnn_grad", infer_simple_rnn_grad, vjp_simple_rnn_grad, lower_simple_rnn_grad},
  };
}

}  // namespace pronghorn
