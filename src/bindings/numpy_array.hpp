#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <span>
#include <string>

#include "core/dtype.hpp"
#include "core/tensor.hpp"

// NumPy arrays through its C API, without its headers and without pybind11's conveniences where a call is hot.
namespace framelane::bindings {

[[nodiscard]] bool is_array(PyObject* object);

// What an array says about itself; valid as long as it lives.
struct ArrayView {
  void* data;
  std::span<const std::int64_t> shape;
  std::optional<DType> dtype;  // nullopt: not one of NumPy's own that we have, or in the other byte order
  bool contiguous;             // in C order, and aligned
};
[[nodiscard]] ArrayView view_array(PyObject* array);

// Copies the elements, both arrays of the same shape and dtype. Throws py::error_already_set.
void copy_into(PyObject* destination, PyObject* source);

// Whether NumPy has the dtype: all but bfloat16, which it has once ml_dtypes is installed.
[[nodiscard]] bool numpy_has(DType dtype);

// A writable array over contiguous memory that `owner` keeps alive, of a dtype that NumPy has. Throws
// py::error_already_set.
[[nodiscard]] pybind11::object new_array(void* data, DType dtype, std::span<const std::int64_t> shape,
                                         pybind11::object owner);

// "float32 (1, 3, 8, 8)" of any array, ">f4 (big-endian) (8,)" of one that we cannot take.
[[nodiscard]] std::string describe_array(PyObject* array);

}  // namespace framelane::bindings
