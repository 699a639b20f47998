#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.hpp"

namespace framelane::ort {

// One axis of a model's input or output.
struct Axis {
  std::int64_t size = -1;  // -1: free
  std::string name;        // of a free axis, where the model names it
};

// An input or output of a model.
struct TensorInfo {
  std::string name;
  DType dtype = DType::float32;
  std::optional<std::vector<Axis>> shape;  // nullopt: even the rank is free

  // Whether a tensor of this shape may be fed.
  [[nodiscard]] bool accepts(std::span<const std::int64_t> actual) const noexcept;
  // The shape when all axes are fixed.
  [[nodiscard]] std::optional<Shape> fixed_shape() const;
};

// "float32 (1, 3, height, width)"
[[nodiscard]] std::string describe(const TensorInfo& info);

}  // namespace framelane::ort
