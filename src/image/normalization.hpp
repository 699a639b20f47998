#pragma once

#include <array>
#include <cstddef>

#include "image/kernels.hpp"
#include "image/pixel_format.hpp"

namespace framelane {

// What a network wants in place of a pixel's value from 0 to 255: (value * scale - mean) / std, each channel with its
// own mean and std, in the order of the network's channels. Deeper samples are first brought to the range of 8 bits,
// not to its steps: value * 255 / (2^depth - 1).
struct Normalization {
  double scale = 1.0 / 255.0;
  std::array<double, 4> mean{};
  std::array<double, 4> std{1.0, 1.0, 1.0, 1.0};

  // The same folded into one multiplication and one addition: computed in double, rounded to float32 once. NumPy:
  // float32(scale / std), float32(-mean / std); for more than 8 bits float32(scale * 255 / max / std).
  [[nodiscard]] Affine to_network(std::size_t channel, const PixelFormatInfo& format) const noexcept;

  // From the network's values to samples: float32(std / scale), float32(mean / scale); for more than 8 bits both with
  // * max / 255 before the rounding.
  [[nodiscard]] Affine from_network(std::size_t channel, const PixelFormatInfo& format) const noexcept;
};

// Throws ShapeError when a number is not finite, or scale or a std is zero.
void check(const Normalization& normalization);

}  // namespace framelane
