// The cross-entropies along the last axis: on probabilities as Keras defines them, and on logits, which
// simplify puts in their place where the probabilities come straight from a softmax or a sigmoid.
#include <cmath>
#include <limits>
#include <type_traits>

#include "graph/ops/families.h"
#include "graph/ops/support.h"
#include "kernels/softmax/softmax.h"

namespace pronghorn {
namespace {

// --- shape rules -------------------------------------------------------------------------------------------

void require_scores(const InferContext& context, int i) {
  require_float(context, i);
  require(context.inputs[i].shape.rank() >= 1 && context.inputs[i].shape.back() >= 1, context.op.name,
          ": needs class scores along the last axis, not shape ", context.inputs[i].shape);
}

void require_equal(const InferContext& context, const char* first, const char* second) {
  require(context.inputs[0] == context.inputs[1], context.op.name, ": ", first, " is ", context.inputs[0],
          ", but ", second, " is ", context.inputs[1]);
}

void require_labels(const InferContext& context, int labels, int scores) {
  const TensorType& type = context.inputs[labels];
  const Shape& shape = context.inputs[scores].shape;
  if (type.dtype != DType::Int32 && type.dtype != DType::Int64)
    fail(ErrorKind::Type, context.op.name, ": labels must be int32 or int64, not ", name_of(type.dtype));
  require(type.shape == without_last(shape), context.op.name, ": labels are ", type.shape,
          ", but class scores of shape ", shape, " need ", without_last(shape));
}

TensorType loss_of(const TensorType& scores) {
  return {without_last(scores.shape), scores.dtype};
}

// For each row the greatest logit and the sum of exp(logit - greatest): what the gradient needs of the
// forward pass.
TensorType statistics_of(const TensorType& logits) {
  TensorType type = loss_of(logits);
  type.shape.push_back(2);
  return type;
}

std::vector<TensorType> infer_softmax(const InferContext& context) {
  require_scores(context, 0);
  require_equal(context, "logits", "targets");
  return {loss_of(context.inputs[0]), statistics_of(context.inputs[0])};
}

std::vector<TensorType> infer_sparse_softmax(const InferContext& context) {
  require_scores(context, 0);
  require_labels(context, 1, 0);
  return {loss_of(context.inputs[0]), statistics_of(context.inputs[0])};
}

std::vector<TensorType> infer_categorical(const InferContext& context) {
  require_scores(context, 1);
  require_equal(context, "target", "output");
  return {loss_of(context.inputs[1])};
}

std::vector<TensorType> infer_sparse_categorical(const InferContext& context) {
  require_scores(context, 1);
  require_labels(context, 0, 1);
  return {loss_of(context.inputs[1])};
}

std::vector<TensorType> infer_elements(const InferContext& context) {
  require_float(context);
  require_equal(context, "the first input", "the second");
  return {context.inputs[0]};
}

// Gradients are like the scores, input number `scores`; the gradient of the loss is the last input.
template <int scores>
std::vector<TensorType> infer_grad(const InferContext& context) {
  const TensorType loss = loss_of(context.inputs[scores]);
  require(context.inputs.back() == loss, context.op.name, ": the loss is ", loss, ", but its gradient is ",
          context.inputs.back());
  return {context.inputs[scores]};
}

// --- derivatives -------------------------------------------------------------------------------------------

using Values = std::vector<Value>;

double epsilon_of(const Attributes& attributes) {
  return attributes.get<double>("epsilon");
}

Value one_hot_like(Graph& graph, Value labels, Value scores) {
  return graph.emit(
      "one_hot", {labels},
      {{"depth", graph.shape(scores).back()}, {"dtype", std::string(name_of(graph.dtype(scores)))}});
}

// 1 where the value is inside [epsilon, 1 - epsilon], 0 where it is clipped.
Value is_free(Graph& graph, Value value, double epsilon) {
  const DType dtype = graph.dtype(value);
  const Value above = graph.emit("less_equal", {scalar(graph, epsilon, dtype), value});
  const Value below = graph.emit("less_equal", {value, scalar(graph, 1 - epsilon, dtype)});
  return cast(graph, graph.emit("logical_and", {above, below}), dtype);
}

Value clipped(Graph& graph, Value value, double epsilon) {
  return graph.emit("clip", {value}, {{"min", epsilon}, {"max", 1 - epsilon}});
}

// (softmax(logits) sum(targets) - targets) diff
void vjp_softmax(VjpContext& context) {
  if (!context.diff().valid()) return;
  Graph& graph = context.graph;
  const Value logits = context.input(0), targets = context.input(1), diff = context.diff();
  if (context.wants(0))
    context.set(0, graph.emit("softmax_cross_entropy_grad", {logits, targets, context.output(1), diff}));
  if (context.wants(1))
    context.set(1, neg(graph, mul(graph, graph.emit("log_softmax", {logits}), as_column(graph, diff))));
}

void vjp_softmax_grad(VjpContext& context) {
  differentiate(context, {0, 1, 3}, [](Graph& graph, const Values& in) -> Values {
    const Value p = mul(graph, graph.emit("softmax", {in[0]}), sum_rows(graph, in[1]));
    return {mul(graph, sub(graph, p, in[1]), as_column(graph, in[2]))};
  });
}

void vjp_sparse_softmax(VjpContext& context) {
  if (!context.diff().valid()) return;
  context.set(0, context.graph.emit("sparse_softmax_cross_entropy_grad",
                                    {context.input(0), context.input(1), context.output(1), context.diff()}));
}

void vjp_sparse_softmax_grad(VjpContext& context) {
  const Value labels = context.input(1);
  differentiate(context, {0, 3}, [&](Graph& graph, const Values& in) -> Values {
    const Value miss = sub(graph, graph.emit("softmax", {in[0]}), one_hot_like(graph, labels, in[0]));
    return {mul(graph, miss, as_column(graph, in[1]))};
  });
}

void vjp_sigmoid(VjpContext& context) {
  Graph& graph = context.graph;
  const Value logits = context.input(0), targets = context.input(1), diff = context.diff();
  if (context.wants(0))
    context.set(0, mul(graph, sub(graph, graph.emit("sigmoid", {logits}), targets), diff));
  if (context.wants(1)) context.set(1, neg(graph, mul(graph, logits, diff)));
}

// loss = -t log(o + e) - (1 - t) log(1 - o + e) of the clipped o
void vjp_binary(VjpContext& context) {
  Graph& graph = context.graph;
  const Value targets = context.input(0), output = context.input(1), diff = context.diff();
  const double epsilon = epsilon_of(context.attributes());
  const Value o = clipped(graph, output, epsilon);
  const Value one_less = sub(graph, scalar(graph, 1, graph.dtype(o)), o);
  const Value yes = add(graph, o, epsilon), no = add(graph, one_less, epsilon);
  if (context.wants(0)) {
    const Value odds = sub(graph, graph.emit("log", {no}), graph.emit("log", {yes}));
    context.set(0, mul(graph, odds, diff));
  }
  if (context.wants(1)) {
    const Value other = sub(graph, scalar(graph, 1, graph.dtype(targets)), targets);
    const Value slope = sub(graph, div(graph, other, no), div(graph, targets, yes));
    context.set(1, mul(graph, mul(graph, slope, is_free(graph, output, epsilon)), diff));
  }
}

void vjp_categorical(VjpContext& context) {
  Graph& graph = context.graph;
  const Value targets = context.input(0), output = context.input(1), diff = context.diff();
  const Attributes attributes = context.attributes();
  if (context.wants(0)) {
    const Value p = div(graph, output, sum_rows(graph, output));
    const Value log_p = graph.emit("log", {clipped(graph, p, epsilon_of(attributes))});
    context.set(0, neg(graph, mul(graph, log_p, as_column(graph, diff))));
  }
  if (context.wants(1))
    context.set(1, graph.emit("categorical_crossentropy_grad", {targets, output, diff}, attributes));
}

// With p = output / total and t the targets where p is not clipped: (sum(t) - t / p) / total * diff.
void vjp_categorical_grad(VjpContext& context) {
  const double epsilon = epsilon_of(context.attributes());
  differentiate(context, {0, 1, 2}, [=](Graph& graph, const Values& in) -> Values {
    const Value total = sum_rows(graph, in[1]), p = div(graph, in[1], total);
    const Value t = mul(graph, in[0], is_free(graph, p, epsilon));
    const Value slope = sub(graph, sum_rows(graph, t), div(graph, t, clipped(graph, p, epsilon)));
    return {mul(graph, div(graph, slope, total), as_column(graph, in[2]))};
  });
}

void vjp_sparse_categorical(VjpContext& context) {
  context.set(1,
              context.graph.emit("sparse_categorical_crossentropy_grad",
                                 {context.input(0), context.input(1), context.diff()}, context.attributes()));
}

// loss = log(sum(p)) - log(p[label]) of the clipped p
void vjp_sparse_categorical_grad(VjpContext& context) {
  const double epsilon = epsilon_of(context.attributes());
  const Value labels = context.input(0);
  differentiate(context, {1, 2}, [&](Graph& graph, const Values& in) -> Values {
    const Value p = clipped(graph, in[0], epsilon), target = one_hot_like(graph, labels, in[0]);
    const Value even = div(graph, ones_like(graph, p), sum_rows(graph, p));
    const Value slope = mul(graph, sub(graph, even, div(graph, target, p)), is_free(graph, in[0], epsilon));
    return {mul(graph, slope, as_column(graph, in[1]))};
  });
}

// --- steps -------------------------------------------------------------------------------------------------

// Calls f(labels) with the labels in their own type, once they are known to be classes. Throws before
// anything is written and outside of any parallel region.
template <class F>
void with_labels(DType dtype, const void* pointer, const Rows& rows, F f) {
  const auto checked = [&](const auto* labels) {
    using L = std::remove_cvref_t<decltype(*labels)>;
    for (int64_t row = 0; row < rows.count; row++) {
      if (labels[row] >= 0 && labels[row] < rows.columns) [[likely]]
        continue;
      if (labels[row] == std::numeric_limits<L>::min())  // what NaN becomes as an integer
        fail(ErrorKind::Value, "sparse_categorical_crossentropy: the label of row ", row,
             " is NaN or far outside the ", rows.columns, " classes 0 to ", rows.columns - 1);
      fail(ErrorKind::Value, "sparse_categorical_crossentropy: label ", labels[row], " of row ", row,
           " is not one of the ", rows.columns, " classes 0 to ", rows.columns - 1);
    }
    f(labels);
  };
  if (dtype == DType::Int32)
    checked(static_cast<const int32_t*>(pointer));
  else
    checked(static_cast<const int64_t*>(pointer));
}

Step lower_softmax(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  return float_step(context.inputs[0].dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().cross_entropy;
    return [=](const StepArguments& arguments) {
      for_rows(rows, [&](int64_t row, int64_t n) {
        const int64_t at = row * rows.columns;
        kernel(src<T>(arguments, 0) + at, src<T>(arguments, 1) + at, dst<T>(arguments, 0) + row,
               dst<T>(arguments, 1) + 2 * row, n, rows.columns);
      });
    };
  });
}

Step lower_softmax_grad(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  return float_step(context.inputs[0].dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().cross_entropy_grad;
    return [=](const StepArguments& arguments) {
      for_rows(rows, [&](int64_t row, int64_t n) {
        const int64_t at = row * rows.columns;
        kernel(src<T>(arguments, 0) + at, src<T>(arguments, 1) + at, src<T>(arguments, 2) + 2 * row,
               src<T>(arguments, 3) + row, dst<T>(arguments) + at, n, rows.columns);
      });
    };
  });
}

