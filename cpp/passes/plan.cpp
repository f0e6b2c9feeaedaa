#include <algorithm>
#include <cstring>

#include "graph/ops/elementwise.h"
#include "passes/lasting.h"
#include "passes/memory.h"
#include "passes/passes.h"

namespace pronghorn {
namespace {

constexpr int32_t at_start = -1;

Step copy_step(size_t bytes) {
  Step step;
  step.implementation = "copy";
  step.run = [bytes](const StepArguments& arguments) {
    std::memcpy(arguments.dst[0], arguments.src[0], bytes);
  };
  return step;
}

// A piece of memory that one or more values share: a value, its views, and what is computed in place over it.
struct Storage {
  Place place;  // kind None: in the arena
  int64_t bytes = 0;
  int32_t first = 0, last = 0;  // steps
};

class Planner {
 public:
  Planner(const Graph& graph, bool keep)
      : graph_(graph),
        lasting_(keep ? lasting_nodes(graph) : std::vector<bool>(graph.nodes().size(), false)),
        storage_of_(graph.nodes().size()) {}

  Plan run() {
    find_live_nodes();
    number_steps();
    assign_sources_and_views();
    find_last_reads();
    write_updates_in_place();
    assign_arena_storage();
    place();
    build_steps();
    copy_updates();
    return std::move(plan_);
  }

 private:
  bool is_source(const Node& node) const { return !node.op->lower && !node.op->has(view); }

  void find_live_nodes() {
    live_.assign(graph_.nodes().size(), false);
    for (Value value : graph_.fetches()) live_[value.node] = true;
    for (const Update& update : graph_.updates()) live_[update.value.node] = true;
    for (size_t id = graph_.nodes().size(); id-- > 0;) {
      const Node& node = graph_.nodes()[id];
      if (node.op->has(effect)) live_[id] = true;
      if (live_[id])
        for (Value input : node.inputs) live_[input.node] = true;
    }
  }

  void number_steps() {
    step_of_.assign(graph_.nodes().size(), at_start);
    for (bool lasting : {true, false}) {
      for (size_t id = 0; id < graph_.nodes().size(); id++)
        if (live_[id] && lasting_[id] == lasting && graph_.nodes()[id].op->lower) {
          order_.push_back(static_cast<int32_t>(id));
          step_of_[id] = step_count_++;
        }
      if (lasting) plan_.prologue = order_.size();
    }
  }

  int32_t& storage(Value value) { return storage_of_[value.node][value.output]; }

  int32_t new_storage(const Storage& made) {
    storages_.push_back(made);
    return static_cast<int32_t>(storages_.size()) - 1;
  }

  void assign_sources_and_views() {
    for (size_t id = 0; id < graph_.nodes().size(); id++) {
      const Node& node = graph_.nodes()[id];
      storage_of_[id].assign(node.outputs.size(), -1);
      if (!live_[id]) continue;
      if (node.op->has(view)) {
        storage_of_[id][0] = storage(node.inputs[0]);
      } else if (is_source(node)) {
        const std::string_view name = node.op->name;
        const auto kind = name == "feed" ? Place::Feed : name == "state" ? Place::State : Place::Constant;
        storage_of_[id][0] = new_storage({{kind, node.attributes.get<int64_t>("index")}, 0, 0, 0});
      } else {
        for (size_t k = 0; k < node.outputs.size(); k++)
          storage_of_[id][k] =
              new_storage({{}, static_cast<int64_t>(node.outputs[k].bytes()), step_of_[id], step_of_[id]});
      }
    }
  }

  void find_last_reads() {
    for (size_t id = 0; id < graph_.nodes().size(); id++)
      if (step_of_[id] != at_start)
        for (Value input : graph_.nodes()[id].inputs)
          extend(storage(input), lasting_[input.node] && !lasting_[id] ? step_count_ : step_of_[id]);
    for (Value value : graph_.fetches()) extend(storage(value), step_count_);
    for (const Update& update : graph_.updates()) extend(storage(update.value), step_count_);
  }

