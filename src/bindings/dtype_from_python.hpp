#pragma once

#include <pybind11/pybind11.h>

#include "core/dtype.hpp"

namespace framelane::bindings {

// From a name ("float32", "bfloat16"), or whatever numpy.dtype() takes, or a dtype of torch. Throws ShapeError that
// lists the names, also for the other byte order.
[[nodiscard]] DType dtype_from_python(const pybind11::object& dtype);

}  // namespace framelane::bindings
