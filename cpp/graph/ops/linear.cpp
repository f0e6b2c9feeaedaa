// Products of matrices. `matmul` is what Python emits and what differentiates; `gemm` is matmul with the
// epilogue that the fusing pass found behind it: activation(a · b + bias + residual), or relu's derivative.
#include <algorithm>

#include "graph/build.h"
#include "graph/ops/families.h"
#include "graph/ops/support.h"
#include "kernels/gemm/gemm.h"

namespace pronghorn {
namespace {

// What both operands say about the product, after transposition.
struct Product {
  Shape batch;
  int64_t m, n, k;
};

Product product_of(const char* op, const Shape& a, const Shape& b, bool transpose_a, bool transpose_b) {
  require(a.rank() >= 2 && b.rank() >= 2, op,
          ": needs matrices or batches of them, but the operands have shapes ", a, " and ", b);
  const int64_t a_rows = a[a.rank() - 2], b_rows = b[b.rank() - 2];
  const int64_t m = transpose_a ? a.back() : a_rows, k = transpose_a ? a_rows : a.back();
  const int64_t n = transpose_b ? b_rows : b.back(), b_k = transpose_b ? b.back() : b_rows;
  require(k == b_k, op, ": the operands ", a, transpose_a ? " transposed" : "", " and ", b,
          transpose_b ? " transposed" : "", " do not match: ", k, " columns meet ", b_k, " rows");
  return {broadcast(Shape(a.begin(), a.rank() - 2), Shape(b.begin(), b.rank() - 2), op), m, n, k};
}

std::vector<TensorType> infer_matmul(const InferContext& context) {
  require_float(context);
  const TensorType &a = context.inputs[0], &b = context.inputs[1];
  if (a.dtype != b.dtype)
    fail(ErrorKind::Type, context.op.name, ": the operands are ", a, " and ", b,
         "; they must be of one type");
  const Product product =
      product_of(context.op.name, a.shape, b.shape, context.attributes.get<bool>("transpose_a", false),
                 context.attributes.get<bool>("transpose_b", false));
  Shape shape = product.batch;
  shape.push_back(product.m);
  shape.push_back(product.n);
  return {{shape, a.dtype}};
}

std::vector<TensorType> infer_gemm(const InferContext& context) {
  const TensorType result = infer_matmul(context)[0];
  const bool bias = context.attributes.get<bool>("has_bias", false);
  if (bias)
    require(context.inputs[2].count() == result.shape.back(), context.op.name, ": the bias ",
            context.inputs[2].shape, " does not fit the product ", result.shape);
  if (context.attributes.get<bool>("has_residual", false))
    require(context.inputs[2 + bias].shape == result.shape, context.op.name, ": the residual ",
            context.inputs[2 + bias].shape, " does not have the product's shape ", result.shape);
  if (context.attributes.get<bool>("has_mask", false))
    require(context.inputs.back().shape == result.shape, context.op.name, ": the mask ",
            context.inputs.back().shape, " does not have the product's shape ", result.shape);
  return {result};
}

Value matmul(Graph& graph, Value a, Value b, bool transpose_a, bool transpose_b) {
  return graph.emit("matmul", {a, b}, {{"transpose_a", transpose_a}, {"transpose_b", transpose_b}});
}

// For c = a·b: da = dc·bᵀ and db = aᵀ·dc. With a transposed operand the roles turn round so that no transpose
// is ever carried out.
void vjp_matmul(VjpContext& context) {
  Graph& graph = context.graph;
  const Attributes attributes = context.attributes();
  const bool ta = attributes.get<bool>("transpose_a", false), tb = attributes.get<bool>("transpose_b", false);
  Value a = context.input(0), b = context.input(1), dc = context.diff();
  const Shape a_shape = context.input_shape(0), b_shape = context.input_shape(1);
  if (b_shape.rank() == 2 && a_shape.rank() > 2 &&
      !ta) {  // one tall product: its db needs no sum over the batch
    a = reshape(graph, a, {a_shape.count(0, a_shape.rank() - 1), a_shape.back()});
    const int64_t n = graph.shape(dc).back();
    dc = reshape(graph, dc, {graph.shape(a)[0], n});
  }
  if (context.wants(0)) {
    const Value da = ta ? matmul(graph, b, dc, tb, true) : matmul(graph, dc, b, false, !tb);
    context.set(0, graph.shape(da).count() == a_shape.count() ? reshape(graph, da, a_shape)
                                                              : sum_to(graph, da, a_shape));
  }
  if (context.wants(1)) {
    const Value db = tb ? matmul(graph, dc, a, true, ta) : matmul(graph, a, dc, !ta, false);
    context.set(1, sum_to(graph, db, b_shape));
  }
}

Activation activation_of(const LowerContext& context) {
  const std::string name = context.attributes.get<std::string>("activation", "linear");
  if (name == "linear") return Activation::Linear;
  if (name == "relu") return Activation::Relu;
  if (name == "sigmoid") return Activation::Sigmoid;
  if (name == "tanh") return Activation::Tanh;
  fail(ErrorKind::Internal, context.op.name, ": no activation \"", name, "\"");
}

// Where each product of the batch finds its operand: axes of size 1 are read again and again.
std::vector<int64_t> batch_offsets(const Shape& operand, const Shape& batch) {
  const int rank = operand.rank() - 2, missing = batch.rank() - rank;
  std::vector<int64_t> offsets(static_cast<size_t>(batch.count()));
  for (int64_t i = 0; i < batch.count(); i++) {
    int64_t rest = i, offset = 0, stride = operand.count(rank, operand.rank());
    for (int axis = batch.rank() - 1; axis >= missing; axis--) {
      const int64_t size = operand[axis - missing], at = rest % batch[axis];
      if (size != 1) offset += at * stride;
      stride *= size;
      rest /= batch[axis];
    }
    offsets[static_cast<size_t>(i)] = offset;
  }
  return offsets;
}

template <class T>
Step lower_typed(const LowerContext& context) {
  const Attributes& attributes = context.attributes;
  const bool transpose_a = attributes.get<bool>("transpose_a", false);
  const bool transpose_b = attributes.get<bool>("transpose_b", false);
  const Shape &a = context.src(0), &b = context.src(1);
  Product product = product_of(context.op.name, a, b, transpose_a, transpose_b);
  if (b.count(0, b.rank() - 2) == 1 &&
      !transpose_a) {  // all rows of the batch times one matrix: one tall product
    product.m *= product.batch.count();
    product.batch = Shape();
  }
  GemmProblem p = dense_gemm(product.m, product.n, product.k, transpose_a, transpose_b);
  p.has_bias = attributes.get<bool>("has_bias", false);
  p.has_residual = attributes.get<bool>("has_residual", false);
  p.activation = activation_of(context);
  p.has_mask = attributes.get<bool>("has_mask", false);
  p.mask_factor = attributes.get<double>("mask_factor", 1);

  const GemmTable& table = gemm_table();
  const int residual = 2 + p.has_bias;
  const auto operands = [p, residual](const StepArguments& s) {
    return GemmOperands<T>{src<T>(s, 0),
                           src<T>(s, 1),
                           dst<T>(s),
                           p.has_bias ? src<T>(s, 2) : nullptr,
                           p.has_residual ? src<T>(s, residual) : nullptr,
                           p.has_mask ? src<T>(s, residual + p.has_residual) : nullptr};
  };
  Step step;
  step.implementation = table.implementation(p);
  step.flops = 2.0 * static_cast<double>(product.m * product.n * product.batch.count()) *
               static_cast<double>(product.k);
  if (product.batch.count() == 1) {
    step.scratch = gemm_scratch(table, p, T{});
    step.run = [p, operands, &table](const StepArguments& s) { gemm(table, p, operands(s), s.scratch); };
    return step;
  }
  const std::vector<int64_t> a_offsets = batch_offsets(a, product.batch),
                             b_offsets = batch_offsets(b, product.batch);
  const auto batch_of = [p](const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
    return GemmBatch{static_cast<int64_t>(a.size()), a.data(), b.data(), p.m * p.n};
  };
  step.scratch = gemm_batch_scratch<T>(table, p, batch_of(a_offsets, b_offsets));
  step.run = [=, &table](const StepArguments& s) {
    gemm_batch<T>(table, p, batch_of(a_offsets, b_offsets), operands(s), s.scratch);
  };
  return step;
}

Step lower_matmul(const LowerContext& context) {
  return context.inputs[0].dtype == DType::Float32 ? lower_typed<float>(context)
                                                   : lower_typed<double>(context);
}

}  // namespace

std::vector<OpDef> linear_ops() {
  return {
      {"matmul", infer_matmul, vjp_matmul, lower_matmul},
      {"gemm", infer_gemm, nullptr, lower_matmul},
  };
}

}  // namespace pronghorn
