#pragma once

#include <pybind11/pybind11.h>

#include "core/event_count.hpp"

namespace framelane::bindings {

// Seconds as Python gives them: None waits for ever. Throws std::invalid_argument for a negative timeout or NaN,
// py::error_already_set for what is no number.
[[nodiscard]] Deadline deadline_in(PyObject* seconds);

// True in the one thread in which Python runs signal handlers.
[[nodiscard]] bool is_main_thread() noexcept;

// Thrown with the GIL held and the Python error set.
struct PythonErrorSet {};

// The GIL, released while a native call waits. Not released and taken by constructor and destructor: taking it may
// end the thread (at interpreter exit), by an unwinding that no destructor lets through.
class ReleasedGil {
 public:
  void release() noexcept { state_ = PyEval_SaveThread(); }
  void take() { PyEval_RestoreThread(state_); }

  // The interrupt hook of a wait: runs the signal handlers. Throws PythonErrorSet when one raises.
  void run_signal_handlers() {
    take();
    if (PyErr_CheckSignals() != 0) {
      throw PythonErrorSet{};
    }
    release();
  }

 private:
  PyThreadState* state_ = nullptr;
};

}  // namespace framelane::bindings
