// Compiled programs.
#include "program/program.h"

#include "base/error.h"
#include "bindings/convert.h"

namespace pronghorn::bindings {
namespace {

bool interrupted() {
  py::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

// Runs f without the GIL. An interrupt leaves Python's own exception set.
template <class F>
auto without_gil(F&& f) {
  try {
    py::gil_scoped_release release;
    return f();
  } catch (const Interrupted&) {
    throw py::error_already_set();
  }
}

const TensorType& feed_type(const Program& program, size_t i) {
  return program.graph().type(program.graph().feeds()[i].value);
}
const TensorType& fetch_type(const Program& program, size_t i) {
  return program.graph().type(program.graph().fetches()[i]);
}

py::array exact_feed(const Program& program, size_t i, py::handle object) {
  return exact_array(object, feed_type(program, i), "feed \"" + program.graph().feeds()[i].name + "\"");
}

py::list run(const Program& program, const py::sequence& feeds) {
  const size_t count = program.graph().feeds().size();
  require(feeds.size() == count, "the program takes ", count, " feeds, but ", feeds.size(), " were given");
  std::vector<py::array> arrays;  // keeps them alive
  std::vector<const void*> pointers;
  arrays.reserve(count);
  for (size_t i = 0; i < count; i++) {
    arrays.push_back(exact_feed(program, i, feeds[i]));
    pointers.push_back(arrays.back().data());
  }
  py::list results;
  std::vector<void*> fetches;
  for (size_t i = 0; i < program.graph().fetches().size(); i++) {
    py::array result = empty_array(fetch_type(program, i));
    fetches.push_back(result.mutable_data());
    results.append(std::move(result));
  }
  without_gil([&] { program.run(pointers.data(), fetches.data()); });
  return results;
}

BatchSource batch_source(const py::array& array, const TensorType& type, const std::string& name) {
  bool dense = array.ndim() == type.shape.rank() && array.ndim() >= 1;
  py::ssize_t stride = array.itemsize();
  for (py::ssize_t axis = array.ndim() - 1; dense && axis >= 1; axis--) {
    dense = array.shape(axis) == type.shape[static_cast<int>(axis)] &&
            (array.shape(axis) == 1 || array.strides(axis) == stride);
    stride *= array.shape(axis);
  }
  require(dense, "the array for feed \"", name, "\" must have dense rows for ", type, ", but has shape ",
          std::string(py::str(array.attr("shape"))));
  return {array.data(), core_dtype(array.dtype()), array.shape(0), array.strides(0)};
}

int64_t run_batches(const Program& program, const py::sequence& arrays, const py::object& order,
                    int64_t first, int64_t last, const py::sequence& scalars, const py::sequence& outputs,
                    double deadline) {
  const size_t feeds = program.graph().feeds().size();
  require(arrays.size() >= 1 && arrays.size() + scalars.size() == feeds, "the program takes ", feeds,
          " feeds, but ", arrays.size(), " arrays and ", scalars.size(), " scalars were given");
  const int64_t batch = feed_type(program, 0).shape[0];
  std::vector<py::array> alive;
  std::vector<BatchSource> sources;
  for (size_t i = 0; i < arrays.size(); i++) {
    const TensorType& type = feed_type(program, i);
    require(type.shape.rank() >= 1 && type.shape[0] == batch, "feed ", i, " has no batch axis of ", batch);
    alive.push_back(arrays[i].cast<py::array>());
    sources.push_back(batch_source(alive.back(), type, program.graph().feeds()[i].name));
  }
  std::vector<const void*> pointers;
  for (size_t i = 0; i < scalars.size(); i++) {
    alive.push_back(exact_feed(program, arrays.size() + i, scalars[i]));
    pointers.push_back(alive.back().data());
  }
  const int64_t* rows = nullptr;
  if (!order.is_none()) {
    auto indices = order.cast<py::array_t<int64_t, py::array::c_style | py::array::forcecast>>();
    require(indices.size() >= last * batch, "the order has ", indices.size(), " indices, but ", last,
            " batches of ", batch, " need ", last * batch);
    rows = indices.data();
    alive.push_back(std::move(indices));
  }
  std::vector<char*> destinations;
  for (size_t i = 0; i < outputs.size(); i++) {
    if (py::object(outputs[i]).is_none()) {
      destinations.push_back(nullptr);
      continue;
    }
    auto array = py::array(outputs[i]);
    const TensorType& type = fetch_type(program, i);
    require((array.flags() & py::array::c_style) && core_dtype(array.dtype()) == type.dtype &&
                array.nbytes() >= last * static_cast<int64_t>(type.bytes()),
            "output ", i, " must be a dense ", name_of(type.dtype), " array with room for ", last,
            " batches of ", type);
    destinations.push_back(static_cast<char*>(array.mutable_data()));
  }
  require(destinations.empty() || destinations.size() == program.graph().fetches().size(), "the program has ",
          program.graph().fetches().size(), " fetches, but ", destinations.size(), " outputs were given");
  return without_gil([&] {
    return program.run_batches(sources, rows, first, last, batch, pointers.data(),
                               destinations.empty() ? nullptr : destinations.data(), deadline);
  });
}

py::list steps(const Program& program) {
  py::list rows;
  for (const StepTiming& timing : program.timings()) {
    py::dict row;
    row["op"] = timing.op;
    row["implementation"] = timing.implementation;
    row["shape"] = timing.shape;
    row["calls"] = timing.calls;
    row["seconds"] = timing.seconds;
    row["flops"] = timing.flops;
    rows.append(row);
  }
  return rows;
}

}  // namespace

void bind_program(py::module_& module) {
  Program::set_interrupt_check(interrupted);
  py::class_<Program>(module, "Program", "A compiled graph: one call runs all its steps over one arena.")
      .def(py::init([](const Graph& graph, bool simplify, bool fuse, bool keep) {
             return std::make_unique<Program>(graph, CompileOptions{simplify, fuse, keep});
           }),
           py::arg("graph"), py::arg("simplify") = true, py::arg("fuse") = true, py::arg("keep") = true)
      .def("run", &run, py::arg("feeds"), "One run; returns the fetches as new arrays.")
      .def("run_batches", &run_batches, py::arg("arrays"), py::arg("order"), py::arg("first"),
           py::arg("last"), py::arg("scalars") = py::tuple(), py::arg("outputs") = py::tuple(),
           py::arg("deadline") = 0.0,
           "Runs batches [first, last) over rows of the arrays, taken in the given order (None: as they "
           "stand) and cast to the feeds' types. "
           "The feeds behind them take the fixed scalars. Fetches of batch k go to outputs[i][k]. Stops at "
           "the first batch boundary after "
           "`deadline` seconds (0: never) and returns the index of the next batch.")
      .def_property_readonly("num_steps", [](const Program& program) { return program.plan().steps.size(); })
      .def_property_readonly("arena_bytes", [](const Program& program) { return program.plan().arena_bytes; })
      .def_property_readonly("scratch_bytes",
                             [](const Program& program) { return program.plan().scratch_bytes; })
      .def("steps", &steps,
           "Per step: op, implementation, shape, flops, and calls and seconds while profiling.")
      .def("set_profiling", &Program::set_profiling, py::arg("on"))
      .def(
          "__str__", [](const Program& program) { return to_string(program.graph()); },
          "The graph after the passes.");
}

}  // namespace pronghorn::bindings
