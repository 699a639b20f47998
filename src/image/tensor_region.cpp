#include "image/tensor_region.hpp"

#include <string>

#include "core/error.hpp"

namespace framelane {
namespace {

struct LayoutInfo {
  std::string_view name;
  int batch;  // axis, or -1
  int channel;
  std::size_t row;
};

// In the order of the enumeration.
constexpr std::array<LayoutInfo, 6> layouts{{
    {"NCHW", 0, 1, 2},
    {"NHWC", 0, 3, 1},
    {"CHW", -1, 0, 1},
    {"HWC", -1, 2, 0},
    {"NHW", 0, -1, 1},
    {"HW", -1, -1, 0},
}};

const LayoutInfo& info_of(Layout layout) noexcept { return layouts[static_cast<std::size_t>(layout)]; }

void check(const Tensor& tensor, const LayoutInfo& layout, std::int64_t batch_index) {
  const std::string got = std::string(name_of(tensor.dtype())) + " of shape " + to_string(tensor.shape());
  const std::string name(layout.name);
  if (tensor.rank() != name.size()) {
    throw ShapeError("a tensor with layout " + name + " has " + std::to_string(name.size()) + " axes, got " + got +
                     "; name its own layout with layout=");
  }
  const bool known =
      tensor.dtype() == DType::float32 || tensor.dtype() == DType::float16 || tensor.dtype() == DType::uint8;
  if (!known || !tensor.device().host_accessible()) {
    throw ShapeError("pictures are packed into float32, float16 or uint8 in host memory, got " + got +
                     (known ? " on a device; copy it with .to(\"cpu\")" : "; cast it in the network"));
  }
  const std::int64_t channels = layout.channel < 0 ? 1 : tensor.shape()[static_cast<std::size_t>(layout.channel)];
  if (channels != 1 && channels != 3 && channels != 4) {
    throw ShapeError("a picture has 1, 3 or 4 channels, and a tensor with layout " + name + " and shape " +
                     to_string(tensor.shape()) + " has " + std::to_string(channels) +
                     "; name its own layout with layout=");
  }
  if (batch_index < 0 || batch_index >= (layout.batch < 0 ? 1 : tensor.shape()[0])) {
    throw ShapeError("a tensor of shape " + to_string(tensor.shape()) + " has no picture " +
                     std::to_string(batch_index));
  }
}

template <class Byte>
BasicRegion<Byte> from_tensor(const Tensor& tensor, const LayoutInfo& layout, std::int64_t batch_index) {
  check(tensor, layout, batch_index);
  const auto bytes = static_cast<std::ptrdiff_t>(item_size(tensor.dtype()));
  const Shape& shape = tensor.shape();
  const Shape& strides = tensor.strides();
  BasicRegion<Byte> region{tensor.dtype(), 1, shape[layout.row + 1], shape[layout.row], {}};
  std::ptrdiff_t channel_stride = 0;
  if (layout.channel >= 0) {
    region.channels = shape[static_cast<std::size_t>(layout.channel)];
    channel_stride = strides[static_cast<std::size_t>(layout.channel)] * bytes;
  }
  auto* data = static_cast<Byte*>(tensor.data()) + (layout.batch < 0 ? 0 : batch_index * strides[0] * bytes);
  for (std::ptrdiff_t c = 0; c < region.channels; ++c) {
    region.planes[static_cast<std::size_t>(c)] = {data + c * channel_stride, strides[layout.row] * bytes,
                                                  strides[layout.row + 1] * bytes};
  }
  return region;
}

template <class Byte>
BasicRegion<Byte> cropped(BasicRegion<Byte> region, const Rect& rect) {
  if (rect.x < 0 || rect.y < 0 || rect.width < 0 || rect.height < 0 || rect.width > region.width - rect.x ||
      rect.height > region.height - rect.y) {
    throw ShapeError("a picture of " + std::to_string(rect.width) + "x" + std::to_string(rect.height) + " at (" +
                     std::to_string(rect.x) + ", " + std::to_string(rect.y) + ") does not fit a tensor of " +
                     std::to_string(region.width) + "x" + std::to_string(region.height));
  }
  for (BasicPlane<Byte>& plane : region.planes) {
    if (plane.data != nullptr) {
      plane.data += rect.y * plane.row_stride + rect.x * plane.pixel_stride;
    }
  }
  region.width = rect.width;
  region.height = rect.height;
  return region;
}

}  // namespace

Layout layout_from_name(std::string_view name) {
  std::string names;
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    if (layouts[i].name == name) {
      return static_cast<Layout>(i);
    }
    names += names.empty() ? "" : ", ";
    names += layouts[i].name;
  }
  throw ShapeError("layout '" + std::string(name) + "' is not one of: " + names);
}

std::string_view name_of(Layout layout) noexcept { return info_of(layout).name; }

bool has_batch_axis(Layout layout) noexcept { return info_of(layout).batch >= 0; }

TensorRegion region_from_tensor(const Tensor& tensor, Layout layout, std::int64_t batch_index) {
  return from_tensor<const std::byte>(tensor, info_of(layout), batch_index);
}

MutableTensorRegion mutable_region_from_tensor(const Tensor& tensor, Layout layout, std::int64_t batch_index) {
  if (tensor.read_only()) {
    throw ShapeError("the tensor to write into is read-only; give one that can be written");
  }
  return from_tensor<std::byte>(tensor, info_of(layout), batch_index);
}

TensorRegion crop(const TensorRegion& region, const Rect& rect) { return cropped(region, rect); }

MutableTensorRegion crop(const MutableTensorRegion& region, const Rect& rect) { return cropped(region, rect); }

}  // namespace framelane
