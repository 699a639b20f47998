#include "core/device.hpp"

namespace framelane {

std::string to_string(Device device) {
  const std::string index = ":" + std::to_string(device.index);
  switch (device.type) {
    case DeviceType::cuda:
      return "cuda" + index;
    case DeviceType::cuda_host:
      return "cuda_host" + index;
    case DeviceType::provider:
      return "provider" + index;
    case DeviceType::cpu:
      break;
  }
  return "cpu";
}

}  // namespace framelane
