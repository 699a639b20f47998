#include "ort/api.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/error.hpp"

namespace framelane::ort {
namespace {

// The API version of "1.32.0" is 32. ONNX Runtime has been at major version 1 since its C API is stable; a later
// major keeps at least our newest version, or its get_api says no.
std::uint32_t api_version_of(const std::string& version_text) {
  char* end = nullptr;
  const unsigned long major = std::strtoul(version_text.c_str(), &end, 10);
  if (major > 1) {
    return newest_api;
  }
  return *end == '.' ? static_cast<std::uint32_t>(std::strtoul(end + 1, nullptr, 10)) : 0;
}

[[noreturn]] void refuse_runtime(const std::string& version_text) {
  throw LibraryVersionError("ONNX Runtime " + version_text + " is loaded and framelane needs 1." +
                            std::to_string(oldest_api) + " or newer; upgrade it: pip install 'onnxruntime>=1." +
                            std::to_string(oldest_api) + "'");
}

}  // namespace

void refuse_call(const char* name, int since) {
  throw LibraryVersionError(std::string("ONNX Runtime's ") + name + " came with version 1." + std::to_string(since) +
                            ", newer than the one in this process; upgrade onnxruntime");
}

Api::Api(const abi::ApiBase& base) : version_text(base.get_version()) {
  const std::uint32_t runtime = api_version_of(version_text);
  if (runtime < oldest_api) {
    refuse_runtime(version_text);
  }
  version = std::min(newest_api, runtime);
  const auto* table = static_cast<const void* const*>(base.get_api(version));
  if (table == nullptr) {
    refuse_runtime(version_text);
  }
#define FRAMELANE_ROW(slot, name, since, result, arguments) name.read(table, slot, version);
  FRAMELANE_ORT_API(FRAMELANE_ROW)
#undef FRAMELANE_ROW
}

}  // namespace framelane::ort
