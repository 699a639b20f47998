#pragma once

#include <cstdint>
#include <string>

namespace framelane {

// Kinds of device memory. The values are those of DLPack's DLDeviceType.
enum class DeviceType : std::int32_t {
  cpu = 1,
  cuda = 2,
  cuda_host = 3,  // pinned host memory
  provider = 12,  // memory of an ONNX Runtime provider library that no array library knows
};

struct Device {
  DeviceType type = DeviceType::cpu;
  std::int32_t index = 0;

  // Whether the host may read and write the memory directly.
  [[nodiscard]] bool host_accessible() const noexcept {
    return type == DeviceType::cpu || type == DeviceType::cuda_host;
  }
  friend bool operator==(const Device&, const Device&) = default;
};

// "cpu", "cuda:0"
[[nodiscard]] std::string to_string(Device device);

}  // namespace framelane
