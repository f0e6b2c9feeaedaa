// The rows of the elementwise ops. Operands broadcast by NumPy's rule and have one dtype. Every op is one
// tile instruction of the same name. relu, sigmoid and tanh differentiate from their output, so that they can
// be the epilogue of another op.
#include "graph/ops/elementwise.h"

#include "graph/build.h"
#include "graph/ops/families.h"

namespace pronghorn {
namespace {

// --- shape rules

void require_supported(const InferContext& context, DType dtype) {
  const auto op = static_cast<TileOp>(tile_op_from_name(context.op.name));
  if (!tile_supports(op, dtype))
    fail(ErrorKind::Type, context.op.name, ": not defined for ", name_of(dtype), " tensors");
}

void require_inputs(const InferContext& context, size_t count) {
  require(context.inputs.size() == count, context.op.name, ": takes ", count, " inputs, but ",
          context.inputs.size(), " were given");
}

TensorType joint(const InferContext& context, size_t first) {
  const TensorType &a = context.inputs[first], &b = context.inputs[first + 1];
  if (a.dtype != b.dtype)
    fail(ErrorKind::Type, context.op.name, ": both operands must have the same dtype, but they are ", a,
         " and ", b);
  return {broadcast(a.shape, b.shape, context.op.name), a.dtype};
}

std::vector<TensorType> infer_binary(const InferContext& context) {
  require_inputs(context, 2);
  const TensorType type = joint(context, 0);
  require_supported(context, type.dtype);
  return {type};
}

std::vector<TensorType> infer_comparison(const InferContext& context) {
  return {{infer_binary(context)[0].shape, DType::Bool}};
}

std::vector<TensorType> infer_unary(const InferContext& context) {
  require_inputs(context, 1);
  require_supported(context, context.inputs[0].dtype);
  return {context.inputs[0]};
}

std::vector<TensorType> infer_test(const InferContext& context) {
  return {{infer_unary(context)[0].shape, DType::Bool}};
}

std::vector<TensorType> infer_where(const InferContext& context) {
  require_inputs(context, 3);
  const TensorType &condition = context.inputs[0], type = joint(context, 1);
  if (condition.dtype != DType::Bool)
    fail(ErrorKind::Type, "where: the condition must be bool, but it is ", condition);
  return {{broadcast(condition.shape, type.shape, "where"), type.dtype}};
}

std::vector<TensorType> infer_cast(const InferContext& context) {
  require_inputs(context, 1);
  return {{context.inputs[0].shape, context.attributes.dtype()}};
}

void require_step(const InferContext& context) {
  const TensorType& step = context.inputs.back();
  require(step.dtype == DType::Int64 && step.count() == 1, context.op.name,
          ": the step must be one int64, but it is ", step);
}

std::vector<TensorType> infer_dropout(const InferContext& context) {
  require_inputs(context, 2);
  require_step(context);
  require_supported(context, context.inputs[0].dtype);
  const auto rate = context.attributes.get<double>("rate");
  require(rate >= 0 && rate < 1, "dropout: rate must be in [0, 1), not ", rate);
  return {context.inputs[0]};
}

// --- derivatives

// A value with arithmetic, so that rules read like the formulas they are.
struct Term {
  Graph* graph;
  Value value;
};
Term operator+(Term a, Term b) {
  return {a.graph, add(*a.graph, a.value, b.value)};
}
Term operator*(Term a, Term b) {
  return {a.graph, mul(*a.graph, a.value, b.value)};
}
Term operator/(Term a, Term b) {
  return {a.graph, div(*a.graph, a.value, b.value)};
}
Term operator-(Term a) {
  return {a.graph, neg(*a.graph, a.value)};
}
Term number(Term like, double x) {
  return {like.graph, scalar(*like.graph, x, like.graph->dtype(like.value))};
}
Term operator+(Term a, double b) {
  return a + number(a, b);
}
Term operator*(Term a, double b) {
  return a * number(a, b);
}
Term apply(const char* op, Term a, Attributes attributes = {}) {
  return {a.graph, a.graph->emit(op, {a.value}, std::move(attributes))};
}
Term apply(const char* op, Term a, Term b) {
  return {a.graph, a.graph->emit(op, {a.value, b.value})};
}
Term where(Term condition, Term a, Term b) {
  return {a.graph, a.graph->emit("where", {condition.value, a.value, b.value})};
}

// rule(d, x, y): d = dL/dy, x the input, y the output.
template <auto rule>
void unary(VjpContext& context) {
  Graph* graph = &context.graph;
  context.set(
      0,
      rule(Term{graph, context.diff()}, Term{graph, context.input(0)}, Term{graph, context.output()}).value);
}

// left(d, a, b, y) and right(d, a, b, y) are the terms of either operand before what broadcasting repeated is
// summed.
template <auto left, auto right>
void binary(VjpContext& context) {
  Graph* graph = &context.graph;
  const Term d{graph, context.diff()}, a{graph, context.input(0)}, b{graph, context.input(1)},
      y{graph, context.output()};
  if (context.wants(0)) context.set(0, sum_to(*graph, left(d, a, b, y).value, graph->shape(a.value)));
  if (context.wants(1)) context.set(1, sum_to(*graph, right(d, a, b, y).value, graph->shape(b.value)));
}

constexpr auto same = [](Term d, Term, Term, Term) { return d; };
constexpr auto minus = [](Term d, Term, Term, Term) { return -d; };

// Of two equal operands the first one gets the gradient, as in TensorFlow.
template <auto comparison, bool first>
constexpr auto chosen = [](Term d, Term a, Term b, Term) {
  const Term mask = apply(comparison(), a, b), none = number(d, 0);
  return first ? where(mask, d, none) : where(mask, none, d);
};
constexpr auto at_least = [] { return "greater_equal"; };
constexpr auto at_most = [] { return "less_equal"; };

// y = a^b: dy/da = b a^(b-1); dy/db = y log a, and 0 where a <= 0.
constexpr auto power_base = [](Term d, Term a, Term b, Term) {
  return d * (b * apply("power", a, b + -1.0));
};
constexpr auto power_exponent = [](Term d, Term a, Term, Term y) {
  const Term positive = apply("greater", a, number(a, 0));
  const Term logarithm = apply("log", where(positive, a, number(a, 1)));
  return d * (y * logarithm);
};

void vjp_where(VjpContext& context) {
  Graph& graph = context.graph;
  const Value condition = context.input(0), none = scalar(graph, 0, graph.dtype(context.diff()));
  for (int i : {1, 2}) {
    if (!context.wants(i)) continue;
    const Value kept = graph.emit("where", i == 1 ? std::vector<Value>{condition, context.diff(), none}
                                                  : std::vector<Value>{condition, none, context.diff()});
    context.set(i, sum_to(graph, kept, context.input_shape(i)));
  }
}

void vjp_cast(VjpContext& context) {
  context.set(0, cast(context.graph, context.diff(), context.graph.dtype(context.input(0))));
}

// Inside the limits, themselves included, the gradient passes.
void vjp_clip(VjpContext& context) {
  const Attributes attributes = context.attributes();
  const Term d{&context.graph, context.diff()}, x{&context.graph, context.input(0)};
  const Term above = apply("greater_equal", x, number(x, attributes.get<double>("min")));
  const Term below = apply("less_equal", x, number(x, attributes.get<double>("max")));
  context.set(0, where(apply("logical_and", above, below), d, number(d, 0)).value);
}

// y = alpha (e^x - 1) below 0: there dy/dx = y + alpha.
void vjp_elu(VjpContext& context) {
  const double alpha = context.attributes().get<double>("alpha", 1.0);
  const Term d{&context.graph, context.diff()}, x{&context.graph, context.input(0)},
      y{&context.graph, context.output()};
  context.set(0, where(apply("less", x, number(x, 0)), d * (y + alpha), d).value);
}

void vjp_leaky_relu(VjpContext& context) {
  const double alpha = context.attributes().get<double>("alpha", 0.3);
  const Term d{&context.graph, context.diff()}, x{&context.graph, context.input(0)};
  context.set(0, where(apply("greater", x, number(x, 0)), d, d * alpha).value);
}

// The same elements are dropped again: the mask is a function of seed, step and index.
void vjp_dropout(VjpContext& context) {
  if (context.wants(0))
    context.set(0, context.graph.emit("dropout", {context.diff(), context.input(1)}, context.attributes()));
}

OpDef row(const char* name, InferRule infer, VjpRule vjp) {
  return {name, infer, vjp, lower_elementwise, elementwise};
}

std::vector<OpDef> binary_rows() {
  constexpr auto first_factor = [](Term d, Term, Term b, Term) { return d * b; };
  constexpr auto second_factor = [](Term d, Term a, Term, Term) { return d * a; };
  constexpr auto dividend = [](Term d, Term, Term b, Term) { return d / b; };
  constexpr auto divisor = [](Term d, Term, Term b, Term y) { return -(d * y / b); };
  constexpr auto modulus = [](Term d, Term a, Term b, Term) { return -(d * apply("floor", a / b)); };
  // f'(y) d is linear in d; by y: f''(y) d. relu' is constant wherever it has a derivative.
  constexpr auto again_sigmoid = [](Term d, Term, Term b, Term) { return apply("sigmoid_grad", d, b); };
  constexpr auto by_sigmoid = [](Term d, Term a, Term b, Term) { return d * a * (b * -2.0 + 1.0); };
  constexpr auto again_tanh = [](Term d, Term, Term b, Term) { return apply("tanh_grad", d, b); };
  constexpr auto by_tanh = [](Term d, Term a, Term b, Term) { return d * a * (b * -2.0); };
  return {
      row("add", infer_binary, binary<same, same>),
      row("subtract", infer_binary, binary<same, minus>),
      row("multiply", infer_binary, binary<first_factor, second_factor>),
      row("divide", infer_binary, binary<dividend, divisor>),
      row("floor_divide", infer_binary, nullptr),
      row("mod", infer_binary, binary<same, modulus>),
      row("power", infer_binary, binary<power_base, power_exponent>),
      row("maximum", infer_binary, binary<chosen<at_least, true>, chosen<at_least, false>>),
      row("minimum", infer_binary, binary<chosen<at_most, true>, chosen<at_most, false>>),
      row("equal", infer_comparison, nullptr),
      row("not_equal", infer_comparison, nullptr),
      row("less", infer_comparison, nullptr),
      row("less_equal", infer_comparison, nullptr),
      row("greater", infer_comparison, nullptr),
      row("greater_equal", infer_comparison, nullptr),
      row("logical_and", infer_binary, nullptr),
      row("logical_or", infer_binary, nullptr),
      row("relu_grad", infer_binary,
          [](VjpContext& c) {
            if (c.wants(0)) c.set(0, c.graph.emit("relu_grad", {c.diff(), c.input(1)}));
          }),
      row("sigmoid_grad", infer_binary, binary<again_sigmoid, by_sigmoid>),
      row("tanh_grad", infer_binary, binary<again_tanh, by_tanh>),
  };
}

std::vector<OpDef> unary_rows() {
  constexpr double two_by_root_pi = 1.1283791670955126;
  return {
      row("negative", infer_unary, unary<[](Term d, Term, Term) { return -d; }>),
      row("abs", infer_unary, unary<[](Term d, Term x, Term) { return d * apply("sign", x); }>),
      row("sign", infer_unary, unary<[](Term d, Term, Term) { return d * 0.0; }>),
      row("square", infer_unary, unary<[](Term d, Term x, Term) { return d * (x * 2.0); }>),
      row("sqrt", infer_unary, unary<[](Term d, Term, Term y) { return d * 0.5 / y; }>),
      row("rsqrt", infer_unary, unary<[](Term d, Term, Term y) { return d * (y * y * y * -0.5); }>),
      row("reciprocal", infer_unary, unary<[](Term d, Term, Term y) { return -(d * (y * y)); }>),
      row("exp", infer_unary, unary<[](Term d, Term, Term y) { return d * y; }>),
      row("expm1", infer_unary, unary<[](Term d, Term, Term y) { return d * (y + 1.0); }>),
      row("log", infer_unary, unary<[](Term d, Term x, Term) { return d / x; }>),
      row("log1p", infer_unary, unary<[](Term d, Term x, Term) { return d / (x + 1.0); }>),
      row("sin", infer_unary, unary<[](Term d, Term x, Term) { return d * apply("cos", x); }>),
      row("cos", infer_unary, unary<[](Term d, Term x, Term) { return -(d * apply("sin", x)); }>),
      row("tan", infer_unary, unary<[](Term d, Term, Term y) { return d * (y * y + 1.0); }>),
      row("tanh", infer_unary, unary<[](Term d, Term, Term y) { return apply("tanh_grad", d, y); }>),
      row("sigmoid", infer_unary, unary<[](Term d, Term, Term y) { return apply("sigmoid_grad", d, y); }>),
      row("softplus", infer_unary, unary<[](Term d, Term x, Term) { return d * apply("sigmoid", x); }>),
      row("softsign", infer_unary,
          unary<[](Term d, Term x, Term) { return d / apply("square", apply("abs", x) + 1.0); }>),
      row("erf", infer_unary, unary<[](Term d, Term x, Term) {
            return d * (apply("exp", -apply("square", x)) * two_by_root_pi);
          }>),
      row("floor", infer_unary, nullptr),
      row("ceil", infer_unary, nullptr),
      row("round", infer_unary, nullptr),
      row("relu", infer_unary, unary<[](Term d, Term, Term y) { return apply("relu_grad", d, y); }>),
      row("elu", infer_unary, vjp_elu),
      row("selu", infer_unary, unary<[](Term d, Term x, Term y) {
            constexpr double scale = 1.0507009873554805, scaled_alpha = 1.7580993408473766;
            return where(apply("less", x, number(x, 0)), d * (y + scaled_alpha), d * scale);
          }>),
      row("leaky_relu", infer_unary, vjp_leaky_relu),
      row("hard_sigmoid", infer_unary, unary<[](Term d, Term x, Term) {
            const Term line = x * 0.2 + 0.5;
            const Term inside = apply("logical_and", apply("greater_equal", line, number(line, 0)),
                                      apply("less_equal", line, number(line, 1)));
            return where(inside, d * 0.2, number(d, 0));
          }>),
      row("logical_not", infer_unary, nullptr),
      row("is_nan", infer_test, nullptr),
      row("is_inf", infer_test, nullptr),
      row("cast", infer_cast, vjp_cast),
      row("clip", infer_unary, vjp_clip),
      row("where", infer_where, vjp_where),
      row("dropout", infer_dropout, vjp_dropout),
  };
}

}  // namespace

std::vector<OpDef> elementwise_ops() {
  std::vector<OpDef> rows = binary_rows();
  for (const OpDef& op : unary_rows()) rows.push_back(op);
  return rows;
}

}  // namespace pronghorn
