#include "bindings/feeds.hpp"

#include <utility>

#include "bindings/numpy_array.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

std::span<const std::int64_t> sizes_of(const ArrayView& view) {
  return {reinterpret_cast<const std::int64_t*>(view.shape.data()), view.shape.size()};
}

// The array for one input, or null. A borrowed reference.
PyObject* find(PyObject* feeds, PyObject* name) {
  PyObject* found = PyDict_GetItemWithError(feeds, name);
  if (found == nullptr && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  return found;
}

// A dict of the feeds: itself, another mapping copied, or one array under the name of the only input.
py::dict as_dict(const SessionState& state, PyObject* feeds) {
  if (PyDict_Check(feeds) != 0) {
    return py::reinterpret_borrow<py::dict>(feeds);
  }
  if (py::hasattr(feeds, "keys")) {
    return py::dict(py::reinterpret_borrow<py::object>(feeds));
  }
  py::dict result;
  if (state.input_names.size() != 1) {
    throw ShapeError("one array was given, and the model has " + std::to_string(state.input_names.size()) +
                     " inputs; give a dict by name\n" + explain_feeds(state, result.ptr()));
  }
  result[state.input_names[0]] = py::reinterpret_borrow<py::object>(feeds);
  return result;
}

std::string describe_feed(PyObject* object) {
  try {
    return describe_array(as_array(object).ptr());
  } catch (py::error_already_set& error) {
    return std::string(Py_TYPE(object)->tp_name) + " (" + error.what() + ")";
  }
}

}  // namespace

Feeds::Feeds(const ort::Environment& environment, std::size_t count)
    : environment_(environment), arrays_(count), values_(count) {}

// Delegates, so that the destructor runs when the body throws.
Feeds::Feeds(const SessionState& state, PyObject* feeds)
    : Feeds(state.session->environment(), state.input_names.size()) {
  const std::size_t count = state.input_names.size();
  const bool single = count == 1 && is_array(feeds);
  py::dict named;
  if (!single) {
    named = as_dict(state, feeds);
  }
  bool fits = single || named.size() == count;
  for (std::size_t i = 0; fits && i < count; ++i) {
    PyObject* array = single ? feeds : find(named.ptr(), state.input_names[i].ptr());
    fits = array != nullptr && add(state.session->inputs()[i], i, array);
  }
  if (!fits) {
    throw ShapeError("what was given does not fit the model's inputs\n" +
                     explain_feeds(state, as_dict(state, feeds).ptr()));
  }
}

Feeds::~Feeds() {
  for (const ort::abi::Value* value : values_.span()) {
    if (value != nullptr) {
      environment_.api().ReleaseValue(const_cast<ort::abi::Value*>(value));
    }
  }
}

bool Feeds::add(const ort::TensorInfo& info, std::size_t index, PyObject* array) {
  py::object& held = arrays_[index];
  held = is_array(array) ? py::reinterpret_borrow<py::object>(array) : as_array(array);
  ArrayView view = view_array(held.ptr());
  if (view.dtype != info.dtype || !info.accepts(sizes_of(view))) {
    return false;
  }
  const std::span<const std::int64_t> shape = sizes_of(view);
  std::size_t bytes = item_size(info.dtype);
  for (const std::int64_t size : shape) {
    bytes *= static_cast<std::size_t>(size);
  }
  if (!view.contiguous) {
    held = copy_array(held.ptr());
    view = view_array(held.ptr());
    ++copies_;
    copied_bytes_ += bytes;
  }
  values_[index] = ort::wrap_memory(environment_, view.data, info.dtype, bytes, sizes_of(view)).release();
  return true;
}

py::object as_array(PyObject* object) {
  static PyObject* const asarray = py::object(py::module_::import("numpy").attr("asarray")).release().ptr();
  PyObject* array = PyObject_CallOneArg(asarray, object);
  if (array == nullptr) {
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(array);
}

std::string explain_feeds(const SessionState& state, PyObject* feeds) {
  std::string text;
  for (std::size_t i = 0; i < state.input_names.size(); ++i) {
    const ort::TensorInfo& info = state.session->inputs()[i];
    PyObject* fed = find(feeds, state.input_names[i].ptr());
    text += (i == 0 ? "  " : "\n  ") + info.name + ": expected " + ort::describe(info) + ", got " +
            (fed == nullptr ? "nothing" : describe_feed(fed));
  }
  for (const auto& [name, value] : py::reinterpret_borrow<py::dict>(feeds)) {
    bool known = false;
    for (const py::object& input : state.input_names) {
      known = known || input.equal(name);
    }
    if (!known) {
      text += "\n  " + py::str(name).cast<std::string>() + ": no input of this model";
    }
  }
  return text;
}

}  // namespace framelane::bindings
