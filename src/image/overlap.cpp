#include "image/overlap.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/error.hpp"

namespace framelane {
namespace {

struct Extent {
  std::intptr_t first = std::numeric_limits<std::intptr_t>::max();
  std::intptr_t last = std::numeric_limits<std::intptr_t>::min();
};

template <class Planes>
Extent extent_of(const Planes& planes, std::size_t count, std::int64_t width, std::int64_t height, std::size_t bytes) {
  Extent extent;
  for (std::size_t i = 0; i < count; ++i) {
    const auto corner = reinterpret_cast<std::intptr_t>(planes[i].data);
    const std::intptr_t across = (width - 1) * planes[i].pixel_stride;
    const std::intptr_t down = (height - 1) * planes[i].row_stride;
    const std::intptr_t zero = 0;
    extent.first = std::min(extent.first, corner + std::min(across, zero) + std::min(down, zero));
    extent.last = std::max(
        extent.last, corner + std::max(across, zero) + std::max(down, zero) + static_cast<std::intptr_t>(bytes) - 1);
  }
  return extent;
}

}  // namespace

void check_apart(const ImageView& image, const TensorRegion& tensor) {
  if (image.width == 0 || image.height == 0 || tensor.width == 0 || tensor.height == 0) {
    return;
  }
  const PixelFormatInfo& format = info_of(image.format);
  const Extent a = extent_of(image.planes, format.samples, image.width, image.height, format.sample_bytes());
  const Extent b = extent_of(tensor.planes, static_cast<std::size_t>(tensor.channels), tensor.width, tensor.height,
                             item_size(tensor.dtype));
  if (a.first <= b.last && b.first <= a.last) {
    throw ShapeError("the picture and the tensor share memory; give the one that is written memory of its own");
  }
}

std::size_t byte_count(const TensorRegion& region) noexcept {
  return static_cast<std::size_t>(region.channels * region.width * region.height) * item_size(region.dtype);
}

}  // namespace framelane
