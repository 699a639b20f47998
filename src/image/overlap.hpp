#pragma once

#include <cstddef>

#include "image/image_view.hpp"
#include "image/tensor_region.hpp"

namespace framelane {

// Throws ShapeError when the memory between the first and the last byte of the picture and that of the tensor have
// bytes in common: writing the one would change the other while it is read.
void check_apart(const ImageView& image, const TensorRegion& tensor);

// Bytes of the elements of a region.
[[nodiscard]] std::size_t byte_count(const TensorRegion& region) noexcept;

}  // namespace framelane
