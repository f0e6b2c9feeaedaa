// The optimizers: each op updates all parameters of a model in one step, in place where nothing else reads
// them.
//
// Inputs: the rule's scalars, then n gradients, n parameters, and n tensors for each kind of slot. Outputs: n
// parameters, then the slots in the same order. Attributes: n; inplace_from, the index of the first
// parameter; the rule's numbers, some of which may be given as further scalars instead, to change from step
// to step; factored, the parameters whose gradient stands there as two factors, a and b for aT b: it is
// computed block by block while the parameter is updated, and never as a whole; sparse, the parameters whose
// gradient stands there as indices and updates of their rows: what scatter_add would make of them is added up
// row by row, and rows without one cost no more than the rule makes of a gradient of 0; distinct, those of
// them whose indices were checked before, name no row twice, and may be -1, which names none; deferred, those
// of them whose slots only shrink where the gradient is 0, and do so when it is asked for: for each of their
// slots a record of what is put off (kernels/optimizer/lag.h) stands behind all slots, among the outputs too.
#include <cmath>
#include <cstring>

#include "graph/ops/deferred_slots.h"
#include "graph/ops/families.h"
#include "graph/ops/optimizer_gradients.h"
#include "kernels/optimizer/optimizer.h"

namespace pronghorn {
namespace {

constexpr int most_coefficients = 9, most_numbers = 2, most_scalars = 3 + most_numbers;

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

// What a rule does where the gradient is 0 if epsilon is not: an update like any other, its slots shrink,
// nothing.
enum class Idle { Update, Decay, Keep };

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
  Idle idle = Idle::Update;

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

// Keras 3 adds epsilon before it takes the root of an accumulator, Keras 2 after.
template <class T>
T under_root(const Numbers<T>& in) {
  return static_cast<T>(in.attributes.template get<double>("epsilon_under_root", 0.0));
}

template <class T>
Prepared<T> prepare_adagrad(const Numbers<T>& in) {
  return {{in.scalar[0], in.get("epsilon"), under_root(in)}};
}

template <class T>
Prepared<T> prepare_rho(const Numbers<T>& in) {
  const T rho = in.get("rho");
  return {{in.scalar[0], in.get("epsilon"), rho, 1 - rho, under_root(in)}};
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
constexpr Rule rmsprop = {
    1, 1, 1, {"rho"}, PRONGHORN_ONLY(rmsprop), prepare_rho<float>, prepare_rho<double>, Idle::Decay};
constexpr Rule adagrad = {
    1, 1, 1, {}, PRONGHORN_ONLY(adagrad), prepare_adagrad<float>, prepare_adagrad<double>, Idle::Keep};
constexpr Rule adadelta = {
    1, 2, 2, {"rho"}, PRONGHORN_ONLY(adadelta), prepare_rho<float>, prepare_rho<double>, Idle::Decay};
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

template <const Rule& rule>
std::vector<TensorType> infer(const InferContext& context) {
  const OptimizerLayout layout(context.attributes);
  const auto inputs = static_cast<int>(context.inputs.size());
  const int n = layout.n, scalars = layout.scalars, first = layout.first_param;
  require(n >= 1, context.op.name, ": there are no parameters to update");
  require(scalars == rule.scalars || scalars == rule.scalars + rule.number_count(), context.op.name,
          ": inplace_from must be the index of the first parameter, ", rule.scalars + n, " or ",
          rule.scalars + rule.number_count() + n);
  const int slots = layout.slots(static_cast<size_t>(inputs - first)), records = layout.record(slots, 0, 0);
  require(inputs - first == layout.record(slots, static_cast<int>(layout.deferred.size()), 0) &&
              slots >= rule.fewest_slots && slots <= rule.most_slots,
          context.op.name, ": ", n, " parameters need ", scalars, " scalars, ", n, " gradients and ", n,
          " slots of each kind, but there are ", inputs, " inputs");
  for (int i = 0; i < scalars; i++)
    require(context.inputs[i].count() == 1, context.op.name, ": input ", i, " must be a scalar, not ",
            context.inputs[i]);
  for (int i = scalars; i < first + records; i++) {
    const auto begins = [&](const OptimizerLayout::Gradient& g) {
      return g.kind == OptimizerLayout::Sparse && g.input == i;
    };
    if (std::any_of(layout.gradients.begin(), layout.gradients.end(), begins)) continue;
    require_float(context, i);
    require(context.inputs[i].dtype == context.inputs[first].dtype, context.op.name,
            ": all parameters must have one dtype, not ", name_of(context.inputs[i].dtype), " and ",
            name_of(context.inputs[first].dtype));
  }
  for (int i = 0; i < n; i++) check_gradient(context, layout, i);
  std::vector<TensorType> outputs;
  for (int i = 0; i < records; i++) {
    const TensorType &type = context.inputs[first + i], &param = context.inputs[first + i % n];
    require(type == param, context.op.name, ": parameter ", i % n, " is ", param, ", but its slot is ", type);
    outputs.push_back(type);
  }
  for (size_t at = 0; at < layout.deferred.size(); at++)
    for (int k = 0; k < slots; k++)
      outputs.push_back(check_record(context, layout, slots, static_cast<int>(at), k));
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

Tasks cut(const std::vector<TensorType>& outputs, const OptimizerLayout& layout) {
  Tasks tasks;
  int64_t filled = update_chunk;
  for (int i = 0; i < layout.n; i++) {
    const int64_t size = layout.gradients[i].kind == OptimizerLayout::Whole ? outputs[i].count() : 0;
    for (int64_t begin = 0; begin < size;) {
      if (filled == update_chunk) {
        tasks.first.push_back(static_cast<int>(tasks.stretches.size()));
        filled = 0;
      }
      const int64_t count = std::min(size - begin, update_chunk - filled);
      tasks.stretches.push_back({i, begin, count});
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

// The pointers of a stretch of one parameter, but for its gradient.
template <class T>
OptimizerData<T> data_at(const StepArguments& arguments, const OptimizerLayout& layout, int slots,
                         int parameter, int64_t from) {
  OptimizerData<T> data{};
  for (int k = 0; k <= slots; k++) {
    T* new_value = dst<T>(arguments, k * layout.n + parameter) + from;
    const T* old_value = src<T>(arguments, layout.first_param + k * layout.n + parameter) + from;
    if (layout.gradients[parameter].deferred != OptimizerLayout::none) old_value = new_value;
    (k == 0 ? data.param : data.slots[k - 1]) = old_value;
    (k == 0 ? data.new_param : data.new_slots[k - 1]) = new_value;
  }
  return data;
}

// Whether the rule may be cut short where the gradient is 0: nowhere does 0 meet another 0 or an infinity.
template <class T>
Idle idle_of(const Rule& rule, OptimizerFunction<T> kernel, const Prepared<T>& prepared, bool under_root) {
  if (!std::isfinite(prepared.c[0])) return Idle::Update;
  if (kernel == optimizer_functions<T>().sgd) return Idle::Keep;
  return prepared.c[1] > 0 || under_root ? rule.idle : Idle::Update;  // c[1] is epsilon
}

constexpr int64_t idle_part = 1024;  // elements at a time

// The update by a gradient of 0.
template <class T>
void update_idle(Idle idle, OptimizerFunction<T> kernel, OptimizerFunction<T> decay, const T* c,
                 OptimizerData<T> data, int slots, int64_t count) {
  static const T zeros[idle_part] = {};
  if (idle == Idle::Update) {
    data.grad = zeros;
    for (int64_t from = 0; from < count; from += idle_part) {
      kernel(c, data, std::min(idle_part, count - from));
      data.param += idle_part, data.new_param += idle_part;
      for (int k = 0; k < slots; k++) data.slots[k] += idle_part, data.new_slots[k] += idle_part;
    }
    return;
  }
  const auto keep = [&](const T* from, T* to) {
    if (from != to) std::copy(from, from + count, to);
  };
  keep(data.param, data.new_param);
  if (idle == Idle::Decay)
    decay(c, data, count);
  else
    for (int k = 0; k < slots; k++) keep(data.slots[k], data.new_slots[k]);
}

template <const Rule& rule>
Step lower(const LowerContext& context) {
  const OptimizerLayout layout(context.attributes);
  const int slots = layout.slots(context.outputs.size());
  std::vector<DType> scalar_types;
  for (int i = 0; i < layout.scalars; i++) scalar_types.push_back(context.inputs[i].dtype);
  const Tasks tasks = cut(context.outputs, layout);
  const std::vector<FactoredGradient> factored = factored_gradients(context, layout);
  const std::vector<SparseGradient> sparse = sparse_gradients(context, layout);
  size_t scratch = 0;
  double flops = 0;
  Step step = float_step(context.outputs[0].dtype, context.op.name, [&](auto zero) {
    using T = decltype(zero);
    for (const FactoredGradient& gradient : factored) {
      scratch = std::max(scratch, gradient.scratch<T>());
      flops += gradient.flops();
    }
    for (const SparseGradient& gradient : sparse) scratch = std::max(scratch, gradient.scratch());
    const auto kernel = select<T>(rule)(context.attributes, slots);
    const auto decay =
        slots == 2 ? optimizer_functions<T>().adadelta_idle : optimizer_functions<T>().rmsprop_idle;
    const Attributes attributes = context.attributes;
    const bool epsilon_under_root = kernel != optimizer_functions<T>().adadelta &&  // which has no other
                                    attributes.get<double>("epsilon_under_root", 0.0) > 0;
    const char* who = context.op.name;
    return [=](const StepArguments& arguments) {
      T scalars[most_scalars] = {};
      for (int i = 0; i < layout.scalars; i++) scalars[i] = read_scalar<T>(arguments.src[i], scalar_types[i]);
      for (const SparseGradient& rows : sparse) check_rows(who, arguments, rows);
      const Prepared<T> prepared = prepare<T>(rule)(
          {attributes, scalars, rule.numbers, scalars + rule.scalars, layout.scalars - rule.scalars});
      const auto update = [&](int parameter, int64_t from, const T* gradient, int64_t count) {
        OptimizerData<T> data = data_at<T>(arguments, layout, slots, parameter, from);
        data.grad = gradient;
        kernel(prepared.c, data, count);
      };
      parallel_for(0, static_cast<int64_t>(tasks.first.size()) - 1, 1, [&](int64_t begin, int64_t end) {
        for (int at = tasks.first[begin]; at < tasks.first[end]; at++) {
          const auto [parameter, from, count] = tasks.stretches[at];
          update(parameter, from, src<T>(arguments, layout.gradients[parameter].input) + from, count);
        }
      });
      for (const FactoredGradient& product : factored) update_blocks<T>(arguments, product, update);
      const Idle idle = idle_of<T>(rule, kernel, prepared, epsilon_under_root);
      for (const SparseGradient& rows : sparse) {
        DeferredSlots<T> deferred(arguments, layout, slots, rows);
        const bool waits = deferred.begin(idle == Idle::Decay, prepared.c[2]);
        const bool scattered = waits || idle == Idle::Keep;
        update_rows<T>(
            arguments, rows, scattered,
            [&](int64_t row) {
              if (waits) deferred.touch(row);
            },
            [&](int parameter, int64_t from, const T* gradient, int64_t count, int64_t ahead) {
              OptimizerData<T> data = data_at<T>(arguments, layout, slots, parameter, from);
              data.grad = gradient;
              if (scattered) data.ahead = ahead;
              kernel(prepared.c, data, count);
            },
            [&](int parameter, int64_t from, int64_t count) {
              if (waits) return;
              update_idle<T>(idle, kernel, decay, prepared.c,
                             data_at<T>(arguments, layout, slots, parameter, from), slots, count);
            });
        if (waits) deferred.end();
      }
    };
  });
  step.scratch = scratch;
  step.flops = flops;
  return step;
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
