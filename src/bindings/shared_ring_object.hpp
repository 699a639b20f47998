#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "core/shared_ring.hpp"

namespace framelane::bindings {

// What framelane._core.SharedRingBase holds.
struct SharedRingObject {
  PyObject base;                     // as PyObject_HEAD has it
  std::shared_ptr<SharedRing> ring;  // null until it is opened
  unsigned forks;                    // at which it was opened
  PyObject* weak_references;
};

// The ring of a SharedRingBase. Throws py::type_error for another object, RingError when it is not open or was opened
// before a fork.
[[nodiscard]] const std::shared_ptr<SharedRing>& shared_ring_of(PyObject* object);

void open_shared_ring(pybind11::handle object, std::shared_ptr<SharedRing> ring);
void add_shared_ring_type(pybind11::module_& m);

// In shared_ring_methods.cpp: what moves frames. Reserving and taking wait without the GIL.
PutResult reserve_waiting(SharedRing& ring, shared::Claim& claim, const Deadline& deadline);
bool take_waiting(SharedRing& ring, shared::Claim& claim, const Deadline& deadline);
// Writes the value into a reserved slot and commits it; on an error the slot is given up.
void write_and_commit(SharedRing& ring, const shared::Claim& claim, PyObject* value, std::size_t used);
// The value in a slot that the caller reads: with tensors over the slot itself, or copied out of it.
[[nodiscard]] pybind11::object read_value(const SharedRing& ring, const shared::Claim& claim, bool in_place);

PyObject* shared_ring_put(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names);
PyObject* shared_ring_try_put(PyObject* object, PyObject* value);
PyObject* shared_ring_get(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names);
PyObject* shared_ring_try_get(PyObject* object, PyObject* const* args, Py_ssize_t count);
PyObject* shared_ring_next(PyObject* object);

}  // namespace framelane::bindings
