#include "cuda/driver.hpp"

#include <dlfcn.h>
#include <link.h>

namespace framelane::cuda {
namespace {

template <class Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

std::string file_of(void* library) {
  link_map* map = nullptr;
  return dlinfo(library, RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0 && map != nullptr ? map->l_name
                                                                                           : "libcuda.so.1";
}

std::string error_word(void* library, int code) {
  using Text = int(int, const char**);
  const char* name = nullptr;
  const char* text = nullptr;
  if (auto* get = symbol<Text>(library, "cuGetErrorName"); get != nullptr) {
    get(code, &name);
  }
  if (auto* get = symbol<Text>(library, "cuGetErrorString"); get != nullptr) {
    get(code, &text);
  }
  const std::string number = "error " + std::to_string(code);
  return (name == nullptr ? number : std::string(name)) + (text == nullptr ? "" : ": " + std::string(text));
}

}  // namespace

Driver ask_driver() {
  Driver driver;
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);  // stays open: CUDA holds it too
  if (library == nullptr) {
    const char* why = dlerror();  // NOLINT(concurrency-mt-unsafe): glibc's is a thread's own
    driver.word = why == nullptr ? "libcuda.so.1 cannot be opened" : why;
    return driver;
  }
  driver.file = file_of(library);
  if (auto* version = symbol<int(int*)>(library, "cuDriverGetVersion"); version != nullptr) {
    version(&driver.version);
  }
  auto* init = symbol<int(unsigned)>(library, "cuInit");
  if (init == nullptr) {
    driver.word = "it has no cuInit, so it is not NVIDIA's";
    return driver;
  }
  if (const int code = init(0); code != 0) {
    driver.word = error_word(library, code);
    return driver;
  }
  if (auto* count = symbol<int(int*)>(library, "cuDeviceGetCount"); count != nullptr) {
    count(&driver.devices);
  }
  return driver;
}

}  // namespace framelane::cuda
