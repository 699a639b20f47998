#pragma once

#include <cstddef>
#include <string>

namespace framelane::cuda {

struct Memory {
  std::size_t free;
  std::size_t total;
};

// What the CUDA runtime says, asked through the library that this module is linked to. A version is 1000 * major + 10 *
// minor. Each throws Error with the name and the text of CUDA's code; NoDeviceError when it means that no device can be
// used. None makes a context, but memory().
[[nodiscard]] int runtime_version();
[[nodiscard]] int driver_version();  // the newest CUDA that the driver can run; 0 without a driver
[[nodiscard]] int device_count();
[[nodiscard]] int device_attribute(int device, int attribute);
[[nodiscard]] Memory memory(int device);

// "cudaErrorNoDevice: no CUDA-capable device is detected"
[[nodiscard]] std::string error_text(int code);

}  // namespace framelane::cuda
