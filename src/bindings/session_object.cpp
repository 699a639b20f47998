#include "bindings/session_object.hpp"

#include <utility>

#include "bindings/feeds.hpp"
#include "bindings/gil.hpp"
#include "bindings/raw_type.hpp"
#include "bindings/results.hpp"
#include "bindings/text.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

struct SessionObject {
  PyObject_HEAD std::shared_ptr<SessionState> state;  // null until it is opened
};

PyTypeObject* session_type = nullptr;

SessionObject* cast(PyObject* self) { return reinterpret_cast<SessionObject*>(self); }

[[noreturn]] void refuse_closed() { throw Error("the session is closed; make a new framelane.Session"); }

SessionState& open_state(PyObject* self) {
  SessionState* state = cast(self)->state.get();
  if (state == nullptr || !state->session) [[unlikely]] {
    refuse_closed();
  }
  return *state;
}

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) {
    new (&cast(self)->state) std::shared_ptr<SessionState>();
  }
  return self;
}

// Destroying a session joins its threads: not under the GIL.
void drop(std::shared_ptr<const ort::Session>&& session) {
  if (session) {
    const GilRelease released;
    session.reset();
  }
}

void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  SessionObject* object = cast(self);
  if (object->state.use_count() == 1) {
    drop(std::exchange(object->state->session, nullptr));
  }
  object->state.~shared_ptr();
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* run(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  PyObject* feeds = only_argument("run", "feeds", arguments, count, keywords);
  SessionState& state = open_state(self);
  std::shared_ptr<const ort::Session> session = state.session;
  const std::shared_ptr<const ort::RunOptions> options = state.run_options;
  Feeds fed(state, feeds);
  Results results(session->environment(), state.output_names.size());
  {
    const GilRelease released;
    session->run(fed.values(), results.values(), options->handle());
  }
  state.count(fed.copies(), fed.copied_bytes());
  py::dict outputs;
  for (std::size_t i = 0; i < state.output_names.size(); ++i) {
    outputs[state.output_names[i]] = results.take(i, fed.kind());
  }
  if (session.use_count() == 1) {  // closed meanwhile
    drop(std::move(session));
  }
  return outputs.release().ptr();
}

PyObject* close(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) {
  if (const std::shared_ptr<SessionState> state = cast(self)->state) {
    drop(std::exchange(state->session, nullptr));
  }
  Py_RETURN_NONE;
}

PyObject* terminate(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) {
  std::exchange(open_state(self).run_options, std::make_shared<ort::RunOptions>())->terminate();
  Py_RETURN_NONE;
}

constexpr const char* run_doc =
    "run($self, feeds)\n--\n\n"
    "Run the model once.\n\n"
    "Parameters\n----------\n"
    "feeds : mapping or array\n"
    "    Arrays by input name, or one array when the model has one input: NumPy, PyTorch, `Tensor`, or whatever\n"
    "    NumPy can view. Read in place when contiguous and aligned; else copied, and the copy counted in `stats`.\n\n"
    "Returns\n-------\n"
    "dict\n"
    "    Output name to array. The arrays own their memory and outlive the session.\n\n"
    "Raises\n------\n"
    "ShapeError\n"
    "    A name, rank, size, dtype or byte order is wrong; shows all inputs as expected and got.\n"
    "FramelaneError\n"
    "    ONNX Runtime failed, the session is closed, or `terminate` stopped the run.\n\n"
    "Notes\n-----\n"
    "Any number of threads may run one session at once; the GIL is released meanwhile.";

PyMethodDef methods[] = {
    fast_method<run>("run", run_doc),
    fast_method<close>("close",
                       "close($self)\n--\n\nRelease the model. Runs in other threads still finish. Idempotent."),
    fast_method<terminate>(
        "terminate",
        "terminate($self)\n--\n\nStop the runs in progress, in whatever thread: they raise FramelaneError soon."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

SessionState::SessionState(std::shared_ptr<const ort::Session> opened)
    : session(std::move(opened)), run_options(std::make_shared<ort::RunOptions>()) {
  const auto intern = [](const ort::TensorInfo& info) {
    PyObject* name = to_text(info.name).release().ptr();
    PyUnicode_InternInPlace(&name);
    return py::reinterpret_steal<py::object>(name);
  };
  for (const ort::TensorInfo& info : session->inputs()) {
    input_names.push_back(intern(info));
  }
  for (const ort::TensorInfo& info : session->outputs()) {
    output_names.push_back(intern(info));
  }
}

std::shared_ptr<SessionState> state_of(py::handle session) {
  if (PyObject_TypeCheck(session.ptr(), session_type) == 0) {
    throw py::type_error("a framelane.Session is wanted");
  }
  static_cast<void>(open_state(session.ptr()));
  return cast(session.ptr())->state;
}

void open_session(py::handle object, std::shared_ptr<const ort::Session> session) {
  if (PyObject_TypeCheck(object.ptr(), session_type) == 0) {
    throw py::type_error("a framelane.Session is wanted");
  }
  cast(object.ptr())->state = std::make_shared<SessionState>(std::move(session));
}

void add_session_type(py::module_& m) {
  static PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(create)},
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
      {Py_tp_methods, methods},
      {Py_tp_doc, const_cast<char*>("The native part of framelane.Session.")},
      {0, nullptr},
  };
  session_type = add_raw_type(
      m, {"framelane._core.SessionBase", sizeof(SessionObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots});
}

}  // namespace framelane::bindings