Step lower_sparse_softmax(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  const DType label_type = context.inputs[1].dtype;
  return float_step(context.inputs[0].dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().cross_entropy;
    return [=](const StepArguments& arguments) {
      with_labels(label_type, arguments.src[1], rows, [&](const auto* labels) {
        for_rows(rows, [&](int64_t row, int64_t n) {
          const T* logits = src<T>(arguments) + row * rows.columns;
          T *loss = dst<T>(arguments) + row, *statistics = dst<T>(arguments, 1) + 2 * row;
          kernel(logits, nullptr, loss, statistics, n, rows.columns);
          for (int64_t i = 0; i < n; i++)
            loss[i] += statistics[2 * i] - logits[i * rows.columns + labels[row + i]];
        });
      });
    };
  });
}

Step lower_sparse_softmax_grad(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  const DType label_type = context.inputs[1].dtype;
  return float_step(context.inputs[0].dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().cross_entropy_grad;
    return [=](const StepArguments& arguments) {
      with_labels(label_type, arguments.src[1], rows, [&](const auto* labels) {
        for_rows(rows, [&](int64_t row, int64_t n) {
          const T* diff_loss = src<T>(arguments, 3) + row;
          T* diff_logits = dst<T>(arguments) + row * rows.columns;
          kernel(src<T>(arguments) + row * rows.columns, nullptr, src<T>(arguments, 2) + 2 * row, diff_loss,
                 diff_logits, n, rows.columns);
          for (int64_t i = 0; i < n; i++) diff_logits[i * rows.columns + labels[row + i]] -= diff_loss[i];
        });
      });
    };
  });
}

