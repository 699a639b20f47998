#include "bindings/gil.hpp"
#include "bindings/guarded.hpp"
#include "bindings/ring_object.hpp"
#include "bindings/timeout_argument.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

using Items = Ring<PyObject*>;

// Waits without the GIL until a try is worth it; false when the deadline has passed. Two Python threads can only move
// items in turn, as each needs the GIL: hence considerate.
template <class WaitWith>
bool wait_without_gil(const Deadline& deadline, WaitWith&& wait_with) {
  if (deadline && std::chrono::steady_clock::now() >= *deadline) {
    return false;
  }
  GilRelease released;
  return wait_with(released.interrupt()) != Wake::timed_out;
}

// A put that does not wait. `dropped` is the reference to what had to be thrown away, or null.
PutResult try_put(Items& items, PyObject* item, PyObject*& dropped) noexcept {
  PyObject* reference = Py_NewRef(item);
  const PutResult result = items.try_put(reference, [&](PyObject*&& loser) noexcept { dropped = loser; });
  if (result == PutResult::full || result == PutResult::closed) {
    Py_DECREF(item);  // the ring did not take the reference, and the caller has another
  }
  return result;
}

GetResult try_get(Items& items, PyObject*& item) noexcept {
  return items.try_get_with([&](PyObject*&& oldest) noexcept { item = oldest; });
}

PutResult put_waiting(Items& items, PyObject* item, const Deadline& deadline, PyObject*& dropped) {
  const auto wait = [&](const Interrupt& interrupt) {
    return items.wait_for_room(deadline, interrupt, Manner::considerate);
  };
  for (bool again = true; again;) {
    again = wait_without_gil(deadline, wait);
    if (const PutResult result = try_put(items, item, dropped); result != PutResult::full) {
      return result;
    }
  }
  throw RingTimeout(items.still_full_text());
}

// A new reference; null when the ring is closed and empty.
PyObject* get_waiting(Items& items, const Deadline& deadline) {
  const auto wait = [&](const Interrupt& interrupt) {
    return items.wait_for_item(deadline, interrupt, Manner::considerate);
  };
  PyObject* item = nullptr;
  for (bool again = true; again;) {
    again = wait_without_gil(deadline, wait);
    if (try_get(items, item) != GetResult::empty) {
      return item;
    }
  }
  throw RingTimeout(Items::still_empty_text);
}

// Hands a dropped item back. The put is done by then; what `on_drop` raises comes out of it all the same.
bool report_drop(RingObject* self, PyObject* dropped) {
  if (dropped == nullptr) {
    return true;
  }
  PyObject* answer = nullptr;
  if (self->on_drop != nullptr) {
    PyObject* on_drop = Py_NewRef(self->on_drop);  // the call may clear the ring's own
    answer = PyObject_CallOneArg(on_drop, dropped);
    Py_DECREF(on_drop);
  } else {
    answer = Py_NewRef(Py_None);
  }
  Py_DECREF(dropped);
  Py_XDECREF(answer);
  return answer != nullptr;
}

}  // namespace

PyObject* ring_put(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    PyObject* timeout = timeout_argument("use put(item, timeout=None)", 1, args, count, names);
    const Deadline deadline = deadline_in(timeout);
    RingObject* self = ring_of(object);
    PyObject* dropped = nullptr;
    PutResult result = try_put(*self->items, args[0], dropped);
    if (result == PutResult::full && self->items->overflow() == Overflow::block) {
      result = put_waiting(items_after_fork(self), args[0], deadline, dropped);
    }
    if (result == PutResult::full) {
      throw RingFull(self->items->full_text());
    }
    if (result == PutResult::closed) {
      throw RingClosed(Items::closed_text);
    }
    return report_drop(self, dropped) ? Py_NewRef(Py_None) : nullptr;
  });
}

PyObject* ring_try_put(PyObject* object, PyObject* item) {
  return guarded([&]() -> PyObject* {
    RingObject* self = ring_of(object);
    PyObject* dropped = nullptr;
    const PutResult result = try_put(*self->items, item, dropped);
    if (result == PutResult::closed) {
      throw RingClosed(Items::closed_text);
    }
    return report_drop(self, dropped) ? PyBool_FromLong(result == PutResult::done) : nullptr;
  });
}

PyObject* ring_get(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    const Deadline deadline = deadline_in(timeout_argument("use get(timeout=None)", 0, args, count, names));
    RingObject* self = ring_of(object);
    PyObject* item = nullptr;
    if (try_get(*self->items, item) == GetResult::empty) {
      item = get_waiting(items_after_fork(self), deadline);
    }
    if (item == nullptr) {
      throw RingClosed(Items::drained_text);
    }
    return item;
  });
}

PyObject* ring_try_get(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    if (count > 1) {
      throw py::type_error("use try_get(default=None)");
    }
    PyObject* item = nullptr;
    switch (try_get(*ring_of(object)->items, item)) {
      case GetResult::done:
        return item;
      case GetResult::closed:
        throw RingClosed(Items::drained_text);
      case GetResult::empty:
        break;
    }
    return Py_NewRef(count == 1 ? args[0] : Py_None);
  });
}

PyObject* ring_next(PyObject* object) {  // null without an error ends the iteration
  return guarded([&]() -> PyObject* {
    RingObject* self = ring_of(object);
    PyObject* item = nullptr;
    return try_get(*self->items, item) == GetResult::empty ? get_waiting(items_after_fork(self), std::nullopt) : item;
  });
}

PyObject* ring_close(PyObject* object, PyObject*) {
  ring_of(object)->items->close();
  Py_RETURN_NONE;
}

PyObject* ring_enter(PyObject* object, PyObject*) { return Py_NewRef(object); }

PyObject* ring_exit(PyObject* object, PyObject* const*, Py_ssize_t) { return ring_close(object, nullptr); }

}  // namespace framelane::bindings
