#include "engine/frame_plan.hpp"

#include <string>

#include "core/error.hpp"

namespace framelane {

TensorSpec UnpackStep::picture() const {
  const PixelFormatInfo& info = info_of(format);
  const DType dtype = info.depth > 8 ? DType::uint16 : DType::uint8;
  auto [height, width] = picture_size(tensor, layout);
  if (unpack.part) {
    height = unpack.part->height;
    width = unpack.part->width;
  }
  if (info.samples == 1) {
    return {dtype, {height, width}};
  }
  if (info.planar) {
    return {dtype, {info.samples, height, width}};
  }
  return {dtype, {height, width, info.samples}};
}

std::pair<std::int64_t, std::int64_t> picture_size(const TensorSpec& tensor, Layout layout) {
  const std::size_t height = layout == Layout::nchw ? 2 : layout == Layout::hwc || layout == Layout::hw ? 0 : 1;
  return {tensor.shape.at(height), tensor.shape.at(height + 1)};
}

TensorSpec batched(const TensorSpec& one, Layout layout, std::int64_t frames) {
  if (frames != 1 && !has_batch_axis(layout)) {
    throw ShapeError("a picture of layout " + std::string(name_of(layout)) + " has no batch axis, so that " +
                     std::to_string(frames) + " cannot run together; use batch=1");
  }
  TensorSpec all = one;
  all.shape.at(0) *= frames;
  return all;
}

}  // namespace framelane
