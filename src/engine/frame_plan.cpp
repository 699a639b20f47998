#include "engine/frame_plan.hpp"

namespace framelane {

TensorSpec UnpackStep::picture() const {
  const PixelFormatInfo& info = info_of(format);
  const DType dtype = info.depth > 8 ? DType::uint16 : DType::uint8;
  if (info.samples == 1) {
    return {dtype, {part.height, part.width}};
  }
  if (info.planar) {
    return {dtype, {info.samples, part.height, part.width}};
  }
  return {dtype, {part.height, part.width, info.samples}};
}

bool has_batch_axis(Layout layout) noexcept {
  return layout == Layout::nchw || layout == Layout::nhwc || layout == Layout::nhw;
}

TensorSpec batched(const TensorSpec& one, std::int64_t frames) {
  TensorSpec all = one;
  all.shape.at(0) *= frames;
  return all;
}

}  // namespace framelane
