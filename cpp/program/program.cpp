#include "program/program.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "graph/op.h"

namespace pronghorn {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::atomic<bool (*)()> interrupt_check{nullptr};
constexpr double interrupt_interval = 0.05;  // seconds
constexpr double long_run_flops = 1e8;       // below it a run ends sooner than the interval
constexpr double team_run_flops = 1e7;       // some 200 microseconds: worth to wake the threads for

bool verbose() {
  static const bool on = [] {
    const char* value = std::getenv("PRONGHORN_VERBOSE");
    return value && std::strcmp(value, "0") != 0 && *value;
  }();
  return on;
}

// The plan of a graph after the passes. In debug builds each pass is checked.
Graph optimize(const Graph& graph, const CompileOptions& options) {
  auto checked = [](Graph result) {
#ifndef NDEBUG
    verify(result);
#endif
    return result;
  };
  Graph result = checked(graph);
  if (options.simplify) result = checked(simplify(result));
  if (options.fuse) result = checked(fuse(result, options.keep));
  return result;
}

// Whether the graph works on the memory of a state as it is, with what was put off on record.
bool takes_record(const Graph& graph, const StateTensor& state) {
  const State lag = state.lag_if_any();
  const auto is_lag = [&](const StateRead& read) { return read.state == lag; };
  return lag && std::any_of(graph.states().begin(), graph.states().end(), is_lag);
}

}  // namespace

// The memory of one run with every step's pointers resolved into it.
struct Program::Arena {
  explicit Arena(const Program& program)
      : values(program.plan_.arena_bytes),
        scratch(program.plan_.scratch_bytes),
        feed_pointers(program.graph_.feeds().size()) {
    for (const PlannedStep& step : program.plan_.steps) {
      for (const Place& place : step.src) add_source(program, place);
      for (const Place& place : step.dst) destinations.push_back(resolve(program, place));
    }
    fetch_sources.reserve(program.plan_.fetches.size());
    for (const Place& place : program.plan_.fetches) fetch_sources.push_back(resolve(program, place));
  }

  void* resolve(const Program& program, const Place& place) const {
    switch (place.kind) {
      case Place::Arena:
        return static_cast<char*>(values.data()) + place.offset;
      case Place::State:
        return program.graph_.states()[place.offset].state->data();
      case Place::Constant:
        return program.graph_.constants()[place.offset].data();
      default:
        return nullptr;  // a feed: bound at each run
    }
  }

  void add_source(const Program& program, const Place& place) {
    if (place.kind == Place::Feed) feed_uses.push_back({sources.size(), place.offset});
    sources.push_back(resolve(program, place));
  }

  void bind(size_t feed, const void* pointer) {
    if (feed_pointers[feed] == pointer) return;
    feed_pointers[feed] = pointer;
    for (const FeedUse& use : feed_uses)
      if (use.feed == static_cast<int64_t>(feed)) sources[use.slot] = pointer;
  }

  // Where gathered rows of a feed go; made at the first batch loop.
  void* staging(const Program& program, size_t feed) {
    if (staged.empty()) staged.resize(feed_pointers.size());
    if (!staged[feed]) {
      const TensorType& type = program.graph_.type(program.graph_.feeds()[feed].value);
      staged[feed] = std::make_unique<Buffer>(type.bytes());
    }
    return staged[feed]->data();
  }

  struct FeedUse {
    size_t slot;
    int64_t feed;
  };
  static constexpr uint64_t never = ~uint64_t{0};
  uint64_t prologue_at = never;  // so many writes to states came before the prologue
  Buffer values, scratch;
  std::vector<const void*> sources;  // of all steps, one after the other
  std::vector<void*> destinations;
  std::vector<const void*> fetch_sources;
  std::vector<FeedUse> feed_uses;
  std::vector<const void*> feed_pointers;
  std::vector<std::unique_ptr<Buffer>> staged;
};

// An arena taken from the pool, given back at the end of the scope.
class Program::Borrowed {
 public:
  explicit Borrowed(const Program& program) : program_(program) {
    {
      std::lock_guard lock(program.mutex_);
      if (!program.pool_.empty()) {
        arena_ = std::move(program.pool_.back());
        program.pool_.pop_back();
      }
    }
    if (!arena_) arena_ = std::make_unique<Arena>(program);
  }
  ~Borrowed() {
    std::lock_guard lock(program_.mutex_);
    program_.pool_.push_back(std::move(arena_));
  }
  Arena& operator*() const { return *arena_; }

 private:
  const Program& program_;
  std::unique_ptr<Arena> arena_;
};

Program::Program(const Graph& graph, const CompileOptions& options)
    : graph_(optimize(graph, options)), plan_(pronghorn::plan(graph_, options.keep)) {
  for (const PlannedStep& step : plan_.steps) flops_ += step.step.flops;
  for (const StateRead& read : graph_.states())
    if (!takes_record(graph_, *read.state)) settled_.push_back(read.state.get());
  pool_.reserve(16);
  if (verbose()) profiling_ = true;
}

Program::~Program() = default;

void Program::set_interrupt_check(bool (*check)()) {
  interrupt_check = check;
}

// To the states that the prologue reads. Counts only grow, so that their sum tells whether one has.
uint64_t Program::writes() const {
  uint64_t sum = 0;
  for (int32_t state : plan_.prologue_reads) sum += graph_.states()[state].state->writes();
  return sum;
}

