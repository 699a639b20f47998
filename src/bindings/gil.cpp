#include "bindings/gil.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "bindings/register.hpp"
#include "bindings/waiting.hpp"

namespace py = pybind11;
using namespace std::chrono_literals;

namespace framelane::bindings {
namespace {

// Whether threads may still ask for the GIL. `atexit` closes it, the last moment at which Python lets us know.
class Gate {
 public:
  [[nodiscard]] bool enter() noexcept {
    inside_.fetch_add(1);
    if (closed_.load()) {
      inside_.fetch_sub(1);
      return false;
    }
    return true;
  }
  void leave() noexcept { inside_.fetch_sub(1); }

  // Waits for those inside, but not for ever: one may be running a user's __del__.
  void close() noexcept {
    closed_.store(true);
    for (int waited = 0; inside_.load() != 0 && waited < 1000; ++waited) {
      std::this_thread::sleep_for(1ms);
    }
  }

 private:
  std::atomic<int> inside_{0};
  std::atomic<bool> closed_{false};
};

Gate gate;

bool finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return !Py_IsInitialized() || Py_IsFinalizing();
#else
  return !Py_IsInitialized() || _Py_IsFinalizing();
#endif
}

bool holds_gil() noexcept {
  PyThreadState* current = py::detail::get_thread_state_unchecked();
  return current != nullptr && current == PyGILState_GetThisThreadState();
}

// Runs `drop` with the GIL; does nothing once the interpreter ends.
template <class Drop>
void drop_with_gil(Drop&& drop) noexcept {
  if (finalizing()) {
    return;
  }
  if (holds_gil()) {  // then finalisation cannot begin meanwhile
    drop();
    return;
  }
  if (gate.enter()) {
    const PyGILState_STATE state = PyGILState_Ensure();
    drop();
    PyGILState_Release(state);
    gate.leave();
  }
}

// Whether the interpreter is really going: `atexit` functions can also be run by hand, and then it lives on.
bool ends() noexcept {
  for (int waited = 0; waited < 200; ++waited) {
    if (finalizing()) {
      return true;
    }
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

}  // namespace

std::shared_ptr<void> share(py::object object) {
  PyObject* held = object.release().ptr();
  return {held, [](void* pointer) { drop_with_gil([=] { Py_DECREF(static_cast<PyObject*>(pointer)); }); }};
}

std::shared_ptr<void> drop_under_gil(std::shared_ptr<void> owner) {
  auto* held = new std::shared_ptr<void>(std::move(owner));
  return {held->get(), [held](void*) { drop_with_gil([=] { delete held; }); }};
}

void GilRelease::restore() noexcept {
  if (state_ == nullptr) {
    return;
  }
  const bool entered = gate.enter();
  if (!entered && !is_main_thread() && ends()) {
    while (true) {
      pause();
    }
  }
  PyEval_RestoreThread(std::exchange(state_, nullptr));
  if (entered) {
    gate.leave();
  }
}

void GilRelease::check_signals() {
  restore();
  if (PyErr_CheckSignals() != 0) {
    throw py::error_already_set();
  }
  state_ = PyEval_SaveThread();
}

Interrupt GilRelease::interrupt() {
  if (!is_main_thread()) {
    return {};
  }
  return {.check = [this] { check_signals(); }, .period = 100ms};
}

void register_gil(py::module_&) {
  py::module_::import("atexit").attr("register")(py::cpp_function([] {
    const py::gil_scoped_release released;  // those inside want the GIL
    gate.close();
  }));
}

}  // namespace framelane::bindings
