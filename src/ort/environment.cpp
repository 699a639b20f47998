#include "ort/environment.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <mutex>

#include "ort/runtime_text.hpp"

namespace framelane::ort {
namespace {

std::atomic<const abi::ApiBase*> adopted_base{nullptr};
std::atomic<const Environment*> current{nullptr};
std::mutex creation;

std::atomic<unsigned> forks{0};

constexpr int log_warning = 2;

}  // namespace

void Environment::adopt(const abi::ApiBase* base) noexcept {
  const abi::ApiBase* none = nullptr;
  adopted_base.compare_exchange_strong(none, base);
}

void Environment::open(const std::filesystem::path& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps the text a thread
    throw RuntimeNotInstalledError(library.string() + " cannot be loaded: " + dlerror());
  }
  const auto get_base = reinterpret_cast<const abi::ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) {
    throw RuntimeNotInstalledError(library.string() + " is not ONNX Runtime: it has no OrtGetApiBase");
  }
  adopt(get_base());
}

const Environment& Environment::get() {
  if (const Environment* environment = current.load(std::memory_order_acquire)) {
    return *environment;
  }
  const std::scoped_lock lock(creation);
  if (current.load() == nullptr) {
    const abi::ApiBase* base = adopted_base.load();
    if (base == nullptr) {
      throw RuntimeNotInstalledError("no ONNX Runtime is loaded; install one: pip install 'framelane[cpu]'");
    }
    current.store(new Environment(*base), std::memory_order_release);
  }
  return *current.load();
}

Environment::Environment(const abi::ApiBase& base) : api_(base) {
  check(api_.CreateEnv(log_warning, "framelane", &handle_));
  check(api_.CreateCpuMemoryInfo(abi::arena_allocator, abi::default_memory, &cpu_memory_));
  check(api_.GetAllocatorWithDefaultOptions(&allocator_));
  pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
}

unsigned fork_count() noexcept { return forks.load(std::memory_order_relaxed); }

void Environment::fail(abi::Status* status) const {
  const std::string text = without_source_places(api_.GetErrorMessage(status));
  const int code = api_.GetErrorCode(status);
  api_.ReleaseStatus(status);
  throw RuntimeFailure(text, code);
}

// What is released exists, so the environment does too, and these functions are older than any runtime we take.
#define FRAMELANE_RELEASE(Type, Name)                                 \
  void Release::operator()(abi::Type* handle) const noexcept {        \
    current.load(std::memory_order_acquire)->api().Name.call(handle); \
  }
FRAMELANE_RELEASE(Session, ReleaseSession)
FRAMELANE_RELEASE(SessionOptions, ReleaseSessionOptions)
FRAMELANE_RELEASE(RunOptions, ReleaseRunOptions)
FRAMELANE_RELEASE(IoBinding, ReleaseIoBinding)
FRAMELANE_RELEASE(Value, ReleaseValue)
FRAMELANE_RELEASE(TypeInfo, ReleaseTypeInfo)
FRAMELANE_RELEASE(ModelMetadata, ReleaseModelMetadata)
#undef FRAMELANE_RELEASE

}  // namespace framelane::ort
