#pragma once

#include <pybind11/pybind11.h>

#include "bindings/waiting.hpp"
#include "core/ring.hpp"

namespace framelane::bindings {

// The Python type framelane.Ring. Each item is a reference that the ring owns; it moves only under the GIL.
struct RingObject {
  PyObject base;           // as PyObject_HEAD has it
  Ring<PyObject*>* items;  // null only in an object that tp_new has not finished
  PyObject* on_drop;       // or null
  unsigned forks;          // at which the ring was last seen
  PyObject* weak_references;
};

inline RingObject* ring_of(PyObject* object) noexcept { return reinterpret_cast<RingObject*>(object); }

// The items, for what waits or tells of waiting: first forgets the waits that a fork left behind.
inline Ring<PyObject*>& items_after_fork(RingObject* self) noexcept {
  if (const unsigned forks = fork_count(); self->forks != forks) {
    self->forks = forks;
    self->items->forget_waiting();
  }
  return *self->items;
}

PyObject* ring_new(PyTypeObject* type, PyObject* args, PyObject* keywords);
int ring_traverse(PyObject* object, visitproc visit, void* arg);
int ring_clear(PyObject* object);
void ring_dealloc(PyObject* object);
PyObject* ring_repr(PyObject* object);
Py_ssize_t ring_length(PyObject* object);
PyObject* ring_stats(PyObject* object, PyObject*);
PyObject* ring_capacity(PyObject* object, void*);
PyObject* ring_overflow(PyObject* object, void*);
PyObject* ring_closed(PyObject* object, void*);

// In ring_methods.cpp: what moves items.
PyObject* ring_put(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names);
PyObject* ring_try_put(PyObject* object, PyObject* item);
PyObject* ring_get(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names);
PyObject* ring_try_get(PyObject* object, PyObject* const* args, Py_ssize_t count);
PyObject* ring_next(PyObject* object);
PyObject* ring_close(PyObject* object, PyObject*);
PyObject* ring_enter(PyObject* object, PyObject*);
PyObject* ring_exit(PyObject* object, PyObject* const*, Py_ssize_t);

}  // namespace framelane::bindings
