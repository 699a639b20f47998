#pragma once

#include <string>

namespace framelane::cuda {

// The driver's library, libcuda.so.1, which comes with the driver and never with a wheel: opened here, never linked.
struct Driver {
  std::string file;  // empty when it could not be opened
  std::string word;  // why not, in the loader's words; else what cuInit says, empty for success
  int version = 0;   // the newest CUDA that it can run: 1000 * major + 10 * minor
  int devices = 0;
};

[[nodiscard]] Driver ask_driver();

}  // namespace framelane::cuda
