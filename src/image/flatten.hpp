#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "image/image_view.hpp"
#include "image/kernels.hpp"
#include "image/tensor_region.hpp"

namespace framelane {

// A picture and a region seen as one channel.
template <class ImageByte, class RegionByte>
struct OneChannel {
  BasicImage<ImageByte> image;
  BasicRegion<RegionByte> region;
};

template <class Byte>
[[nodiscard]] bool side_by_side(const std::array<BasicPlane<Byte>, 4>& planes, std::size_t count,
                                std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (planes[i].data != planes[0].data + i * bytes || planes[i].row_stride != planes[0].row_stride ||
        planes[i].pixel_stride != static_cast<std::ptrdiff_t>(count * bytes)) {
      return false;
    }
  }
  return true;
}

// Interleaved pixels to an interleaved tensor, in the same order and with the same arithmetic for all channels, are
// one row of numbers to another: no need to take them apart and put them together again. Empty when that is not so.
template <class ImageByte, class RegionByte>
[[nodiscard]] std::optional<OneChannel<ImageByte, RegionByte>> as_one_channel(const BasicImage<ImageByte>& image,
                                                                              const BasicRegion<RegionByte>& region,
                                                                              const ColorOrderInfo& color,
                                                                              const std::array<Affine, 4>& affine) {
  const PixelFormatInfo& format = info_of(image.format);
  const std::size_t count = format.samples;
  const auto all = [count](const auto& test) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!test(i)) {
        return false;
      }
    }
    return true;
  };
  if (count == 1 || count != color.count || format.planar ||
      !all([&](std::size_t i) { return format.channels[i] == color.channels[i] && affine[i] == affine[0]; }) ||
      !side_by_side(image.planes, count, format.sample_bytes()) ||
      !side_by_side(region.planes, count, item_size(region.dtype))) {
    return std::nullopt;
  }
  OneChannel<ImageByte, RegionByte> one{image, region};
  // Interleaved formats have 8 or 16 bits: the others, which have another maximum, are planar.
  one.image.format = format.depth == 8 ? PixelFormat::gray : PixelFormat::gray16;
  one.image.width *= static_cast<std::int64_t>(count);
  one.image.planes[0].pixel_stride = static_cast<std::ptrdiff_t>(format.sample_bytes());
  one.region.channels = 1;
  one.region.width = one.image.width;
  one.region.planes[0].pixel_stride = static_cast<std::ptrdiff_t>(item_size(region.dtype));
  return one;
}

}  // namespace framelane
