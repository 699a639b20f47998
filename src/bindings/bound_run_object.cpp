#include "bindings/bound_run_object.hpp"

#include <pybind11/stl.h>
#include <structmember.h>

#include <cstddef>
#include <new>
#include <string>
#include <vector>

#include "bindings/bound_run.hpp"
#include "bindings/raw_type.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

struct BoundRunObject {
  PyObject_HEAD vectorcallfunc call;
  BoundRun* run;
};

PyTypeObject* bound_run_type = nullptr;

BoundRun& run_of(PyObject* self) { return *reinterpret_cast<BoundRunObject*>(self)->run; }

PyObject* call(PyObject* self, PyObject* const*, std::size_t count, PyObject* keywords) {
  return guarded([=]() -> PyObject* {
    if (PyVectorcall_NARGS(count) != 0 || keywords != nullptr) {
      throw py::type_error("a BoundRun takes no arguments: write into its inputs, then call it");
    }
    return Py_NewRef(run_of(self).run());
  });
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (const BoundRun* run = reinterpret_cast<BoundRunObject*>(self)->run) {
    Py_VISIT(run->inputs().ptr());
    Py_VISIT(run->outputs().ptr());
  }
  return 0;
}

void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  delete reinterpret_cast<BoundRunObject*>(self)->run;
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* close(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) {
  run_of(self).close();
  Py_RETURN_NONE;
}

PyObject* enter(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) { return Py_NewRef(self); }

PyObject* inputs(PyObject* self, void*) { return Py_NewRef(run_of(self).inputs().ptr()); }
PyObject* outputs(PyObject* self, void*) { return Py_NewRef(run_of(self).outputs().ptr()); }

PyMethodDef methods[] = {
    fast_method<close>("close", "close($self)\n--\n\nLet go of the buffers. Idempotent."),
    fast_method<enter>("__enter__", nullptr),
    fast_method<close>("__exit__", nullptr),
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"inputs", inputs, nullptr, "Input name to the array that each run reads.", nullptr},
    {"outputs", outputs, nullptr, "Output name to array: what a call returns.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(BoundRunObject, call), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

constexpr const char* bound_run_doc =
    "Inputs and outputs of a session bound to memory once; made by `Session.bind`.\n\n"
    "Calling it runs the model on what its `inputs` hold now and returns its `outputs`, the same dict each time. An\n"
    "output of fixed size is written in place, so that a call allocates nothing; one of varying size is a new array\n"
    "after each call.\n\n"
    "One thread at a time; make one for each thread.";

py::object create(py::handle session, py::dict inputs, py::dict outputs, const std::vector<std::string>& replaceable) {
  auto run = std::make_unique<BoundRun>(state_of(session), std::move(inputs), std::move(outputs), replaceable);
  auto* self = reinterpret_cast<BoundRunObject*>(bound_run_type->tp_alloc(bound_run_type, 0));
  if (self == nullptr) {
    throw py::error_already_set();
  }
  self->call = call;
  self->run = run.release();
  return py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(self));
}

}  // namespace

void add_bound_run_type(py::module_& m) {
  static PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
      {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_methods, methods},
      {Py_tp_getset, properties},
      {Py_tp_members, members},
      {Py_tp_doc, const_cast<char*>(bound_run_doc)},
      {0, nullptr},
  };
  constexpr auto flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  bound_run_type = add_raw_type(m, {"framelane._core.BoundRun", sizeof(BoundRunObject), 0, flags, slots});
  m.def("session_bind", &create);
}

}  // namespace framelane::bindings