  void extend(int32_t index, int32_t step) { storages_[index].last = std::max(storages_[index].last, step); }

  // May `node` write over the storage of its input `i` while it reads it?
  bool runs_in_place(const Node& node, int32_t output, size_t i) const {
    const TensorType& input = graph_.type(node.inputs[i]);
    const TensorType& result = node.outputs[output];
    if (!(input.shape == result.shape) || size_of(input.dtype) != size_of(result.dtype)) return false;
    if (node.op->has(elementwise))
      return node.outputs.size() == 1 || may_overwrite_input(node.attributes, output, static_cast<int>(i));
    if (node.op->has(inplace_first)) return i == 0 && output == 0;
    if (node.op->has(inplace_pairs))
      return static_cast<int64_t>(i) == node.attributes.get<int64_t>("inplace_from") + output;
    return false;
  }

  // Only one use of `index` among the node's inputs, and it may be overwritten.
  bool may_overwrite(const Node& node, int32_t output, int32_t index) {
    int uses = 0;
    bool allowed = false;
    for (size_t i = 0; i < node.inputs.size(); i++) {
      if (storage(node.inputs[i]) != index) continue;
      uses++;
      allowed = runs_in_place(node, output, i);
      if (!allowed) return false;
    }
    return uses == 1 || (allowed && node.op->has(elementwise));
  }

  void write_updates_in_place() {
    for (const Update& update : graph_.updates()) {
      const Value old_value = graph_.states()[update.state].value;
      const int32_t target = storage(update.value);
      if (target < 0 || storages_[target].place.kind != Place::None)
        continue;  // another state's value, or a source
      const int32_t producer = storages_[target].first;
      if (live_[old_value.node]) {
        const int32_t old_storage = storage(old_value);
        if (storages_[old_storage].last > producer) continue;
        const Node& node = graph_.nodes()[node_of_storage(update.value)];
        if (storages_[old_storage].last == producer &&
            !may_overwrite(node, output_of_storage(update.value), old_storage))
          continue;
      }
      storages_[target].place = {Place::State, update.state};
      written_.push_back(producer);
    }
  }

  // The node and output that fill the storage of a value, behind any views.
  Value origin(Value value) const {
    while (graph_.node(value).op->has(view)) value = graph_.node(value).inputs[0];
    return value;
  }
  int32_t node_of_storage(Value value) const { return origin(value).node; }
  int32_t output_of_storage(Value value) const { return origin(value).output; }

  // Results computed over a dying input take its storage.
  void assign_arena_storage() {
    for (size_t id = 0; id < graph_.nodes().size(); id++) {
      const Node& node = graph_.nodes()[id];
      if (step_of_[id] == at_start) continue;
      for (size_t k = 0; k < node.outputs.size(); k++) {
        const int32_t own = storage_of_[id][k];
        if (storages_[own].place.kind != Place::None) continue;
        for (size_t i = 0; i < node.inputs.size(); i++) {
          const int32_t candidate = storage(node.inputs[i]);
          const Storage& input = storages_[candidate];
          if (input.place.kind != Place::None || input.last != step_of_[id] ||
              input.bytes != storages_[own].bytes || candidate == own ||
              !may_overwrite(node, static_cast<int32_t>(k), candidate))
            continue;
          merge(own, candidate);
          break;
        }
      }
    }
  }

  void merge(int32_t from, int32_t into) {
    storages_[into].last = std::max(storages_[into].last, storages_[from].last);
    for (auto& outputs : storage_of_)
      for (int32_t& index : outputs)
        if (index == from) index = into;
    storages_[from].bytes = -1;
  }

  void place() {
    std::vector<Lifetime> lifetimes;
    std::vector<Storage*> owners;
    for (Storage& storage : storages_)
      if (storage.place.kind == Place::None && storage.bytes >= 0) {
        lifetimes.push_back({storage.bytes, storage.first, storage.last});
        owners.push_back(&storage);
      }
    plan_.arena_bytes = place_in_arena(lifetimes);
    for (size_t i = 0; i < owners.size(); i++) owners[i]->place = {Place::Arena, lifetimes[i].offset};
  }

