#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ort/environment.hpp"
#include "ort/gate.hpp"

namespace framelane::ort {

// A device that a provider library offers, as ONNX Runtime lists it.
struct ProviderDevice {
  std::string provider;  // "WebGpuExecutionProvider"
  std::string library;   // its path, where the provider says so
  std::string version;
  std::string hardware;  // "cpu", "gpu" or "npu"
  std::string vendor;    // of the hardware
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  bool streams = false;  // whether work can be put onto several streams
  bool memory = false;   // whether tensors can lie in memory of its own
  std::vector<std::pair<std::string, std::string>> details;
};

// All of them, each piece of hardware once a provider, though its library may be registered several times.
[[nodiscard]] std::vector<ProviderDevice> provider_devices();

// Loads a provider library under a name. A program may load the same one under another name. Throws LoadError. Not
// to be tried again after that: ONNX Runtime is not the same after a second registration that failed.
void register_provider_library(const std::string& name, const std::filesystem::path& library);

// Where a session is to run; the CPU when `provider` is empty.
struct DeviceOptions {
  std::string provider;
  std::size_t index = 0;  // which of the provider's devices
  std::vector<std::pair<std::string, std::string>> options;
};

// Adds the device to the options of a session. Throws NoDeviceError where it is not there, LoadError where the
// provider refuses.
void append_device(const Environment& environment, abi::SessionOptions* options, const DeviceOptions& device);

// The gate that all calls to the device pass; null where it needs none.
[[nodiscard]] Gate* gate_for(const DeviceOptions& device);

}  // namespace framelane::ort
