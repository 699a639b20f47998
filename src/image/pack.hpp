#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "image/image_view.hpp"
#include "image/normalization.hpp"
#include "image/tensor_region.hpp"

namespace framelane {

// What fills the part of a tensor that the picture leaves free.
enum class Border : std::uint8_t {
  none,      // leave it as it is
  constant,  // PackSpec::border_color
  edge,      // the picture's outermost pixels, repeated
};

struct PackSpec {
  ColorOrder color = ColorOrder::rgb;
  Normalization normalization;
  std::optional<Rect> part;  // of the picture; all of it otherwise
  std::int64_t left = 0;     // where the part's top left pixel goes
  std::int64_t top = 0;
  Border border = Border::constant;
  std::array<std::uint8_t, 4> border_color{};  // 0 to 255 in the order of `color`, normalised like pixels
};

// Writes a picture into a network's tensor, in one pass: picks and orders channels, converts, normalises.
//
// - Each value is float32(sample) * multiplier + offset (see Normalization), two operations rounded by themselves;
//   float16 is that rounded to nearest, ties to even; uint8 is floor(that + 0.5) clamped to 0..255. The same bits on
//   every machine.
// - A gray network gets a colour picture's BT.601 luma (0.299, 0.587, 0.114), rounded to the picture's depth first.
//   A colour network gets a gray picture in all three channels. Alpha that the picture lacks is opaque.
// - Picture and tensor must not overlap. Nothing is allocated. Safe to call from any thread, on separate tensors or
//   separate parts of one.
//
// Throws ShapeError when the part is not inside the picture, the picture does not fit into the tensor at (left, top),
// or `color` has another number of channels than the tensor.
void pack(const ImageView& image, const MutableTensorRegion& tensor, const PackSpec& spec, int threads = 1);

}  // namespace framelane