  Place place_of(Value value) { return storages_[storage(value)].place; }

  void add_step(int32_t node, Step step, std::vector<Place> src, std::vector<Place> dst) {
    plan_.scratch_bytes = std::max(plan_.scratch_bytes, step.scratch);
    plan_.steps.push_back({node, std::move(step), std::move(src), std::move(dst)});
  }

  void build_steps() {
    for (const int32_t id : order_) {
      const Node& node = graph_.nodes()[id];
      std::vector<TensorType> inputs;
      std::vector<Place> src, dst;
      for (Value input : node.inputs) {
        inputs.push_back(graph_.type(input));
        src.push_back(place_of(input));
        if (lasting_[id] && src.back().kind == Place::State)
          plan_.prologue_reads.push_back(static_cast<int32_t>(src.back().offset));
      }
      for (size_t k = 0; k < node.outputs.size(); k++) dst.push_back(place_of({id, static_cast<int32_t>(k)}));
      add_step(id, node.op->lower({*node.op, inputs, node.outputs, node.attributes}), src, dst);
    }
    auto& states = plan_.prologue_reads;
    std::sort(states.begin(), states.end());
    states.erase(std::unique(states.begin(), states.end()), states.end());
    plan_.first_write = static_cast<int64_t>(plan_.steps.size());
    for (int32_t step : written_) plan_.first_write = std::min<int64_t>(plan_.first_write, step);
    for (Value value : graph_.fetches()) plan_.fetches.push_back(place_of(value));
  }

  Place extra_place(int64_t bytes) {
    const Place place{Place::Arena, static_cast<int64_t>(plan_.arena_bytes)};
    plan_.arena_bytes += (bytes + Buffer::alignment - 1) / Buffer::alignment * Buffer::alignment;
    return place;
  }

  // What could not be written in place is copied at the end. Old content that is still wanted then (a fetch,
  // or another state's new value) is saved first.
  void copy_updates() {
    auto updated = [&](Place place) {
      return place.kind == Place::State &&
             std::any_of(graph_.updates().begin(), graph_.updates().end(), [&](const Update& update) {
               return update.state == place.offset && !(place_of(update.value).kind == Place::State &&
                                                        place_of(update.value).offset == place.offset);
             });
    };
    auto saved = [&](Place place, const TensorType& type) {
      if (!updated(place)) return place;
      const Place copy = extra_place(static_cast<int64_t>(type.bytes()));
      add_step(-1, copy_step(type.bytes()), {place}, {copy});
      return copy;
    };
    for (size_t i = 0; i < plan_.fetches.size(); i++)
      plan_.fetches[i] = saved(plan_.fetches[i], graph_.type(graph_.fetches()[i]));
    std::vector<std::pair<Place, Place>> copies;
    std::vector<size_t> sizes;
    for (const Update& update : graph_.updates()) {
      const Place target{Place::State, update.state}, from = place_of(update.value);
      if (from.kind == Place::State && from.offset == target.offset) continue;
      copies.push_back({saved(from, graph_.type(update.value)), target});
      sizes.push_back(graph_.type(update.value).bytes());
    }
    for (size_t i = 0; i < copies.size(); i++)
      add_step(-1, copy_step(sizes[i]), {copies[i].first}, {copies[i].second});
  }

  const Graph& graph_;
  const std::vector<bool> lasting_;  // per node
  Plan plan_;
  std::vector<bool> live_;
  std::vector<int32_t> order_;                    // of the nodes that are steps
  std::vector<int32_t> step_of_;                  // per node, at_start for sources, views and dead nodes
  std::vector<std::vector<int32_t>> storage_of_;  // per node and output
  std::vector<Storage> storages_;
  std::vector<int32_t> written_;  // steps that write a state
  int32_t step_count_ = 0;
};

}  // namespace

Plan plan(const Graph& graph, bool keep) {
  return Planner(graph, keep).run();
}

}  // namespace pronghorn
