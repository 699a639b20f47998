#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/tensor.hpp"
#include "image/pixel_format.hpp"

namespace framelane {

// A part of a picture or of a tensor's plane, in pixels.
struct Rect {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
  friend bool operator==(const Rect&, const Rect&) = default;
};

// Where one stored sample of every pixel lies. Strides are in bytes and of any sign.
template <class Byte>
struct BasicPlane {
  Byte* data = nullptr;  // of the top left pixel
  std::ptrdiff_t row_stride = 0;
  std::ptrdiff_t pixel_stride = 0;
};

// A picture in memory that somebody else owns: `planes[i]` is the format's i-th stored sample, whether the samples lie
// in planes or side by side.
template <class Byte>
struct BasicImage {
  PixelFormat format = PixelFormat::rgb24;
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::array<BasicPlane<Byte>, 4> planes{};

  // NOLINTNEXTLINE(misc-explicit-constructor): as a pointer becomes one to const
  operator BasicImage<const Byte>() const noexcept {
    BasicImage<const Byte> image{format, width, height, {}};
    for (std::size_t i = 0; i < planes.size(); ++i) {
      image.planes[i] = {planes[i].data, planes[i].row_stride, planes[i].pixel_stride};
    }
    return image;
  }
};

using ImageView = BasicImage<const std::byte>;
using MutableImageView = BasicImage<std::byte>;

// A picture as FFmpeg keeps it: one base pointer and one stride in bytes for each plane (one in all when the samples
// are interleaved).
[[nodiscard]] ImageView image_from_planes(PixelFormat format, std::int64_t width, std::int64_t height,
                                          std::span<const std::byte* const> data,
                                          std::span<const std::ptrdiff_t> row_strides);
[[nodiscard]] MutableImageView image_from_planes(PixelFormat format, std::int64_t width, std::int64_t height,
                                                 std::span<std::byte* const> data,
                                                 std::span<const std::ptrdiff_t> row_strides);

// A picture in a tensor of uint8 or uint16: (height, width, samples) when interleaved, (samples, height, width) when
// planar, (height, width) too when gray. Any strides. Throws ShapeError for another shape or dtype and for memory that
// the host cannot reach; the mutable one for a read-only tensor, too.
[[nodiscard]] ImageView image_from_tensor(PixelFormat format, const Tensor& tensor);
[[nodiscard]] MutableImageView mutable_image_from_tensor(PixelFormat format, const Tensor& tensor);

// The part of a picture inside `rect`. Throws ShapeError when it reaches outside.
[[nodiscard]] ImageView crop(const ImageView& image, const Rect& rect);
[[nodiscard]] MutableImageView crop(const MutableImageView& image, const Rect& rect);

}  // namespace framelane
