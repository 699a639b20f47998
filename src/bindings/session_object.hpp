#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "ort/session.hpp"

namespace framelane::bindings {

// What a framelane._core.SessionBase holds, from the moment that it was opened. Touched under the GIL, but for the
// counters and what `session` does itself.
struct SessionState {
  explicit SessionState(std::shared_ptr<const ort::Session> opened);

  std::shared_ptr<const ort::Session> session;  // null once closed
  std::vector<pybind11::object> input_names;    // interned strings
  std::vector<pybind11::object> output_names;
  std::shared_ptr<const ort::RunOptions> run_options;  // of the runs since the last terminate()
  std::atomic<std::uint64_t> runs{0};
  std::atomic<std::uint64_t> copies{0};
  std::atomic<std::uint64_t> copied_bytes{0};

  void count(std::uint64_t copied, std::uint64_t bytes) noexcept {
    runs.fetch_add(1, std::memory_order_relaxed);
    if (copied != 0) {
      copies.fetch_add(copied, std::memory_order_relaxed);
      copied_bytes.fetch_add(bytes, std::memory_order_relaxed);
    }
  }
};

// The state of a SessionBase. Throws py::type_error for another object, Error when it is not open.
[[nodiscard]] std::shared_ptr<SessionState> state_of(pybind11::handle session);

// Opens a SessionBase that is not open yet.
void open_session(pybind11::handle object, std::shared_ptr<const ort::Session> session);

void add_session_type(pybind11::module_& m);

}  // namespace framelane::bindings
