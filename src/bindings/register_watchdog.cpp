#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/activity_object.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/waiting.hpp"
#include "engine/watchdog.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

std::int64_t nanoseconds(std::optional<double> seconds) {
  return seconds ? static_cast<std::int64_t>(*seconds * 1e9) : 0;
}

const char* name_of(Alarm alarm) {
  switch (alarm) {
    case Alarm::stuck:
      return "stuck";
    case Alarm::slow:
      return "slow";
    case Alarm::overdue:
      return "overdue";
    case Alarm::starved:
      break;
  }
  return "starved";
}

std::unique_ptr<Watchdog> create(std::optional<double> stall_after, std::optional<int> signal_number,
                                 std::optional<int> memory_file) {
  std::optional<StackDump> dump;
  if (signal_number && memory_file) {
    dump.emplace(*signal_number, *memory_file);
  }
  return std::make_unique<Watchdog>(nanoseconds(stall_after), dump);
}

std::size_t add(Watchdog& watchdog, std::string name, const std::vector<py::object>& workers,
                std::optional<double> stall_after, std::optional<double> frame_timeout, bool has_helper_threads,
                bool needs_gil) {
  WatchedStage stage;
  stage.name = std::move(name);
  for (const auto& worker : workers) {
    stage.workers.push_back(activity_from_python(worker));
  }
  stage.stall_after = nanoseconds(stall_after);
  stage.frame_timeout = nanoseconds(frame_timeout);
  stage.has_helper_threads = has_helper_threads;
  stage.needs_gil = needs_gil;
  return watchdog.add(std::move(stage));
}

// None at the timeout, an int that was posted, or (alarm, stage, worker, silent seconds, frame index or None).
py::object wait(Watchdog& watchdog, const py::object& timeout) {
  const Deadline deadline = deadline_in(timeout.ptr());
  std::optional<WatchdogEvent> event;
  {
    const GilRelease released;
    event = watchdog.wait(deadline);
  }
  if (!event) {
    return py::none();
  }
  if (event->posted) {
    return py::int_(event->code);
  }
  watchdog.acknowledge();
  const Verdict& verdict = event->verdict;
  const py::object frame = verdict.frame == no_frame ? py::object(py::none()) : py::int_(verdict.frame);
  return py::make_tuple(name_of(verdict.alarm), event->stage, verdict.worker, 1e-9 * double(verdict.silent), frame);
}

}  // namespace

void register_watchdog(py::module_& m) {
  py::classh<Watchdog>(m, "Watchdog", py::release_gil_before_calling_cpp_dtor(),
                       "A native thread that looks at the stages of one pipeline, and its supervisor's mailbox.")
      .def(py::init(&create), py::arg("stall_after"), py::kw_only(), py::arg("signal_number") = py::none(),
           py::arg("memory_file") = py::none())
      .def("add", &add, py::arg("name"), py::arg("workers"), py::kw_only(), py::arg("stall_after"),
           py::arg("frame_timeout") = py::none(), py::arg("has_helper_threads") = false, py::arg("needs_gil") = true)
      .def("claim", &Watchdog::claim, py::arg("threads"))
      .def("start", &Watchdog::start)
      .def("stop", &Watchdog::stop, py::call_guard<GilRelease>())
      .def("post", &Watchdog::post, py::arg("code"))
      .def("wait", &wait, py::arg("timeout") = py::none())
      .def("stacks", &Watchdog::stacks);
}

}  // namespace framelane::bindings
