#include <new>
#include <string>
#include <utility>

#include "bindings/activity_object.hpp"
#include "bindings/register.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// A plain CPython type: its methods are called several times a frame, and a pybind11 `def` costs twice the work.
struct ActivityObject {
  PyObject_HEAD std::shared_ptr<Activity> activity;
};

PyTypeObject* activity_type = nullptr;

Activity& unwrap(PyObject* self) { return *reinterpret_cast<ActivityObject*>(self)->activity; }

PyObject* create(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  if (PyTuple_GET_SIZE(args) != 0 || (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0)) {
    PyErr_SetString(PyExc_TypeError, "Activity() takes no arguments");
    return nullptr;
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) {
    new (&reinterpret_cast<ActivityObject*>(self)->activity) std::shared_ptr<Activity>(std::make_shared<Activity>());
  }
  return self;
}

void destroy(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  reinterpret_cast<ActivityObject*>(self)->activity.~shared_ptr();
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* attach(PyObject* self, PyObject*) {
  unwrap(self).attach();
  Py_RETURN_NONE;
}

PyObject* detach(PyObject* self, PyObject*) {
  unwrap(self).detach();
  Py_RETURN_NONE;
}

template <Phase phase>
PyObject* enter(PyObject* self, PyObject*) {
  unwrap(self).enter(phase);
  Py_RETURN_NONE;
}

PyObject* work_on(PyObject* self, PyObject* index) {
  const long long frame = PyLong_AsLongLong(index);
  if (frame == -1 && PyErr_Occurred() != nullptr) {
    return nullptr;
  }
  unwrap(self).work_on(frame);
  Py_RETURN_NONE;
}

PyObject* add_left(PyObject* self, PyObject*) {
  unwrap(self).add_left();
  Py_RETURN_NONE;
}

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::busy:
      return "busy";
    case Phase::waiting_input:
      return "waiting for input";
    case Phase::waiting_output:
      return "waiting for output";
    case Phase::idle:
      break;
  }
  return "idle";
}

py::dict to_dict(const Activity::Snapshot& seen) {
  const auto seconds = [&](Phase phase) { return 1e-9 * double(seen.nanoseconds[static_cast<std::size_t>(phase)]); };
  py::dict result;
  result["phase"] = name_of(seen.phase);
  result["since"] = 1e-9 * double(seen.since);
  result["frame"] = seen.frame == no_frame ? py::object(py::none()) : py::int_(seen.frame);
  result["left"] = seen.left;
  result["thread"] = seen.thread;
  result["busy"] = seconds(Phase::busy);
  result["waiting_input"] = seconds(Phase::waiting_input);
  result["waiting_output"] = seconds(Phase::waiting_output);
  result["native_call"] = seen.work ? py::object(py::str(seen.work->label)) : py::none();
  return result;
}

PyObject* snapshot(PyObject* self, PyObject*) {
  try {
    return to_dict(unwrap(self).snapshot()).release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  }
}

PyMethodDef methods[] = {
    {"attach", attach, METH_NOARGS, "Make this the activity of the calling thread."},
    {"detach", detach, METH_NOARGS, "The calling thread has ended its work."},
    {"idle", enter<Phase::idle>, METH_NOARGS, "Enter the phase: nothing to do."},
    {"busy", work_on, METH_O, "Enter the phase: busy on the frame of this index (-1: on none)."},
    {"wait_input", enter<Phase::waiting_input>, METH_NOARGS, "Enter the phase: waiting for input."},
    {"wait_output", enter<Phase::waiting_output>, METH_NOARGS, "Enter the phase: waiting for output."},
    {"add_left", add_left, METH_NOARGS, "One more frame has left the stage."},
    {"snapshot", snapshot, METH_NOARGS, "What the worker does now and has done so far, as a dict."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(create)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_methods, methods},
    {Py_tp_doc, const_cast<char*>("What one worker of a stage does: written by its thread alone, read by any.")},
    {0, nullptr},
};

PyType_Spec spec = {"framelane._core.Activity", sizeof(ActivityObject), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

py::object activity_object(std::shared_ptr<Activity> activity) {
  auto result = py::reinterpret_steal<py::object>(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(activity_type)));
  if (!result) {
    throw py::error_already_set();
  }
  reinterpret_cast<ActivityObject*>(result.ptr())->activity = std::move(activity);
  return result;
}

std::shared_ptr<Activity> activity_from_python(py::handle object) {
  if (!PyObject_TypeCheck(object.ptr(), activity_type)) {
    throw py::type_error("expected an Activity, got " + std::string(Py_TYPE(object.ptr())->tp_name));
  }
  return reinterpret_cast<ActivityObject*>(object.ptr())->activity;
}

void register_activity(py::module_& m) {
  activity_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (activity_type == nullptr) {
    throw py::error_already_set();
  }
  m.add_object("Activity", reinterpret_cast<PyObject*>(activity_type));
}

}  // namespace framelane::bindings
