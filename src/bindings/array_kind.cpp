#include "bindings/array_kind.hpp"

#include "bindings/numpy_array.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// torch if the program has imported it; null otherwise. Borrowed.
PyObject* imported_torch() { return PyDict_GetItemString(PyImport_GetModuleDict(), "torch"); }

bool is_torch(PyObject* object) {
  PyObject* torch = imported_torch();
  if (torch == nullptr || !py::hasattr(torch, "Tensor")) {
    return false;
  }
  return py::isinstance(object, py::handle(torch).attr("Tensor"));
}

}  // namespace

ArrayKind kind_of(PyObject* object) {
  if (is_array(object)) {
    return ArrayKind::numpy;
  }
  if (py::isinstance<Tensor>(object)) {
    return ArrayKind::tensor;
  }
  return is_torch(object) ? ArrayKind::torch : ArrayKind::numpy;
}

py::object to_kind(const Tensor& tensor, ArrayKind kind) {
  const py::object wrapped = py::cast(tensor);
  if (kind == ArrayKind::torch) {
    return py::handle(imported_torch()).attr("from_dlpack")(wrapped);
  }
  if (kind == ArrayKind::tensor || !numpy_has(tensor.dtype())) {
    return wrapped;
  }
  return new_array(tensor.data(), tensor.dtype(), tensor.shape(), wrapped);
}

}  // namespace framelane::bindings
