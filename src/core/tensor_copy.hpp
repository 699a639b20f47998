#pragma once

#include <cstddef>

#include "core/tensor.hpp"

namespace framelane {

// A C-contiguous, writable copy in fresh memory of the CPU, aligned to 64 bytes. Throws NoDeviceError for a tensor
// that the host cannot read.
[[nodiscard]] Tensor contiguous_copy(const Tensor& tensor);

// Writes the elements one after the other, nbytes() in all, to memory of the CPU. Throws as contiguous_copy.
void copy_to(const Tensor& tensor, std::byte* to);

// The same elements under another shape of as many elements. Throws ShapeError, also when `tensor` is not contiguous.
[[nodiscard]] Tensor reshape(const Tensor& tensor, Shape shape);

// The same bytes as another dtype of the same item size (bfloat16 as uint16). Throws ShapeError.
[[nodiscard]] Tensor view_as(const Tensor& tensor, DType dtype);

}  // namespace framelane
