#pragma once

#include <optional>

#include "image/image_view.hpp"
#include "image/normalization.hpp"
#include "image/tensor_region.hpp"

namespace framelane {

struct UnpackSpec {
  ColorOrder color = ColorOrder::rgb;  // order of the tensor's channels
  Normalization normalization;         // what the tensor's values are; it is undone
  std::optional<Rect> part;            // of the tensor; all of it otherwise
};

// Writes what a network made into a picture, in one pass: the reverse of `pack`. The part and the picture have the same
// size.
//
// - Each sample is floor(v + 0.5) clamped to the format's range, with v = float32(value) * multiplier + offset (see
//   Normalization::from_network); each operation is rounded to float32 by itself. NaN becomes 0.
// - A gray tensor fills all colours of a colour picture; a colour tensor becomes BT.601 luma in a gray one. Alpha that
//   the tensor lacks is opaque; alpha that the picture lacks is dropped.
// - Picture and tensor must not overlap. Nothing is allocated. Safe to call from any thread.
//
// Throws ShapeError when the sizes differ, the part is not inside the tensor, or `color` has another number of channels
// than the tensor.
void unpack(const TensorRegion& tensor, const MutableImageView& image, const UnpackSpec& spec, int threads = 1);

}  // namespace framelane
