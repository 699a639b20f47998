#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include "core/error.hpp"
#include "core/tensor.hpp"

namespace framelane::bindings {

// The items are of a kind that a Tensor has, but do not lie where it could say: a copy helps.
class PlacesError : public ShapeError {
 public:
  using ShapeError::ShapeError;
};

// Strides in elements. Throws PlacesError where bytes are no multiple of the item size.
[[nodiscard]] Shape element_strides(const Shape& shape, const Py_ssize_t* byte_strides, std::int64_t item_bytes);

// `tensor`, if it starts at a multiple of its item size. Throws PlacesError.
[[nodiscard]] Tensor require_alignment(Tensor tensor);

}  // namespace framelane::bindings
