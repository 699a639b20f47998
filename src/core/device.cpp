#include "core/device.hpp"

namespace framelane {

namespace {

const char* name_of(DeviceType type) {
  switch (type) {
    case DeviceType::cuda:
      return "cuda";
    case DeviceType::cuda_host:
      return "cuda_host";
    case DeviceType::provider:
      return "provider";
    case DeviceType::cpu:
      break;
  }
  return "cpu";
}

}  // namespace

std::string to_string(Device device) {
  std::string text = name_of(device.type);
  if (device.type != DeviceType::cpu) {
    text.append(1, ':').append(std::to_string(device.index));
  }
  return text;
}

}  // namespace framelane
