#pragma once

#include <span>

#include "core/tensor.hpp"
#include "ort/environment.hpp"

namespace framelane::ort {

// An ONNX Runtime value over host memory that somebody else owns and keeps alive, C-contiguous.
[[nodiscard]] Owned<abi::Value> wrap_memory(const Environment& environment, void* data, DType dtype, std::size_t bytes,
                                            std::span<const std::int64_t> shape);

// What a tensor value holds: pointers into it, valid as long as it lives.
struct ValueView {
  void* data;
  int element_type;  // ONNX's number
  std::span<const std::int64_t> shape;
};
[[nodiscard]] ValueView view_of(const Environment& environment, abi::Value* value);

// The same elements in memory of their own.
[[nodiscard]] Owned<abi::Value> clone(const Environment& environment, abi::Value* value);

// A Tensor that owns the value.
[[nodiscard]] Tensor to_tensor(Owned<abi::Value> value);

}  // namespace framelane::ort
