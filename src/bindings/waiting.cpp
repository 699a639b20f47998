#include "bindings/waiting.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <stdexcept>

namespace py = pybind11;

namespace framelane::bindings {

Deadline deadline_in(PyObject* seconds) {
  constexpr double for_ever = 1e9;  // 31 years; nanoseconds overflow at 292
  if (seconds == nullptr || seconds == Py_None) {
    return std::nullopt;
  }
  const double value = PyFloat_AsDouble(seconds);
  if (value == -1.0 && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  if (std::isnan(value) || value < 0) {
    throw std::invalid_argument("timeout must be at least 0 seconds, or None to wait for ever");
  }
  if (value >= for_ever) {
    return std::nullopt;
  }
  const auto wait = std::chrono::duration<double>(value);
  return std::chrono::steady_clock::now() + std::chrono::ceil<std::chrono::nanoseconds>(wait);
}

bool is_main_thread() noexcept { return syscall(SYS_gettid) == getpid(); }

}  // namespace framelane::bindings
