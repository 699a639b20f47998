#include "bindings/feeds.hpp"

#include <algorithm>

#include "bindings/numpy_array.hpp"
#include "bindings/tensor_from_python.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// The array for one input, or null. A borrowed reference.
PyObject* find(PyObject* feeds, PyObject* name) {
  PyObject* found = PyDict_GetItemWithError(feeds, name);
  if (found == nullptr && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  return found;
}

// What would make the array fit, as far as that is one step.
std::string cure(const ort::TensorInfo& info, PyObject* array) {
  const ArrayView view = view_array(array);
  if (view.dtype != info.dtype) {
    return "; convert it: array.astype(\"" + std::string(name_of(info.dtype)) + "\")";
  }
  if (info.shape && info.shape->size() == view.shape.size() + 1) {
    return "; add the first axis: array[None]";
  }
  return "";
}

std::string describe(const ort::TensorInfo& info, PyObject* object) {
  if (is_array(object)) {
    return describe_array(object) + cure(info, object);
  }
  try {
    const Tensor tensor = tensor_from_python(object);
    return std::string(name_of(tensor.dtype())) + " " + to_string(tensor.shape());
  } catch (const py::error_already_set& error) {
    return "a " + std::string(Py_TYPE(object)->tp_name) + " (" + error.what() + ")";
  } catch (const std::exception& error) {
    return "a " + std::string(Py_TYPE(object)->tp_name) + " (" + error.what() + ")";
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
    named = feeds_by_name(state, feeds);
  }
  bool fits = single || named.size() == count;
  for (std::size_t i = 0; fits && i < count; ++i) {
    PyObject* array = single ? feeds : find(named.ptr(), state.input_names[i].ptr());
    fits = array != nullptr && add(state.session->inputs()[i], i, array);
  }
  if (!fits) {
    refuse_feeds(state, feeds);
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
  arrays_[index] = py::reinterpret_borrow<py::object>(array);
  if (is_array(array) && add_in_place(info, index, array)) {
    return true;
  }
  if (index == 0) {
    kind_ = kind_of(array);
  }
  PossibleCopy given;
  try {
    given = contiguous_from_python(array);
  } catch (const ShapeError&) {
    return false;
  } catch (const py::type_error&) {
    return false;
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) {
      throw;
    }
    return false;  // what the array's own type refused; the ShapeError repeats it
  }
  const Tensor& tensor = given.tensor;
  if (tensor.dtype() != info.dtype || !info.accepts(tensor.shape()) || !tensor.device().host_accessible()) {
    return false;
  }
  if (given.copied) {
    ++copies_;
    copied_bytes_ += tensor.nbytes();
  }
  values_[index] =
      ort::wrap_memory(environment_, tensor.data(), tensor.dtype(), tensor.nbytes(), tensor.shape()).release();
  tensors_.push_back(std::move(given.tensor));
  return true;
}

bool Feeds::add_in_place(const ort::TensorInfo& info, std::size_t index, PyObject* array) {
  const ArrayView view = view_array(array);
  if (!view.contiguous || view.dtype != info.dtype || !info.accepts(view.shape)) {
    return false;
  }
  std::size_t bytes = item_size(info.dtype);
  for (const std::int64_t size : view.shape) {
    bytes *= static_cast<std::size_t>(size);
  }
  values_[index] = ort::wrap_memory(environment_, view.data, info.dtype, bytes, view.shape).release();
  return true;
}

py::dict feeds_by_name(const SessionState& state, PyObject* feeds) {
  if (PyDict_Check(feeds) != 0) {
    return py::reinterpret_borrow<py::dict>(feeds);
  }
  if (py::hasattr(feeds, "keys")) {
    return py::dict(py::reinterpret_borrow<py::object>(feeds));
  }
  py::dict result;
  if (state.input_names.size() == 1) {
    result[state.input_names[0]] = py::reinterpret_borrow<py::object>(feeds);
  }
  return result;
}

void refuse_feeds(const SessionState& state, PyObject* feeds) {
  const py::dict named = feeds_by_name(state, feeds);
  std::string text = named.empty() && state.input_names.size() > 1
                         ? "the model has " + std::to_string(state.input_names.size()) +
                               " inputs; give a dict of arrays by these names"
                         : "what was given does not fit the inputs of the model";
  for (std::size_t i = 0; i < state.input_names.size(); ++i) {
    const ort::TensorInfo& info = state.session->inputs()[i];
    PyObject* fed = find(named.ptr(), state.input_names[i].ptr());
    text += "\n  " + info.name + ": expected " + ort::describe(info) + ", got " +
            (fed == nullptr ? "nothing" : describe(info, fed));
  }
  for (const auto& [name, value] : named) {
    const py::handle key = name;
    if (std::none_of(state.input_names.begin(), state.input_names.end(),
                     [&](const py::object& input) { return input.equal(key); })) {
      text += "\n  " + py::str(name).cast<std::string>() + ": no input of this model";
    }
  }
  throw ShapeError(text);
}

}  // namespace framelane::bindings
