#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/tensor.hpp"
#include "image/image_view.hpp"

namespace framelane {

// Order of the axes of a network's tensor. NHW and HW have one channel.
enum class Layout : std::uint8_t { nchw, nhwc, chw, hwc, nhw, hw };

// Throws ShapeError that lists the names ("NCHW", ...).
[[nodiscard]] Layout layout_from_name(std::string_view name);

[[nodiscard]] std::string_view name_of(Layout layout) noexcept;

// Whether a tensor of this layout may hold several pictures, one behind the other.
[[nodiscard]] bool has_batch_axis(Layout layout) noexcept;

// One picture, or a part of one, inside a network's tensor: `planes[c]` is channel c.
template <class Byte>
struct BasicRegion {
  DType dtype = DType::float32;  // float32, float16 or uint8
  std::int64_t channels = 0;     // 1, 3 or 4
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::array<BasicPlane<Byte>, 4> planes{};

  // NOLINTNEXTLINE(misc-explicit-constructor): as a pointer becomes one to const
  operator BasicRegion<const Byte>() const noexcept {
    BasicRegion<const Byte> region{dtype, channels, width, height, {}};
    for (std::size_t i = 0; i < planes.size(); ++i) {
      region.planes[i] = {planes[i].data, planes[i].row_stride, planes[i].pixel_stride};
    }
    return region;
  }
};

using TensorRegion = BasicRegion<const std::byte>;
using MutableTensorRegion = BasicRegion<std::byte>;

// The `batch_index`-th picture of a tensor (0 where the layout has no N). Throws ShapeError for a rank that is not the
// layout's, a dtype or number of channels that no picture has, and memory that the host cannot reach; the mutable one
// for a read-only tensor, too.
[[nodiscard]] TensorRegion region_from_tensor(const Tensor& tensor, Layout layout, std::int64_t batch_index = 0);
[[nodiscard]] MutableTensorRegion mutable_region_from_tensor(const Tensor& tensor, Layout layout,
                                                             std::int64_t batch_index = 0);

// The part inside `rect`. Throws ShapeError when it reaches outside.
[[nodiscard]] TensorRegion crop(const TensorRegion& region, const Rect& rect);
[[nodiscard]] MutableTensorRegion crop(const MutableTensorRegion& region, const Rect& rect);

}  // namespace framelane
