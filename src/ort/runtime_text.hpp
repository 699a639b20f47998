#pragma once

#include <string>
#include <string_view>

namespace framelane::ort {

// ONNX Runtime's text on one line, without the places in its own sources that it puts into it:
// "/onnxruntime_src/onnxruntime/core/graph/model.cc:180 onnxruntime::Model::Model(...) What is wrong".
[[nodiscard]] std::string without_source_places(std::string_view text);

// What a failed run's text says, the node first: "node 'conv_1' (Conv): What is wrong".
[[nodiscard]] std::string describe_failed_run(const std::string& text);

}  // namespace framelane::ort
