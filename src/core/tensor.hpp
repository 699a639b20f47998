#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/device.hpp"
#include "core/dtype.hpp"

namespace framelane {

using Shape = std::vector<std::int64_t>;

// "(1, 3, 720, 1280)"
[[nodiscard]] std::string to_string(std::span<const std::int64_t> shape);

// Number of elements. Throws ShapeError for a negative axis or a product that does not fit 63 bits.
[[nodiscard]] std::int64_t element_count(std::span<const std::int64_t> shape);

// Strides of a C-contiguous tensor, in elements.
[[nodiscard]] Shape contiguous_strides(std::span<const std::int64_t> shape);

// A view of memory with shape, strides (in elements, may be negative or zero), dtype and device, and shared
// ownership of what keeps that memory alive: a slot of a FramePool, an ONNX Runtime value, a Python object.
// Copying a Tensor copies the view, never the memory. Immutable after construction: safe to share between threads;
// the bytes it points to are as thread-safe as their users make them.
class Tensor {
 public:
  Tensor() = default;
  // Empty `strides` mean C-contiguous.
  Tensor(std::shared_ptr<void> owner, void* data, DType dtype, Shape shape, Shape strides = {}, Device device = {},
         bool read_only = false);

  [[nodiscard]] void* data() const noexcept { return data_; }
  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] const Shape& strides() const noexcept { return strides_; }
  [[nodiscard]] Device device() const noexcept { return device_; }
  [[nodiscard]] bool read_only() const noexcept { return read_only_; }
  [[nodiscard]] bool contiguous() const noexcept { return contiguous_; }
  [[nodiscard]] std::size_t rank() const noexcept { return shape_.size(); }
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  // Bytes of the elements, gaps between strides not counted.
  [[nodiscard]] std::size_t nbytes() const noexcept { return static_cast<std::size_t>(size_) * item_size(dtype_); }
  [[nodiscard]] const std::shared_ptr<void>& owner() const noexcept { return owner_; }

 private:
  std::shared_ptr<void> owner_;
  void* data_ = nullptr;
  DType dtype_ = DType::uint8;
  Device device_;
  bool read_only_ = false;
  bool contiguous_ = true;
  std::int64_t size_ = 0;
  Shape shape_;
  Shape strides_;
};

}  // namespace framelane
