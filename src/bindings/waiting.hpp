#pragma once

#include <pybind11/pybind11.h>

#include "core/event_count.hpp"

namespace framelane::bindings {

// Seconds as Python gives them: None waits for ever. Throws std::invalid_argument for a negative timeout or NaN,
// py::error_already_set for what is no number.
[[nodiscard]] Deadline deadline_in(PyObject* seconds);

// True in the one thread in which Python runs signal handlers.
[[nodiscard]] bool is_main_thread() noexcept;

// How many forks lie between this process and the one that loaded the module. What waited before one does not any more.
[[nodiscard]] unsigned fork_count() noexcept;

}  // namespace framelane::bindings