Step lower_categorical(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  const double epsilon = epsilon_of(context.attributes);
  return float_step(context.inputs[0].dtype, "crossentropy", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().categorical;
    return [=](const StepArguments& arguments) {
      for_rows(rows, [&](int64_t row, int64_t n) {
        const int64_t at = row * rows.columns;
        kernel(src<T>(arguments, 0) + at, src<T>(arguments, 1) + at, dst<T>(arguments) + row, n, rows.columns,
               static_cast<T>(epsilon));
      });
    };
  });
}

Step lower_categorical_grad(const LowerContext& context) {
  const Rows rows = rows_in(context.src());
  const double epsilon = epsilon_of(context.attributes);
  return float_step(context.inputs[0].dtype, "crossentropy", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().categorical_grad;
    return [=](const StepArguments& arguments) {
      for_rows(rows, [&](int64_t row, int64_t n) {
        const int64_t at = row * rows.columns;
        kernel(src<T>(arguments, 0) + at, src<T>(arguments, 1) + at, src<T>(arguments, 2) + row,
               dst<T>(arguments) + at, n, rows.columns, static_cast<T>(epsilon));
      });
    };
  });
}

template <class T>
T clip(T value, T epsilon) {
  return std::min(std::max(value, epsilon), 1 - epsilon);
}

