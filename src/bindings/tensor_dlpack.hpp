#pragma once

#include <pybind11/pybind11.h>

#include "core/tensor.hpp"

namespace framelane::bindings {

// From an object with __dlpack__, or from the capsule that this returns (which is then used up). Never copies.
// Throws ShapeError; py::buffer_error for a capsule that is none of DLPack's.
[[nodiscard]] Tensor tensor_from_dlpack(pybind11::handle object);

// Tensor.__dlpack__ and Tensor.__dlpack_device__, as the Python array API standard has them.
[[nodiscard]] pybind11::object dlpack_capsule(const Tensor& tensor, const pybind11::object& stream,
                                              const pybind11::object& max_version, const pybind11::object& device,
                                              const pybind11::object& copy);
[[nodiscard]] pybind11::tuple dlpack_device(const Tensor& tensor);

}  // namespace framelane::bindings
