// A compiled graph: a flat list of steps over one arena. Immutable; runs may overlap, each borrows an arena
// from a pool.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "passes/passes.h"
#include "program/gather.h"

namespace pronghorn {

struct CompileOptions {
  bool simplify = true;
  bool fuse = true;
  // What depends on states alone that the program does not update is computed again only where one of them
  // was written. For callers that let nobody write into a state's memory without count_write().
  bool keep = false;
};

struct StepTiming {
  std::string op, implementation, shape;
  int64_t calls = 0;
  double seconds = 0, flops = 0;
};

class Program {
 public:
  explicit Program(const Graph& graph, const CompileOptions& options = {});
  ~Program();

  // One run. feeds[i] points to a dense array of feed i's type; fetches[i] receives fetch i (nullptr: not
  // wanted).
  void run(const void* const* feeds, void* const* fetches) const;

  // Runs batches [first, last): batch k takes rows order[k * batch .. ) of each source (rows k * batch …
  // where order is nullptr) into the first sources.size() feeds, then runs; the feeds after them take the
  // fixed pointers `scalars`. Where outputs is not null, fetch i of batch k is written to outputs[i] + k *
  // bytes of fetch i. Returns the index of the first batch not run: `last`, or less when the deadline
  // (seconds, 0: none) passed. batch is the program's own batch size.
  int64_t run_batches(const std::vector<BatchSource>& sources, const int64_t* order, int64_t first,
                      int64_t last, int64_t batch, const void* const* scalars, char* const* outputs,
                      double deadline) const;

  // Called between steps at most every 50 ms while no state has been written yet; returns true to stop, and
  // run throws Interrupted.
  static void set_interrupt_check(bool (*check)());

  const Graph& graph() const { return graph_; }  // after the passes
  const Plan& plan() const { return plan_; }
  std::vector<StepTiming> timings() const;  // filled while PRONGHORN_VERBOSE=1 or set_profiling(true)
  void set_profiling(bool on) { profiling_ = on; }

 private:
  struct Arena;
  class Borrowed;
  void execute(Arena& arena) const;
  void execute_steps(Arena& arena, size_t first) const;
  void execute_timed(Arena& arena, size_t first) const;
  uint64_t writes() const;
  void copy_fetches(const Arena& arena, void* const* fetches) const;
  StepTiming describe(const PlannedStep& step) const;

  Graph graph_;
  Plan plan_;
  std::vector<StateTensor*> settled_;  // whose memory has to be up to date before a run
  double flops_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Arena>> pool_;
  mutable std::vector<StepTiming> timings_;
  std::atomic<bool> profiling_{false};
};

struct Interrupted {};

}  // namespace pronghorn
