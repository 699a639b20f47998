#include "bindings/tensor_from_python.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "bindings/gil.hpp"
#include "bindings/tensor_dlpack.hpp"
#include "core/buffer_format.hpp"
#include "core/error.hpp"
#include "core/tensor_copy.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// The items are of a kind that a Tensor has, but do not lie where it could say: a copy helps.
class PlacesError : public ShapeError {
 public:
  using ShapeError::ShapeError;
};

std::string type_name(PyObject* object) { return Py_TYPE(object)->tp_name; }

Shape element_strides(const Py_buffer& buffer) {
  Shape strides(static_cast<std::size_t>(buffer.ndim));
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    // Nobody steps along an axis of one item, whose stride may be anything.
    const bool steps = buffer.shape[axis] > 1 && buffer.len > 0;
    if (steps && buffer.strides[axis] % buffer.itemsize != 0) {
      throw PlacesError("an array with a stride of " + std::to_string(buffer.strides[axis]) +
                        " bytes, no multiple of its item's " + std::to_string(buffer.itemsize) +
                        " (a field of records?), is no tensor; pass array.copy()");
    }
    strides[axis] = buffer.strides[axis] / buffer.itemsize;
  }
  return strides;
}

void require_alignment(const Tensor& tensor) {
  const auto address = reinterpret_cast<std::uintptr_t>(tensor.data());
  if (tensor.size() != 0 && address % item_size(tensor.dtype()) != 0) {
    throw PlacesError("an array of " + std::string(name_of(tensor.dtype())) +
                      " that starts at an address that is no multiple of " + std::to_string(item_size(tensor.dtype())) +
                      " is no tensor; pass array.copy()");
  }
}

Tensor tensor_from_buffer(const py::object& view) {
  const Py_buffer& buffer = *PyMemoryView_GET_BUFFER(view.ptr());
  const DType dtype =
      dtype_from_format(buffer.format == nullptr ? "B" : buffer.format, static_cast<std::size_t>(buffer.itemsize));
  for (int axis = 0; buffer.suboffsets != nullptr && axis < buffer.ndim; ++axis) {
    if (buffer.suboffsets[axis] >= 0) {
      throw PlacesError("an array of pointers to rows (PEP 3118 suboffsets) is no tensor; pass numpy.array(x)");
    }
  }
  return {
      share(view), buffer.buf,          dtype, Shape(buffer.shape, buffer.shape + buffer.ndim), element_strides(buffer),
      Device{},    buffer.readonly != 0};
}

py::object memory_view(PyObject* object) { return py::reinterpret_steal<py::object>(PyMemoryView_FromObject(object)); }

// For arrays whose dtype the buffer protocol cannot name. ml_dtypes gives NumPy a bfloat16.
std::optional<Tensor> tensor_from_numpy_extension(PyObject* object) {
  const py::handle array(object);
  if (!py::hasattr(array, "dtype") || !py::hasattr(array.attr("dtype"), "newbyteorder")) {
    return std::nullopt;
  }
  const auto name = py::str(array.attr("dtype")).cast<std::string>();
  if (name != name_of(DType::bfloat16)) {
    throw ShapeError("an array of dtype " + name +
                     " is no tensor; convert it, for example with array.astype(\"float32\")");
  }
  const Tensor bits = tensor_from_buffer(memory_view(array.attr("view")("uint16").ptr()));
  return view_as(bits, DType::bfloat16);
}

std::optional<Tensor> tensor_from_exporter(PyObject* object) {
  if (const py::object view = memory_view(object)) {
    return tensor_from_buffer(view);
  }
  const py::error_already_set failed;  // takes the error over
  if (auto tensor = tensor_from_numpy_extension(object)) {
    return tensor;
  }
  if (py::hasattr(object, "__dlpack__")) {
    return std::nullopt;
  }
  throw failed;
}

Tensor import(PyObject* object) {
  if (py::isinstance<Tensor>(object)) {
    return py::handle(object).cast<const Tensor&>();
  }
  if (PyObject_CheckBuffer(object) != 0) {
    if (auto tensor = tensor_from_exporter(object)) {
      return *std::move(tensor);
    }
  }
  if (py::hasattr(object, "__dlpack__")) {
    return tensor_from_dlpack(object);
  }
  throw py::type_error("a '" + type_name(object) +
                       "' is no array: it has neither the buffer protocol nor DLPack; pass numpy.asarray(x)");
}

}  // namespace

Tensor tensor_from_python(PyObject* object) {
  Tensor tensor = import(object);
  require_alignment(tensor);
  return tensor;
}

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
