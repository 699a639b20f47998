#include "cuda/check.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.hpp"
#include "cuda/runtime.hpp"
#include "cuda/runtime_api.hpp"

namespace framelane::cuda {
namespace {

constexpr std::array device_codes{
#define FRAMELANE_CUDA_CODE(name, number) number,
#include "cuda/device_codes.inl"
#undef FRAMELANE_CUDA_CODE
};

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
