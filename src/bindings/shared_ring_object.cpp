#include "bindings/shared_ring_object.hpp"

#include <new>
#include <string>
#include <utility>

#include "bindings/gil.hpp"
#include "bindings/raw_type.hpp"
#include "bindings/shared_ring_docs.hpp"
#include "bindings/waiting.hpp"

// after Python.h, which pybind11 brings
#include <structmember.h>

namespace py = pybind11;

namespace framelane::bindings {
namespace {

PyTypeObject* ring_type = nullptr;

SharedRingObject* cast(PyObject* object) noexcept { return reinterpret_cast<SharedRingObject*>(object); }

[[noreturn]] void refuse(const SharedRingObject* self) {
  throw RingError(self->ring ? "this ring was opened before a fork, and the two processes would take each other's "
                               "place: start processes with multiprocessing's 'spawn', or open the ring in the child "
                               "with SharedRing.connect"
                             : "this ring is not open: its constructor was not run");
}

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* object = type->tp_alloc(type, 0);
  if (object != nullptr) {
    new (&cast(object)->ring) std::shared_ptr<SharedRing>();
  }
  return object;
}

void deallocate(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (cast(object)->weak_references != nullptr) {
    PyObject_ClearWeakRefs(object);
  }
  cast(object)->ring.~shared_ptr();
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* close_ring(PyObject* object, PyObject*) {
  return guarded([&] {
    shared_ring_of(object)->close();
    return Py_NewRef(Py_None);
  });
}
PyObject* enter(PyObject* object, PyObject*) { return Py_NewRef(object); }
PyObject* leave(PyObject* object, PyObject* const*, Py_ssize_t) { return close_ring(object, nullptr); }

Py_ssize_t length(PyObject* object) {
  try {
    return static_cast<Py_ssize_t>(shared_ring_of(object)->size());
  } catch (...) {
    set_python_error(std::current_exception());
    return -1;
  }
}

template <class Read>
PyObject* property(PyObject* object, Read&& read) {
  return guarded([&]() -> PyObject* { return read(*shared_ring_of(object)); });
}
PyObject* capacity(PyObject* object, void*) {
  return property(object, [](const SharedRing& ring) { return PyLong_FromSize_t(ring.capacity()); });
}
PyObject* closed(PyObject* object, void*) {
  return property(object, [](const SharedRing& ring) { return PyBool_FromLong(ring.closed()); });
}
PyObject* nbytes(PyObject* object, void*) {
  return property(object, [](const SharedRing& ring) { return PyLong_FromSize_t(ring.nbytes()); });
}
PyObject* slot_nbytes(PyObject* object, void*) {
  return property(object, [](const SharedRing& ring) { return PyLong_FromSize_t(ring.payload_bytes()); });
}
PyObject* meta_bytes(PyObject* object, void*) {
  return property(object, [](const SharedRing& ring) { return PyLong_FromSize_t(ring.meta_bytes()); });
}
PyObject* overflow(PyObject* object, void*) {
  return property(object, [](const SharedRing& ring) {
    return py::module_::import("framelane._ring").attr("Overflow")(py::str(name_of(ring.overflow()))).release().ptr();
  });
}

PyMethodDef methods[] = {
    {"put", as_method(shared_ring_put), METH_FASTCALL | METH_KEYWORDS, docs::shared_put},
    {"try_put", shared_ring_try_put, METH_O, docs::shared_try_put},
    {"get", as_method(shared_ring_get), METH_FASTCALL | METH_KEYWORDS, docs::shared_get},
    {"try_get", as_method(shared_ring_try_get), METH_FASTCALL, docs::shared_try_get},
    {"close", close_ring, METH_NOARGS, docs::shared_close},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", as_method(leave), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"capacity", capacity, nullptr, "Slots of the ring: frames that wait, are being written or are being read.",
     nullptr},
    {"overflow", overflow, nullptr, "What a put into a full ring does, as an `Overflow`.", nullptr},
    {"closed", closed, nullptr, "Whether `close` was called, in whatever process.", nullptr},
    {"nbytes", nbytes, nullptr, "Bytes of the shared memory, all slots together.", nullptr},
    {"slot_nbytes", slot_nbytes, nullptr, "Bytes for the tensors of one frame.", nullptr},
    {"meta_bytes", meta_bytes, nullptr, "Bytes for the numbers and strings of one frame.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(SharedRingObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

}  // namespace

const std::shared_ptr<SharedRing>& shared_ring_of(PyObject* object) {
  if (PyObject_TypeCheck(object, ring_type) == 0) {
    throw py::type_error("a framelane.SharedRing is wanted");
  }
  const SharedRingObject* self = cast(object);
  if (!self->ring || self->forks != fork_count()) [[unlikely]] {
    refuse(self);
  }
  return self->ring;
}

void open_shared_ring(py::handle object, std::shared_ptr<SharedRing> ring) {
  if (PyObject_TypeCheck(object.ptr(), ring_type) == 0) {
    throw py::type_error("a framelane.SharedRing is wanted");
  }
  cast(object.ptr())->ring = std::move(ring);
  cast(object.ptr())->forks = fork_count();
}

void add_shared_ring_type(py::module_& m) {
  static PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("The native part of framelane.SharedRing.")},
      slot(Py_tp_new, create),
      slot(Py_tp_dealloc, deallocate),
      slot(Py_tp_iter, PyObject_SelfIter),
      slot(Py_tp_iternext, shared_ring_next),
      slot(Py_sq_length, length),
      slot(Py_tp_methods, methods),
      slot(Py_tp_getset, properties),
      slot(Py_tp_members, members),
      {0, nullptr},
  };
  ring_type = add_raw_type(m, {"framelane._core.SharedRingBase", sizeof(SharedRingObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots});
}

}  // namespace framelane::bindings
