#include "bindings/ring_object.hpp"

#include <memory>
#include <string>

#include "bindings/guarded.hpp"

namespace py = pybind11;

namespace framelane::bindings {

using Items = Ring<PyObject*>;

PyObject* ring_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  return guarded([&]() -> PyObject* {
    static const char* names[] = {"capacity", "overflow", "on_drop", nullptr};
    Py_ssize_t capacity = 0;
    const char* overflow = "block";
    PyObject* on_drop = Py_None;
    if (PyArg_ParseTupleAndKeywords(args, keywords, "n|s$O:Ring", const_cast<char**>(names), &capacity, &overflow,
                                    &on_drop) == 0) {
      return nullptr;
    }
    if (on_drop != Py_None && PyCallable_Check(on_drop) == 0) {
      throw py::type_error("on_drop must be callable with the dropped item, or None");
    }
    if (capacity < 1) {
      throw py::value_error("capacity must be at least 1, not " + std::to_string(capacity));
    }
    auto items = std::make_unique<Items>(static_cast<std::size_t>(capacity), overflow_from_name(overflow));
    PyObject* object = type->tp_alloc(type, 0);
    if (object != nullptr) {
      ring_of(object)->items = items.release();
      ring_of(object)->forks = fork_count();
      ring_of(object)->on_drop = on_drop == Py_None ? nullptr : Py_NewRef(on_drop);
    }
    return object;
  });
}

int ring_traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  RingObject* self = ring_of(object);
  Py_VISIT(self->on_drop);
  int stop = 0;
  if (self->items != nullptr) {
    // Items only move under the GIL, which the collector has.
    self->items->for_each([&](PyObject* item) { stop = stop != 0 ? stop : visit(item, arg); });
  }
  return stop;
}

int ring_clear(PyObject* object) {
  RingObject* self = ring_of(object);
  Py_CLEAR(self->on_drop);
  PyObject* item = nullptr;
  const auto take = [&](PyObject*&& oldest) noexcept { item = oldest; };
  while (self->items != nullptr && self->items->try_get_with(take) == GetResult::done) {
    Py_DECREF(item);  // may run any code, which finds a ring in good order
  }
  return 0;
}

void ring_dealloc(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  RingObject* self = ring_of(object);
  if (self->weak_references != nullptr) {
    PyObject_ClearWeakRefs(object);
  }
  ring_clear(object);
  delete self->items;
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* ring_stats(PyObject* object, PyObject*) {
  return guarded([&]() -> PyObject* {
    const RingStats stats = items_after_fork(ring_of(object)).stats();
    const py::object type = py::module_::import("framelane._ring").attr("RingStats");
    return type(stats.put, stats.got, stats.dropped, stats.put_waits, stats.get_waits, stats.put_waited.count(),
                stats.get_waited.count(), stats.high_water)
        .release()
        .ptr();
  });
}

Py_ssize_t ring_length(PyObject* object) { return static_cast<Py_ssize_t>(ring_of(object)->items->size()); }

PyObject* ring_capacity(PyObject* object, void*) { return PyLong_FromSize_t(ring_of(object)->items->capacity()); }

PyObject* ring_closed(PyObject* object, void*) { return PyBool_FromLong(ring_of(object)->items->closed()); }

PyObject* ring_overflow(PyObject* object, void*) {
  return guarded([&] {
    const std::string_view name = name_of(ring_of(object)->items->overflow());
    return py::module_::import("framelane._ring").attr("Overflow")(py::str(name)).release().ptr();
  });
}

PyObject* ring_repr(PyObject* object) {
  const Items& items = *ring_of(object)->items;
  const std::string overflow(name_of(items.overflow()));
  return PyUnicode_FromFormat("<framelane.Ring %zu/%zu %s%s>", items.size(), items.capacity(), overflow.c_str(),
                              items.closed() ? " closed" : "");
}

}  // namespace framelane::bindings