Step lower_sparse_categorical(const LowerContext& context) {
  const Rows rows = rows_in(context.src(1));
  const DType label_type = context.inputs[0].dtype;
  const double epsilon_attribute = epsilon_of(context.attributes);
  return float_step(context.inputs[1].dtype, "crossentropy", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().clipped_sum;
    const auto epsilon = static_cast<T>(epsilon_attribute);
    return [=](const StepArguments& arguments) {
      with_labels(label_type, arguments.src[0], rows, [&](const auto* labels) {
        for_rows(rows, [&](int64_t row, int64_t n) {
          const T* output = src<T>(arguments, 1) + row * rows.columns;
          T* loss = dst<T>(arguments) + row;
          kernel(output, loss, n, rows.columns, epsilon);
          for (int64_t i = 0; i < n; i++)
            loss[i] = std::log(loss[i]) - std::log(clip(output[i * rows.columns + labels[row + i]], epsilon));
        });
      });
    };
  });
}

Step lower_sparse_categorical_grad(const LowerContext& context) {
  const Rows rows = rows_in(context.src(1));
  const DType label_type = context.inputs[0].dtype;
  const double epsilon_attribute = epsilon_of(context.attributes);
  return float_step(context.inputs[1].dtype, "crossentropy", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().sparse_categorical_grad;
    const auto epsilon = static_cast<T>(epsilon_attribute);
    return [=](const StepArguments& arguments) {
      with_labels(label_type, arguments.src[0], rows, [&](const auto* labels) {
        for_rows(rows, [&](int64_t row, int64_t n) {
          const T *output = src<T>(arguments, 1) + row * rows.columns,
                  *diff_loss = src<T>(arguments, 2) + row;
          T* diff_output = dst<T>(arguments) + row * rows.columns;
          kernel(output, diff_loss, diff_output, n, rows.columns, epsilon);
          for (int64_t i = 0; i < n; i++) {
            const int64_t at = i * rows.columns + labels[row + i];
            if (output[at] >= epsilon && output[at] <= 1 - epsilon)
              diff_output[at] -= diff_loss[i] / output[at];
          }
        });
      });
    };
  });
}

Step lower_sigmoid(const LowerContext& context) {
  const Rows all = rows_in({context.inputs[0].count(), 1});
  return float_step(context.inputs[0].dtype, "crossentropy", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().sigmoid_cross_entropy;
    return [=](const StepArguments& arguments) {
      for_rows(all, [&](int64_t at, int64_t n) {
        kernel(src<T>(arguments, 0) + at, src<T>(arguments, 1) + at, dst<T>(arguments) + at, n);
      });
    };
  });
}

Step lower_binary(const LowerContext& context) {
  const Rows all = rows_in({context.inputs[0].count(), 1});
  const double epsilon = epsilon_of(context.attributes);
  return float_step(context.inputs[0].dtype, "crossentropy", [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = softmax_functions<T>().binary;
    return [=](const StepArguments& arguments) {
      for_rows(all, [&](int64_t at, int64_t n) {
        kernel(src<T>(arguments, 0) + at, src<T>(arguments, 1) + at, dst<T>(arguments) + at, n,
               static_cast<T>(epsilon));
      });
    };
  });
}

}  // namespace

std::vector<OpDef> losses_ops() {
  return {
      {"softmax_cross_entropy", infer_softmax, vjp_softmax, lower_softmax},
      {"softmax_cross_entropy_grad", infer_grad<0>, vjp_softmax_grad, lower_softmax_grad, inplace_first},
      {"sparse_softmax_cross_entropy", infer_sparse_softmax, vjp_sparse_softmax, lower_sparse_softmax},
      {"sparse_softmax_cross_entropy_grad", infer_grad<0>, vjp_sparse_softmax_grad, lower_sparse_softmax_grad,
       inplace_first},
      {"sigmoid_cross_entropy", infer_elements, vjp_sigmoid, lower_sigmoid, inplace_first},
      {"categorical_crossentropy", infer_categorical, vjp_categorical, lower_categorical},
      {"categorical_crossentropy_grad", infer_grad<1>, vjp_categorical_grad, lower_categorical_grad},
      {"sparse_categorical_crossentropy", infer_sparse_categorical, vjp_sparse_categorical,
       lower_sparse_categorical},
      {"sparse_categorical_crossentropy_grad", infer_grad<1>, vjp_sparse_categorical_grad,
       lower_sparse_categorical_grad},
      {"binary_crossentropy", infer_elements, vjp_binary, lower_binary, inplace_first},
  };
}

}  // namespace pronghorn
