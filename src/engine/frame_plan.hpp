#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/frame_pool.hpp"
#include "image/pack.hpp"
#include "image/unpack.hpp"

namespace framelane {

// How a picture becomes the tensor of one input.
struct PackStep {
  TensorSpec tensor;  // of one frame: an N axis has size 1
  Layout layout = Layout::nchw;
  PixelFormat format = PixelFormat::rgb24;
  PackSpec pack;
};

// How the tensor of one output becomes a picture.
struct UnpackStep {
  TensorSpec tensor;  // of one frame
  Layout layout = Layout::nchw;
  PixelFormat format = PixelFormat::rgb24;
  UnpackSpec unpack;

  // The picture: (height, width, samples), (samples, height, width) when planar, (height, width) when gray.
  [[nodiscard]] TensorSpec picture() const;
};

// What an engine does before and after the network with frames of one size and pixel format. Inputs without a step
// are fed as they are, outputs without one come out as they are. Frames are batched only with others of their plan.
struct FramePlan {
  std::vector<std::optional<PackStep>> inputs;
  std::vector<std::optional<UnpackStep>> outputs;
};

// Height and width of the pictures in a tensor.
[[nodiscard]] std::pair<std::int64_t, std::int64_t> picture_size(const TensorSpec& tensor, Layout layout);

// The same for `frames` frames in one tensor. Throws ShapeError where its layout has no batch axis.
[[nodiscard]] TensorSpec batched(const TensorSpec& one, Layout layout, std::int64_t frames);

}  // namespace framelane
