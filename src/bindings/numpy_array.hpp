#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <span>

#include "core/dtype.hpp"
#include "core/tensor.hpp"

// NumPy arrays through its C API, without its headers and without pybind11's conveniences where a call is hot.
namespace framelane::bindings {

[[nodiscard]] bool is_array(PyObject* object);

// What an array says about itself; valid as long as it lives.
struct ArrayView {
  void* data;
  std::span<const Py_intptr_t> shape;
  std::optional<DType> dtype;  // nullopt: of another kind, or in another byte order
  bool contiguous;             // in C order, and aligned
  bool writable;
};
[[nodiscard]] ArrayView view_array(PyObject* array);

// A C-contiguous, aligned copy. Throws py::error_already_set.
[[nodiscard]] pybind11::object copy_array(PyObject* array);

// An array over memory that `owner` (stolen) keeps alive. Throws py::error_already_set, and ShapeError for a dtype
// that NumPy lacks here: bfloat16 without ml_dtypes.
[[nodiscard]] PyObject* new_array(void* data, DType dtype, std::span<const std::int64_t> shape, PyObject* owner);

// Whether NumPy has the dtype: all but bfloat16, which it has once ml_dtypes is installed.
[[nodiscard]] bool numpy_has(DType dtype);

// "float32 (1, 3, 8, 8)" of any array, with what makes it unfit: byte order, "not contiguous".
[[nodiscard]] std::string describe_array(PyObject* array);

}  // namespace framelane::bindings
