#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ort/environment.hpp"
#include "ort/provider.hpp"

namespace framelane::ort {

// How a session is made. framelane.SessionOptions (Python) has the same fields and says what each means.
struct SessionOptions {
  int intra_op_threads = 0;  // 0: ONNX Runtime's choice, one a core
  int inter_op_threads = 0;
  bool parallel = false;        // execution order of independent nodes
  int optimization_level = 99;  // 0 none, 1 basic, 2 extended, 3 layout, 99 all
  bool memory_pattern = true;
  bool memory_arena = true;
  int log_severity = 4;  // 0 verbose ... 4 fatal: what fails is thrown, not printed as well
  std::string profile_prefix;
  std::string optimized_model_path;
  std::vector<std::pair<std::string, std::int64_t>> free_dimensions;
  std::vector<std::pair<std::string, std::string>> config;
  std::vector<std::string> custom_operator_libraries;
  DeviceOptions device;
};

// ONNX Runtime's object of these options. Throws LoadError that names the option which it refused.
[[nodiscard]] Owned<abi::SessionOptions> create(const SessionOptions& options);

}  // namespace framelane::ort
