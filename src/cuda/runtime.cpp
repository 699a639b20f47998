#include "cuda/runtime.hpp"

#include "cuda/check.hpp"
#include "cuda/runtime_api.hpp"

namespace framelane::cuda {
namespace {

// Makes a device the calling thread's, and gives the thread its own back.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device) {
    check(api::cudaGetDevice(&before_), "cudaGetDevice");
    check(api::cudaSetDevice(device), "cudaSetDevice");
  }
  ~CurrentDevice() { static_cast<void>(api::cudaSetDevice(before_)); }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;
  CurrentDevice(CurrentDevice&&) = delete;
  CurrentDevice& operator=(CurrentDevice&&) = delete;

 private:
  int before_ = 0;
};

}  // namespace

int runtime_version() {
  int version = 0;
  check(api::cudaRuntimeGetVersion(&version), "cudaRuntimeGetVersion");
  return version;
}

int driver_version() {
  int version = 0;
  check(api::cudaDriverGetVersion(&version), "cudaDriverGetVersion");
  return version;
}

int device_count() {
  int count = 0;
  check(api::cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  return count;
}

int device_attribute(int device, int attribute) {
  int value = 0;
  check(api::cudaDeviceGetAttribute(&value, attribute, device), "cudaDeviceGetAttribute");
  return value;
}

Memory memory(int device) {
  const CurrentDevice current(device);
  Memory memory{};
  check(api::cudaMemGetInfo(&memory.free, &memory.total), "cudaMemGetInfo");
  return memory;
}

std::string error_text(int code) {
  return std::string(api::cudaGetErrorName(code)) + ": " + api::cudaGetErrorString(code);
}

}  // namespace framelane::cuda
