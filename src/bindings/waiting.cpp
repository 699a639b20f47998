#include "bindings/waiting.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace py = pybind11;

namespace framelane::bindings {
namespace {

enum class ThreadKind : std::uint8_t { unknown, main, other };
thread_local ThreadKind thread_kind = ThreadKind::unknown;  // asked once: two system calls are too many for each wait
unsigned forks = 0;  // of the process and its parents; written while it has one thread

[[maybe_unused]] const int watches_forks = pthread_atfork(nullptr, nullptr, [] {
  thread_kind = ThreadKind::main;  // whichever thread forked
  ++forks;
});

}  // namespace

Deadline deadline_in(PyObject* seconds) {
  constexpr double for_ever = 1e9;  // 31 years; nanoseconds overflow at 292
  if (seconds == nullptr || seconds == Py_None) {
    return std::nullopt;
  }
  const double value = PyFloat_AsDouble(seconds);
  if (value == -1.0 && PyErr_Occurred() != nullptr) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) != 0) {
      PyErr_Format(PyExc_TypeError, "timeout must be a number of seconds, or None to wait for ever, not %.100s",
                   Py_TYPE(seconds)->tp_name);
    }
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

bool is_main_thread() noexcept {
  if (thread_kind == ThreadKind::unknown) {
    thread_kind = syscall(SYS_gettid) == getpid() ? ThreadKind::main : ThreadKind::other;
  }
  return thread_kind == ThreadKind::main;
}

unsigned fork_count() noexcept { return forks; }

}  // namespace framelane::bindings
