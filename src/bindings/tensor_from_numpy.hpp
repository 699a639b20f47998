#pragma once

#include <pybind11/numpy.h>

#include "core/tensor.hpp"

namespace framelane::bindings {

// A Tensor over the memory of a NumPy array, by its C struct: the buffer protocol takes five times as long, and has no
// name for bfloat16 (which ml_dtypes adds to NumPy). Throws ShapeError.
[[nodiscard]] Tensor tensor_from_numpy(const pybind11::array& array);

}  // namespace framelane::bindings
