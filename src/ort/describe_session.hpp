#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ort/session.hpp"

namespace framelane::ort {

// What a loaded session says about its model. The first two throw ModelError that names an input or output which is
// no tensor of numbers.
[[nodiscard]] std::vector<TensorInfo> read_inputs(const Environment& environment, const abi::Session* session);
[[nodiscard]] std::vector<TensorInfo> read_outputs(const Environment& environment, const abi::Session* session);
[[nodiscard]] ModelMetadata read_metadata(const Environment& environment, const abi::Session* session);

// Throws ShapeError unless the tensor may be bound to that input or output: dtype, shape, contiguous, host memory.
void check_fits(const TensorInfo& info, const Tensor& tensor);

// Copies and frees a string of ONNX Runtime's.
[[nodiscard]] std::string take_string(const Environment& environment, char* text);

}  // namespace framelane::ort
