#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "core/wait.hpp"

namespace framelane::bindings {

// The GIL and the end of the interpreter. A thread that asks for the GIL once finalisation has begun is killed by
// CPython up to 3.13 (which unwinds through C++ and ends in std::terminate) and hung from 3.14 on; a reference
// dropped then touches freed memory. So nothing here does either: references are leaked to the ending process.

// Keeps a Python object alive; the last copy may go in any thread, with or without the GIL. Needs the GIL to create.
[[nodiscard]] std::shared_ptr<void> share(pybind11::object object);

// The same for what may need the GIL, or the interpreter, to be destroyed: memory that another library lent.
[[nodiscard]] std::shared_ptr<void> drop_under_gil(std::shared_ptr<void> owner);

// Releases the GIL for its lifetime, in any blocking or long call. A thread that comes back after finalisation began
// sleeps until the process is gone.
class GilRelease {
 public:
  GilRelease() noexcept : state_(PyEval_SaveThread()) {}
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;
  GilRelease(GilRelease&&) = delete;
  GilRelease& operator=(GilRelease&&) = delete;
  ~GilRelease() { restore(); }

  // For core waits: runs Python's signal handlers (Ctrl-C) in the thread that has them. What a handler raises comes
  // out as py::error_already_set.
  [[nodiscard]] Interrupt interrupt();

 private:
  void restore() noexcept;
  void check_signals();

  PyThreadState* state_;
};

}  // namespace framelane::bindings
