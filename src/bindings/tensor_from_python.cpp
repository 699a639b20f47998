#include "bindings/tensor_from_python.hpp"

#include <string>
#include <utility>

#include "bindings/gil.hpp"
#include "bindings/tensor_dlpack.hpp"
#include "bindings/tensor_from_numpy.hpp"
#include "bindings/tensor_places.hpp"
#include "core/buffer_format.hpp"
#include "core/error.hpp"
#include "core/tensor_copy.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

Tensor tensor_from_buffer(const py::object& view) {
  const Py_buffer& buffer = *PyMemoryView_GET_BUFFER(view.ptr());
  const DType dtype =
      dtype_from_format(buffer.format == nullptr ? "B" : buffer.format, static_cast<std::size_t>(buffer.itemsize));
  for (int axis = 0; buffer.suboffsets != nullptr && axis < buffer.ndim; ++axis) {
    if (buffer.suboffsets[axis] >= 0) {
      throw PlacesError("an array of pointers to rows (PEP 3118 suboffsets) is no tensor; pass numpy.array(x)");
    }
  }
  Shape shape(buffer.shape, buffer.shape + buffer.ndim);
  Shape strides = element_strides(shape, buffer.strides, buffer.itemsize);
  return {share(view), buffer.buf, dtype, std::move(shape), std::move(strides), Device{}, buffer.readonly != 0};
}

Tensor import(PyObject* object) {
  if (py::isinstance<py::array>(object)) {
    return tensor_from_numpy(py::reinterpret_borrow<py::array>(object));
  }
  if (py::isinstance<Tensor>(object)) {
    return py::handle(object).cast<const Tensor&>();
  }
  if (PyObject_CheckBuffer(object) != 0) {
    // A memoryview, and not a Py_buffer of our own: it is released as a Python object is.
    if (const auto view = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(object))) {
      return tensor_from_buffer(view);
    }
    const py::error_already_set refusal;       // takes the error over
    if (!py::hasattr(object, "__dlpack__")) {  // which has a name for bfloat16
      throw refusal;
    }
  }
  if (py::hasattr(object, "__dlpack__")) {
    return tensor_from_dlpack(object);
  }
  throw py::type_error("a '" + std::string(Py_TYPE(object)->tp_name) +
                       "' is no array: it has neither the buffer protocol nor DLPack; pass numpy.asarray(x)");
}

}  // namespace

Tensor tensor_from_python(PyObject* object) { return require_alignment(import(object)); }

PossibleCopy contiguous_from_python(PyObject* object) {
  try {
    Tensor tensor = tensor_from_python(object);
    if (tensor.contiguous()) {
      return {std::move(tensor), false};
    }
    const GilRelease released;
    return {contiguous_copy(tensor), true};
  } catch (const PlacesError&) {
    const py::object copy = py::module_::import("numpy").attr("array")(py::handle(object), py::arg("order") = "C");
    return {tensor_from_python(copy.ptr()), true};
  }
}

}  // namespace framelane::bindings
