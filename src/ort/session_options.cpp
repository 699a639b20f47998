#include "ort/session_options.hpp"

namespace framelane::ort {
namespace {

// Runs `apply` and says which option it was when ONNX Runtime refuses.
template <class Apply>
void set(const Environment& environment, const std::string& what, Apply apply) {
  try {
    environment.check(apply());
  } catch (const RuntimeFailure& failure) {
    throw LoadError("session option " + what + " was refused: " + failure.what());
  }
}

void set_threads(const Environment& environment, const SessionOptions& options, abi::SessionOptions* handle) {
  const Api& api = environment.api();
  set(environment, "intra_op_threads", [&] { return api.SetIntraOpNumThreads(handle, options.intra_op_threads); });
  set(environment, "inter_op_threads", [&] { return api.SetInterOpNumThreads(handle, options.inter_op_threads); });
  set(environment, "execution_order", [&] { return api.SetSessionExecutionMode(handle, options.parallel ? 1 : 0); });
}

void set_memory(const Environment& environment, const SessionOptions& options, abi::SessionOptions* handle) {
  if (!options.memory_pattern) {
    environment.check(environment.api().DisableMemPattern(handle));
  }
  if (!options.memory_arena) {
    environment.check(environment.api().DisableCpuMemArena(handle));
  }
}

void set_files(const Environment& environment, const SessionOptions& options, abi::SessionOptions* handle) {
  const Api& api = environment.api();
  if (!options.profile_prefix.empty()) {
    set(environment, "profile", [&] { return api.EnableProfiling(handle, options.profile_prefix.c_str()); });
  }
  if (!options.optimized_model_path.empty()) {
    set(environment, "optimized_model_path",
        [&] { return api.SetOptimizedModelFilePath(handle, options.optimized_model_path.c_str()); });
  }
  for (const std::string& library : options.custom_operator_libraries) {
    set(environment, "custom_operator_libraries: " + library,
        [&] { return api.RegisterCustomOpsLibrary_V2(handle, library.c_str()); });
  }
}

void set_entries(const Environment& environment, const SessionOptions& options, abi::SessionOptions* handle) {
  const Api& api = environment.api();
  for (const auto& [name, size] : options.free_dimensions) {
    set(environment, "free_dimensions: " + name,
        [&] { return api.AddFreeDimensionOverrideByName(handle, name.c_str(), size); });
  }
  for (const auto& [key, value] : options.config) {
    set(environment, "config: " + key, [&] { return api.AddSessionConfigEntry(handle, key.c_str(), value.c_str()); });
  }
}

}  // namespace

Owned<abi::SessionOptions> create(const SessionOptions& options) {
  const Environment& environment = Environment::get();
  const Api& api = environment.api();
  abi::SessionOptions* handle = nullptr;
  environment.check(api.CreateSessionOptions(&handle));
  Owned<abi::SessionOptions> owned(handle);
  set(environment, "optimization_level",
      [&] { return api.SetSessionGraphOptimizationLevel(handle, options.optimization_level); });
  set(environment, "log_level", [&] { return api.SetSessionLogSeverityLevel(handle, options.log_severity); });
  set_threads(environment, options, handle);
  set_memory(environment, options, handle);
  set_files(environment, options, handle);
  set_entries(environment, options, handle);
  append_device(environment, handle, options.device);
  return owned;
}

}  // namespace framelane::ort
