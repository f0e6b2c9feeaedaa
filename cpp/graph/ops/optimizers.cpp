// The optimizers: each op updates all parameters of a model in one step, in place where nothing else reads
// them.
//
// Inputs: the rule's scalars, then n gradients, n parameters, and n tensors for each kind of slot. Outputs: n
// parameters, then the slots in the same order. Attributes: n; inplace_from, the index of the first
// parameter; the rule's numbers, some of which may be given as further scalars instead, to change from step
// to step.
#include <cmath>
#include <cstring>

#include "graph/ops/families.h"
#include "graph/ops/support.h"
#include "kernels/optimizer/optimizer.h"

namespace pronghorn {
namespace {

constexpr int most_coefficients = 9, most_numbers = 2, most_scalars = 3 + most_numbers;
constexpr int64_t chunk_elements = 16 * 1024;

// The numbers behind c, computed in T as the formulas would be.
template <class T>
struct Numbers {
  const Attributes& attributes;
  const T* scalar;
  const char* const* names;  // of the numbers that are given as scalars
  const T* given;
  int given_count;

  T get(const char* name) const {
    for (int i = 0; i < given_count; i++)
      if (std::strcmp(names[i], name) == 0) return given[i];
    return static_cast<T>(attributes.get<double>(name));
  }
};

template <class T>
struct Prepared {
  T c[most_coefficients] = {};
};

// What distinguishes the rules: how many scalars and slots they take, which kernel they run, and the kernel's
// numbers.
struct Rule {
  int scalars, fewest_slots, most_slots;
  const char* numbers[most_numbers + 1];  // those that may be scalars, in this order; nullptr ends them
  template <class T>
  using Select = OptimizerFunction<T> (*)(const Attributes&, int slots);
  template <class T>
  using Prepare = Prepared<T> (*)(const Numbers<T>&);

  Select<float> select_f32;
  Select<double> select_f64;
  Prepare<float> prepare_f32;
  Prepare<double> prepare_f64;

