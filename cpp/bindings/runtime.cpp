// What holds for the whole process: instruction set, threads, counters, and the state that programs share.
#include <cstring>

#include "base/cgroup.h"
#include "base/cpu.h"
#include "base/parallel.h"
#include "bindings/convert.h"
#include "graph/graph.h"
#include "kernels/conv/choose.h"

namespace pronghorn::bindings {

void bind_runtime(py::module_& module) {
  module.def(
      "isas",
      [] {
        std::vector<std::string> names;
        for (Isa isa : supported_isas()) names.push_back(name_of(isa));
        return names;
      },
      "Instruction sets that this build holds and this processor runs, the best one last.");
  module.def(
      "isa", [] { return std::string(name_of(active_isa())); },
      "The instruction set that programs compile for.");
  module.def("set_isa", &set_active_isa, py::arg("name"));
  module.def("winograd", &winograd_use, "What programs may use minimal filtering for.");
  module.def("set_winograd", &set_winograd_use, py::arg("use"));
  module.def("threads", &thread_count);
  module.def("cgroup_processors", &cgroup_processors, py::arg("root") = "",
             "Processors' worth of time that control groups allow, 0 for no limit; files are below `root`.");
  module.def("set_threads", &set_thread_count, py::arg("count"));
  module.def("allocations", &Buffer::allocations, "How many buffers the core has allocated so far.");

  py::class_<StateTensor, State>(module, "State",
                                 "Memory that outlives a run: a weight, an optimizer slot, an accumulator.")
      .def(py::init(
               [](const py::array& value) { return std::make_shared<StateTensor>(copy_to_tensor(value)); }),
           py::arg("value"))
      .def_property_readonly("shape", [](const StateTensor& state) { return shape_tuple(state.type.shape); })
      .def_property_readonly("dtype", [](const StateTensor& state) { return name_of(state.type.dtype); })
      .def(
          "numpy",
          [](const StateTensor& state) {
            py::array copy = empty_array(state.type);
            state.read(copy.mutable_data());
            return copy;
          },
          "A copy of the content.")
      .def(
          "assign",
          [](StateTensor& state, const py::array& value) {
            const py::array exact = exact_array(value, state.type, "the new value of a variable");
            state.write(exact.data());
          },
          py::arg("value"));
}

}  // namespace pronghorn::bindings
