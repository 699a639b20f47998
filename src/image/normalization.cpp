#include "image/normalization.hpp"

#include <cmath>

#include "core/error.hpp"

namespace framelane {

Affine Normalization::to_network(std::size_t channel, const PixelFormatInfo& format) const noexcept {
  const double to_8_bits = format.depth == 8 ? scale : scale * 255.0 / format.max_value();
  return {static_cast<float>(to_8_bits / std[channel]), static_cast<float>(-mean[channel] / std[channel])};
}

Affine Normalization::from_network(std::size_t channel, const PixelFormatInfo& format) const noexcept {
  double multiplier = std[channel] / scale;
  double offset = mean[channel] / scale;
  if (format.depth != 8) {
    multiplier = multiplier * format.max_value() / 255.0;
    offset = offset * format.max_value() / 255.0;
  }
  return {static_cast<float>(multiplier), static_cast<float>(offset)};
}

void check(const Normalization& normalization) {
  if (!std::isfinite(normalization.scale) || normalization.scale == 0.0) {
    throw ShapeError("scale has to be a number other than 0; 1/255 brings pixels to 0..1");
  }
  for (std::size_t c = 0; c < normalization.mean.size(); ++c) {
    if (!std::isfinite(normalization.mean[c])) {
      throw ShapeError("mean has to be finite numbers");
    }
    if (!std::isfinite(normalization.std[c]) || normalization.std[c] == 0.0) {
      throw ShapeError("std has to be numbers other than 0; 1 leaves the values as they are");
    }
  }
}

}  // namespace framelane
