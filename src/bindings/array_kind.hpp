#pragma once

#include <pybind11/pybind11.h>

#include "core/tensor.hpp"

namespace framelane::bindings {

// What a caller works with, and so gets back.
enum class ArrayKind { numpy, torch, tensor };

// The kind of an array that was given. Whatever is neither a torch.Tensor nor our Tensor counts as NumPy's.
[[nodiscard]] ArrayKind kind_of(PyObject* object);

// The tensor as an array of that kind, without a copy. bfloat16, which NumPy has only with ml_dtypes, stays a Tensor
// without it. Throws py::error_already_set.
[[nodiscard]] pybind11::object to_kind(const Tensor& tensor, ArrayKind kind);

}  // namespace framelane::bindings
