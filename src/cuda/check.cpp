#include "cuda/check.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.hpp"
#include "cuda/runtime.hpp"
#include "cuda/runtime_api.hpp"

namespace framelane::cuda {
namespace {

// Codes that say: not on this machine, or not with this driver. The numbers are part of CUDA's ABI.
constexpr int initialization_error = 3;
constexpr int insufficient_driver = 35;
constexpr int devices_unavailable = 46;
constexpr int no_device = 100;
constexpr int invalid_device = 101;
constexpr int no_kernel_image = 209;
constexpr int system_not_ready = 802;
constexpr int system_driver_mismatch = 803;
constexpr int compatibility_not_supported = 804;
constexpr std::array device_codes{initialization_error,
                                  insufficient_driver,
                                  devices_unavailable,
                                  no_device,
                                  invalid_device,
                                  no_kernel_image,
                                  system_not_ready,
                                  system_driver_mismatch,
                                  compatibility_not_supported};

}  // namespace

void check(int code, const char* call) {
  if (code == 0) {
    return;
  }
  static_cast<void>(api::cudaGetLastError());
  const std::string text = std::string(call) + ": " + error_text(code);
  if (std::ranges::find(device_codes, code) != device_codes.end()) {
    throw NoDeviceError(text);
  }
  throw Error(text);
}

}  // namespace framelane::cuda
