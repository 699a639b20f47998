#include "core/tensor.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/error.hpp"

namespace framelane {
namespace {

bool is_contiguous(const Shape& shape, const Shape& strides) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return true;  // there is no element to be out of place
  }
  std::int64_t expected = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (shape[axis] != 1 && strides[axis] != expected) {
      return false;
    }
    expected *= shape[axis];
  }
  return true;
}

}  // namespace

std::string to_string(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    text += (axis == 0 ? "" : ", ") + std::to_string(shape[axis]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::int64_t element_count(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t axis : shape) {
    if (axis < 0) {
      throw ShapeError("shape " + to_string(shape) + " has a negative axis; give every axis its size");
    }
    empty = empty || axis == 0;
    if (axis != 0 && count > std::numeric_limits<std::int64_t>::max() / axis) {
      throw ShapeError("shape " + to_string(shape) + " has more elements than 63 bits can count");
    }
    count *= axis == 0 ? 1 : axis;
  }
  return empty ? 0 : count;
}

Shape contiguous_strides(std::span<const std::int64_t> shape) {
  Shape strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= shape[axis] == 0 ? 1 : shape[axis];
  }
  return strides;
}

Tensor::Tensor(std::shared_ptr<void> owner, void* data, DType dtype, Shape shape, Shape strides, Device device,
               bool read_only)
    : owner_(std::move(owner)),
      data_(data),
      dtype_(dtype),
      device_(device),
      read_only_(read_only),
      size_(element_count(shape)),
      shape_(std::move(shape)),
      strides_(std::move(strides)) {
  if (strides_.empty()) {
    strides_ = contiguous_strides(shape_);
  }
  if (strides_.size() != shape_.size()) {
    throw ShapeError("shape " + to_string(shape_) + " and strides " + to_string(strides_) + " differ in rank");
  }
  contiguous_ = is_contiguous(shape_, strides_);
}

}  // namespace framelane
