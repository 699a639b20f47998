#include "core/tensor_copy.hpp"

#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace framelane {
namespace {

constexpr std::align_val_t alignment{64};

std::shared_ptr<void> allocate(std::size_t bytes) {
  return {::operator new(bytes == 0 ? 1 : bytes, alignment),
          [](void* memory) { ::operator delete(memory, alignment); }};
}

// Walks the axes from `axis` on, writing the elements one after the other to `to`; returns where it stopped.
std::byte* copy_axes(const Tensor& tensor, std::size_t axis, const std::byte* from, std::byte* to) {
  const auto item = static_cast<std::int64_t>(item_size(tensor.dtype()));
  if (axis == tensor.rank()) {
    std::memcpy(to, from, static_cast<std::size_t>(item));
    return to + item;
  }
  const std::int64_t extent = tensor.shape()[axis];
  const std::int64_t step = tensor.strides()[axis] * item;
  if (axis + 1 == tensor.rank() && step == item) {
    std::memcpy(to, from, static_cast<std::size_t>(extent * item));
    return to + extent * item;
  }
  for (std::int64_t i = 0; i < extent; ++i) {
    to = copy_axes(tensor, axis + 1, from + i * step, to);
  }
  return to;
}

}  // namespace

void copy_to(const Tensor& tensor, std::byte* to) {
  if (!tensor.device().host_accessible()) {
    throw NoDeviceError("this build cannot copy from " + to_string(tensor.device()) +
                        "; copy with the library that made the tensor (torch: .cpu(), cupy: .get())");
  }
  if (!tensor.contiguous()) {
    copy_axes(tensor, 0, static_cast<const std::byte*>(tensor.data()), to);
  } else if (tensor.nbytes() != 0) {
    std::memcpy(to, tensor.data(), tensor.nbytes());
  }
}

Tensor contiguous_copy(const Tensor& tensor) {
  auto memory = allocate(tensor.nbytes());
  auto* to = static_cast<std::byte*>(memory.get());
  copy_to(tensor, to);
  return {std::move(memory), to, tensor.dtype(), tensor.shape()};
}

Tensor reshape(const Tensor& tensor, Shape shape) {
  if (!tensor.contiguous()) {
    throw ShapeError("a tensor of shape " + to_string(tensor.shape()) + " and strides " + to_string(tensor.strides()) +
                     " is not contiguous; reshape its copy()");
  }
  if (element_count(shape) != tensor.size()) {
    throw ShapeError("a tensor of shape " + to_string(tensor.shape()) + " has " + std::to_string(tensor.size()) +
                     " elements, which shape " + to_string(shape) + " does not");
  }
  return {tensor.owner(), tensor.data(), tensor.dtype(), std::move(shape), {}, tensor.device(), tensor.read_only()};
}

Tensor view_as(const Tensor& tensor, DType dtype) {
  if (item_size(dtype) != item_size(tensor.dtype())) {
    throw ShapeError("a tensor of " + std::string(name_of(tensor.dtype())) + " cannot be seen as " +
                     std::string(name_of(dtype)) + ": the items differ in size");
  }
  return {tensor.owner(), tensor.data(), dtype, tensor.shape(), tensor.strides(), tensor.device(), tensor.read_only()};
}

}  // namespace framelane