void Program::execute(Arena& arena) const {
  const FlushDenormals flush;
  for (StateTensor* state : settled_) state->settle();
  // Others who keep what they computed from updated states have to hear of a run that ends early, too.
  const struct Writes {
    const Graph& graph;
    ~Writes() {
      for (const Update& update : graph.updates()) graph.states()[update.state].state->count_write();
    }
  } written{graph_};
  const uint64_t now = writes();
  const size_t first = std::exchange(arena.prologue_at, Arena::never) == now ? plan_.prologue : 0;
  if (flops_ > team_run_flops) expect_loops();
  profiling_ ? execute_timed(arena, first) : execute_steps(arena, first);
  arena.prologue_at = now;
}

void Program::execute_steps(Arena& arena, size_t first) const {
  const void* const* src = arena.sources.data();
  void* const* dst = arena.destinations.data();
  void* const scratch = arena.scratch.data();
  auto check = flops_ > long_run_flops ? interrupt_check.load() : nullptr;
  Clock::time_point checked = check ? Clock::now() : Clock::time_point{};
  for (size_t i = 0; i < plan_.steps.size(); i++) {
    const PlannedStep& step = plan_.steps[i];
    if (i >= first) step.step.run({src, dst, scratch});
    src += step.src.size();
    dst += step.dst.size();
    if (check && static_cast<int64_t>(i) < plan_.first_write && seconds_since(checked) > interrupt_interval) {
      if (check()) throw Interrupted{};
      checked = Clock::now();
    }
  }
}

void Program::execute_timed(Arena& arena, size_t first) const {
  const void* const* src = arena.sources.data();
  void* const* dst = arena.destinations.data();
  std::lock_guard lock(mutex_);
  if (timings_.empty())
    for (const PlannedStep& step : plan_.steps) timings_.push_back(describe(step));
  for (size_t i = 0; i < plan_.steps.size(); i++) {
    const PlannedStep& step = plan_.steps[i];
    if (i >= first) {
      const auto start = Clock::now();
      step.step.run({src, dst, arena.scratch.data()});
      const double seconds = seconds_since(start);
      timings_[i].calls++;
      timings_[i].seconds += seconds;
      if (verbose())
        std::fprintf(stderr, "pronghorn,%s,%s,%s,%.4f ms\n", timings_[i].op.c_str(),
                     timings_[i].implementation.c_str(), timings_[i].shape.c_str(), seconds * 1e3);
    }
    src += step.src.size();
    dst += step.dst.size();
  }
}

StepTiming Program::describe(const PlannedStep& step) const {
  StepTiming timing;
  timing.op = "copy";
  if (step.node >= 0) {
    const Node& node = graph_.nodes()[step.node];
    timing.op = node.op->name;
    for (Value input : node.inputs) timing.shape += to_string(graph_.type(input)) + " ";
    timing.shape += "->";
    for (const TensorType& type : node.outputs) timing.shape += " " + to_string(type);
  }
  timing.implementation = step.step.implementation;
  timing.flops = step.step.flops;
  return timing;
}

std::vector<StepTiming> Program::timings() const {
  std::lock_guard lock(mutex_);
  if (!timings_.empty()) return timings_;
  std::vector<StepTiming> rows;
  for (const PlannedStep& step : plan_.steps) rows.push_back(describe(step));
  return rows;
}

void Program::copy_fetches(const Arena& arena, void* const* fetches) const {
  for (size_t i = 0; i < plan_.fetches.size(); i++) {
    if (!fetches[i]) continue;
    const Place& place = plan_.fetches[i];
    const void* from = place.kind == Place::Feed ? arena.feed_pointers[place.offset] : arena.fetch_sources[i];
    std::memcpy(fetches[i], from, graph_.type(graph_.fetches()[i]).bytes());
  }
}

void Program::run(const void* const* feeds, void* const* fetches) const {
  Borrowed arena(*this);
  for (size_t i = 0; i < graph_.feeds().size(); i++) (*arena).bind(i, feeds[i]);
  execute(*arena);
  copy_fetches(*arena, fetches);
}

int64_t Program::run_batches(const std::vector<BatchSource>& sources, const int64_t* order, int64_t first,
                             int64_t last, int64_t batch, const void* const* scalars, char* const* outputs,
                             double deadline) const {
  Borrowed arena(*this);
  const auto start = Clock::now();
  for (size_t i = sources.size(); i < graph_.feeds().size(); i++)
    (*arena).bind(i, scalars[i - sources.size()]);
  std::vector<void*> fetches(plan_.fetches.size(), nullptr);
  for (int64_t index = first; index < last; index++) {
    for (size_t i = 0; i < sources.size(); i++) {
      const TensorType& type = graph_.type(graph_.feeds()[i].value);
      (*arena).bind(i, gather_rows(sources[i], type, batch, order ? order + index * batch : nullptr,
                                   index * batch, [&] { return (*arena).staging(*this, i); }));
    }
    execute(*arena);
    if (outputs) {
      for (size_t i = 0; i < fetches.size(); i++)
        fetches[i] = outputs[i]
                         ? outputs[i] + index * static_cast<int64_t>(graph_.type(graph_.fetches()[i]).bytes())
                         : nullptr;
      copy_fetches(*arena, fetches.data());
    }
    if (deadline > 0 && seconds_since(start) > deadline) return index + 1;
  }
  return last;
}

}  // namespace pronghorn
