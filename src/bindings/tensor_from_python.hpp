#pragma once

#include <pybind11/pybind11.h>

#include "core/tensor.hpp"

namespace framelane::bindings {

// A Tensor over the memory of `object`: a framelane Tensor, anything with the buffer protocol (NumPy) or with DLPack
// (torch, CuPy, JAX). Never copies; read-only stays read-only. Throws ShapeError for what a Tensor cannot describe
// (other byte order, misaligned, strides that are no multiples of the item size, records, objects) and py::type_error
// for what is no array; exceptions of `object` come through as py::error_already_set. Needs the GIL. The Tensor may be
// dropped in any thread, with or without the GIL.
[[nodiscard]] Tensor tensor_from_python(PyObject* object);

struct PossibleCopy {
  Tensor tensor;
  bool copied = false;
};

// The same for users that need contiguous memory: copies where the array is not contiguous, or where the items'
// places, not their kind, are what a Tensor cannot describe.
[[nodiscard]] PossibleCopy contiguous_from_python(PyObject* object);

}  // namespace framelane::bindings