  constexpr int number_count() const {
    int count = 0;
    while (numbers[count]) count++;
    return count;
  }
};

template <class T>
auto select(const Rule& rule) {
  if constexpr (sizeof(T) == sizeof(float))
    return rule.select_f32;
  else
    return rule.select_f64;
}
template <class T>
auto prepare(const Rule& rule) {
  if constexpr (sizeof(T) == sizeof(float))
    return rule.prepare_f32;
  else
    return rule.prepare_f64;
}

// --- rules: scalars are lr, then t = iterations + 1 where it is used, then nadam's product of momenta
// -----------

template <class T>
OptimizerFunction<T> select_sgd(const Attributes& attributes, int slots) {
  const auto& table = optimizer_functions<T>();
  if (attributes.get<bool>("nesterov", false)) return table.nesterov;
  return slots == 0 ? table.sgd : table.momentum;
}

template <class T>
OptimizerFunction<T> select_adam(const Attributes&, int slots) {
  return slots == 3 ? optimizer_functions<T>().amsgrad : optimizer_functions<T>().adam;
}

template <class T, OptimizerFunction<T> OptimizerFunctions<T>::* member>
OptimizerFunction<T> select_only(const Attributes&, int) {
  return optimizer_functions<T>().*member;
}

template <class T>
Prepared<T> prepare_sgd(const Numbers<T>& in) {
  if (in.given_count > 0) return {{in.scalar[0], in.given[0]}};
  return {{in.scalar[0], static_cast<T>(in.attributes.template get<double>("momentum", 0.0))}};
}

template <class T>
Prepared<T> prepare_adagrad(const Numbers<T>& in) {
  return {{in.scalar[0], in.get("epsilon")}};
}

template <class T>
Prepared<T> prepare_rho(const Numbers<T>& in) {
  const T rho = in.get("rho");
  return {{in.scalar[0], in.get("epsilon"), rho, 1 - rho}};
}

template <class T>
Prepared<T> moments(const Numbers<T>& in, T rate) {
  const T beta_1 = in.get("beta_1"), beta_2 = in.get("beta_2");
  return {{rate, in.get("epsilon"), beta_1, 1 - beta_1, beta_2, 1 - beta_2}};
}

template <class T>
Prepared<T> prepare_adam(const Numbers<T>& in) {
  const T t = in.scalar[1], beta_1 = in.get("beta_1"), beta_2 = in.get("beta_2");
  return moments<T>(in, in.scalar[0] * (std::sqrt(1 - std::pow(beta_2, t)) / (1 - std::pow(beta_1, t))));
}

template <class T>
Prepared<T> prepare_adamax(const Numbers<T>& in) {
  return moments<T>(in, in.scalar[0] / (1 - std::pow(in.get("beta_1"), in.scalar[1])));
}

// Dozat, "Incorporating Nesterov Momentum into Adam": mu_t = beta_1 (1 - 0.96^(t decay) / 2), the third
// scalar is their product before this step.
template <class T>
Prepared<T> prepare_nadam(const Numbers<T>& in) {
  const T t = in.scalar[1], decay = in.get("schedule_decay"), beta_1 = in.get("beta_1");
  const auto momentum = [&](T step) { return beta_1 * (1 - T(0.5) * std::pow(T(0.96), step * decay)); };
  const T now = momentum(t), next = momentum(t + 1);
  const T product = in.scalar[2] * now;
  Prepared<T> result = moments<T>(in, in.scalar[0]);
  result.c[6] = (1 - now) / (1 - product);
  result.c[7] = next / (1 - product * next);
  result.c[8] = 1 - std::pow(in.get("beta_2"), t);
  return result;
}

#define PRONGHORN_ONLY(name) \
  select_only<float, &OptimizerFunctions<float>::name>, select_only<double, &OptimizerFunctions<double>::name>

constexpr Rule sgd = {
    1, 0, 1, {"momentum"}, select_sgd<float>, select_sgd<double>, prepare_sgd<float>, prepare_sgd<double>};
constexpr Rule rmsprop = {1, 1, 1, {"rho"}, PRONGHORN_ONLY(rmsprop), prepare_rho<float>, prepare_rho<double>};
constexpr Rule adagrad = {
    1, 1, 1, {}, PRONGHORN_ONLY(adagrad), prepare_adagrad<float>, prepare_adagrad<double>};
constexpr Rule adadelta = {
    1, 2, 2, {"rho"}, PRONGHORN_ONLY(adadelta), prepare_rho<float>, prepare_rho<double>};
constexpr Rule adam = {2,
                       2,
                       3,
                       {"beta_1", "beta_2"},
                       select_adam<float>,
                       select_adam<double>,
                       prepare_adam<float>,
                       prepare_adam<double>};
constexpr Rule adamax = {
    2, 2, 2, {"beta_1", "beta_2"}, PRONGHORN_ONLY(adamax), prepare_adamax<float>, prepare_adamax<double>};
constexpr Rule nadam = {
    3, 2, 2, {"beta_1", "beta_2"}, PRONGHORN_ONLY(nadam), prepare_nadam<float>, prepare_nadam<double>};

#undef PRONGHORN_ONLY

// --- shape rule
// -------------------------------------------------------------------------------------------------

// Scalars that a node has: those of the rule, and its numbers where they are given so.
int scalar_count(const Attributes& attributes) {
  return static_cast<int>(attributes.get<int64_t>("inplace_from") - attributes.get<int64_t>("n"));
}

template <const Rule& rule>
std::vector<TensorType> infer(const InferContext& context) {
  const auto n = context.attributes.get<int64_t>("n");
  const auto inputs = static_cast<int64_t>(context.inputs.size());
  require(n >= 1, context.op.name, ": there are no parameters to update");
  const int scalars = scalar_count(context.attributes);
  require(scalars == rule.scalars || scalars == rule.scalars + rule.number_count(), context.op.name,
          ": inplace_from must be the index of the first parameter, ", rule.scalars + n, " or ",
          rule.scalars + rule.number_count() + n);
  const int64_t groups = (inputs - scalars) / n;  // gradients, parameters, then the kinds of slots
  require(inputs == scalars + groups * n && groups - 2 >= rule.fewest_slots && groups - 2 <= rule.most_slots,
          context.op.name, ": ", n, " parameters need ", scalars, " scalars, ", n, " gradients and ", n,
          " slots of each kind, but there are ", inputs, " inputs");
  for (int i = 0; i < scalars; i++)
    require(context.inputs[i].count() == 1, context.op.name, ": input ", i, " must be a scalar, not ",
            context.inputs[i]);
  std::vector<TensorType> outputs;
  for (int64_t i = 0; i < inputs - scalars; i++) {
    const TensorType &type = context.inputs[scalars + i], &param = context.inputs[scalars + n + i % n];
    require_float(context, static_cast<int>(scalars + i));
    require(type.dtype == context.inputs.back().dtype, context.op.name,
            ": all parameters must have one dtype, not ", name_of(type.dtype), " and ",
            name_of(context.inputs.back().dtype));
    require(type == param, context.op.name, ": parameter ", i % n, " is ", param, ", but its ",
            i < n ? "gradient" : "slot", " is ", type);
    if (i >= n) outputs.push_back(type);
  }
  return outputs;
}

// --- step
// -------------------------------------------------------------------------------------------------------

// A stretch of one parameter. Tasks of about equal size hold several of them, so that a model's many small
// parameters cost no more to hand out than they take to update.
struct Stretch {
  int parameter;
  int64_t begin, count;
};

struct Tasks {
  std::vector<Stretch> stretches;
  std::vector<int> first;  // of each task, and the end
};

Tasks cut(const std::vector<TensorType>& parameters) {
  Tasks tasks;
  int64_t filled = chunk_elements;
  for (size_t i = 0; i < parameters.size(); i++) {
    const int64_t size = parameters[i].count();
    for (int64_t begin = 0; begin < size;) {
      if (filled == chunk_elements) {
        tasks.first.push_back(static_cast<int>(tasks.stretches.size()));
        filled = 0;
      }
      const int64_t count = std::min(size - begin, chunk_elements - filled);
      tasks.stretches.push_back({static_cast<int>(i), begin, count});
      filled += count;
      begin += count;
    }
  }
  tasks.first.push_back(static_cast<int>(tasks.stretches.size()));
  return tasks;
}

template <class T>
T read_scalar(const void* pointer, DType dtype) {
  return visit_dtype(dtype,
                     [&](auto zero) { return static_cast<T>(*static_cast<const decltype(zero)*>(pointer)); });
}

template <const Rule& rule>
Step lower(const LowerContext& context) {
  const int n = static_cast<int>(context.attributes.get<int64_t>("n"));
  const int slots = static_cast<int>(context.outputs.size()) / n - 1;
  const int scalar_inputs = scalar_count(context.attributes);
  std::vector<DType> scalar_types;
  for (int i = 0; i < scalar_inputs; i++) scalar_types.push_back(context.inputs[i].dtype);
  const Tasks tasks = cut({context.outputs.begin(), context.outputs.begin() + n});
  return float_step(context.outputs[0].dtype, context.op.name, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = select<T>(rule)(context.attributes, slots);
    const Attributes attributes = context.attributes;
    return [=](const StepArguments& arguments) {
      T scalars[most_scalars] = {};
      for (int i = 0; i < scalar_inputs; i++) scalars[i] = read_scalar<T>(arguments.src[i], scalar_types[i]);
      const Prepared<T> prepared = prepare<T>(rule)(
          {attributes, scalars, rule.numbers, scalars + rule.scalars, scalar_inputs - rule.scalars});
      parallel_for(0, static_cast<int64_t>(tasks.first.size()) - 1, 1, [&](int64_t begin, int64_t end) {
        for (int at = tasks.first[begin]; at < tasks.first[end]; at++) {
          const auto [parameter, from, count] = tasks.stretches[at];
          OptimizerData<T> data{};
          const int first = scalar_inputs + parameter;
          data.grad = src<T>(arguments, first) + from;
          data.param = src<T>(arguments, first + n) + from;
          data.new_param = dst<T>(arguments, parameter) + from;
          for (int k = 0; k < slots; k++) {
            data.slots[k] = src<T>(arguments, first + (2 + k) * n) + from;
            data.new_slots[k] = dst<T>(arguments, parameter + (1 + k) * n) + from;
          }
          kernel(prepared.c, data, count);
        }
      });
    };
  });
}

template <const Rule& rule>
OpDef row(const char* name) {
  return {name, infer<rule>, nullptr, lower<rule>, inplace_pairs};
}

}  // namespace

std::vector<OpDef> optimizers_ops() {
  return {
      row<sgd>("sgd"),   row<rmsprop>("rmsprop"), row<adagrad>("adagrad"), row<adadelta>("adadelta"),
      row<adam>("adam"), row<adamax>("adamax"),   row<nadam>("nadam"),
  };
}

}  // namespace pronghorn
