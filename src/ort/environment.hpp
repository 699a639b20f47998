#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "ort/api.hpp"

namespace framelane::ort {

// What ONNX Runtime answered to a call that failed, with its own text cleaned of source paths.
class RuntimeFailure : public Error {
 public:
  RuntimeFailure(const std::string& text, int code) : Error(text), code_(code) {}
  [[nodiscard]] int code() const noexcept { return code_; }  // abi::ErrorCode

 private:
  int code_;
};

// The one ONNX Runtime core of this process and its shared environment, which is never released: sessions may be
// destroyed at any time up to the end of the process.
class Environment {
 public:
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  Environment(Environment&&) = delete;
  Environment& operator=(Environment&&) = delete;
  ~Environment() = delete;

  // Takes the core that `base` belongs to; the first one wins, for two cores in a process break each other.
  // Only remembers it: what may fail happens in `get`.
  static void adopt(const abi::ApiBase* base) noexcept;

  // Opens libonnxruntime.so by path: for programs without Python. Throws RuntimeNotInstalledError.
  static void open(const std::filesystem::path& library);

  // Throws RuntimeNotInstalledError when no core was adopted, LibraryVersionError when it is too old.
  [[nodiscard]] static const Environment& get();

  [[nodiscard]] const Api& api() const noexcept { return api_; }
  [[nodiscard]] abi::Env* handle() const noexcept { return handle_; }
  [[nodiscard]] const abi::MemoryInfo* cpu_memory() const noexcept { return cpu_memory_; }
  [[nodiscard]] abi::Allocator* allocator() const noexcept { return allocator_; }

  // Throws RuntimeFailure unless `status` is null; releases it.
  void check(abi::Status* status) const {
    if (status != nullptr) [[unlikely]] {
      fail(status);
    }
  }

 private:
  explicit Environment(const abi::ApiBase& base);
  [[noreturn]] void fail(abi::Status* status) const;

  Api api_;
  abi::Env* handle_ = nullptr;
  abi::MemoryInfo* cpu_memory_ = nullptr;
  abi::Allocator* allocator_ = nullptr;
};

// How many forks lie between this process and the one that first used ONNX Runtime. The threads of a session do not
// survive a fork: what was made at another count must neither run nor be released.
[[nodiscard]] unsigned fork_count() noexcept;

// Owners of ONNX Runtime's objects.
struct Release {
  void operator()(abi::Session* handle) const noexcept;
  void operator()(abi::SessionOptions* handle) const noexcept;
  void operator()(abi::RunOptions* handle) const noexcept;
  void operator()(abi::IoBinding* handle) const noexcept;
  void operator()(abi::Value* handle) const noexcept;
  void operator()(abi::TypeInfo* handle) const noexcept;
  void operator()(abi::ModelMetadata* handle) const noexcept;
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

}  // namespace framelane::ort
