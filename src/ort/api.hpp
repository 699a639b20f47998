#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

// ONNX Runtime's C API as framelane sees it. No wheel ships the header, and none is needed to build: the API is a
// table of function pointers whose slots never move (new ones are appended), so a function is known by its slot
// number, the API version that brought it, and its signature. One row a function, only those that we call.
namespace framelane::ort {

// Opaque handles and enumerations of that ABI.
namespace abi {

struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct IoBinding;
struct Value;
struct MemoryInfo;
struct Allocator;
struct TypeInfo;
struct TensorInfo;
struct ModelMetadata;
struct EpDevice;
struct HardwareDevice;
struct KeyValuePairs;
struct SyncStream;
struct CudaOptions;
struct TensorRtOptions;

// What a session's logging function gets: parameter, severity, category, log id, place in the source, text.
using LogFunction = void (*)(void*, int, const char*, const char*, const char*, const char*);

// What Python's onnxruntime hands to a library of custom operators, and OrtGetApiBase returns.
struct ApiBase {
  const void* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

enum ErrorCode : int {
  error_fail = 1,
  error_invalid_argument = 2,
  error_no_such_file = 3,
  error_invalid_protobuf = 7,
};

enum ValueKind : int {
  kind_unknown,
  kind_tensor,
  kind_sequence,
  kind_map,
  kind_opaque,
  kind_sparse_tensor,
  kind_optional,
};

constexpr int element_string = 8;  // the element types are ONNX's numbers up to bfloat16, our DType's too
constexpr int arena_allocator = 1;
constexpr int default_memory = 0;

enum HardwareKind : int { hardware_cpu, hardware_gpu, hardware_npu };
enum EpMemoryKind : int { ep_device_memory, ep_host_accessible };

}  // namespace abi

// The newest API version that the rows below were checked against, and the oldest that we run with.
constexpr std::uint32_t newest_api = 29;
constexpr std::uint32_t oldest_api = 24;

// slot, name, API version that brought it (1: there since long before `oldest_api`), result, arguments.
// clang-format off
#define FRAMELANE_ORT_API(ROW)                                                                                          \
  ROW(  1, GetErrorCode,                     1, int,          (const abi::Status*))                                     \
  ROW(  2, GetErrorMessage,                  1, const char*,  (const abi::Status*))                                     \
  ROW(  3, CreateEnv,                        1, abi::Status*, (int, const char*, abi::Env**))                           \
  ROW(  7, CreateSession,                    1, abi::Status*, (const abi::Env*, const char*, const abi::SessionOptions*, abi::Session**)) \
  ROW(  8, CreateSessionFromArray,           1, abi::Status*, (const abi::Env*, const void*, std::size_t, const abi::SessionOptions*, abi::Session**)) \
  ROW(  9, Run,                              1, abi::Status*, (abi::Session*, const abi::RunOptions*, const char* const*, const abi::Value* const*, std::size_t, const char* const*, std::size_t, abi::Value**)) \
  ROW( 10, CreateSessionOptions,             1, abi::Status*, (abi::SessionOptions**))                                  \
  ROW( 11, SetOptimizedModelFilePath,        1, abi::Status*, (abi::SessionOptions*, const char*))                      \
  ROW( 13, SetSessionExecutionMode,          1, abi::Status*, (abi::SessionOptions*, int))                              \
  ROW( 14, EnableProfiling,                  1, abi::Status*, (abi::SessionOptions*, const char*))                      \
  ROW( 17, DisableMemPattern,                1, abi::Status*, (abi::SessionOptions*))                                   \
  ROW( 19, DisableCpuMemArena,               1, abi::Status*, (abi::SessionOptions*))                                   \
  ROW( 22, SetSessionLogSeverityLevel,       1, abi::Status*, (abi::SessionOptions*, int))                              \
  ROW( 23, SetSessionGraphOptimizationLevel, 1, abi::Status*, (abi::SessionOptions*, int))                              \
  ROW( 24, SetIntraOpNumThreads,             1, abi::Status*, (abi::SessionOptions*, int))                              \
  ROW( 25, SetInterOpNumThreads,             1, abi::Status*, (abi::SessionOptions*, int))                              \
  ROW( 30, SessionGetInputCount,             1, abi::Status*, (const abi::Session*, std::size_t*))                      \
  ROW( 31, SessionGetOutputCount,            1, abi::Status*, (const abi::Session*, std::size_t*))                      \
  ROW( 33, SessionGetInputTypeInfo,          1, abi::Status*, (const abi::Session*, std::size_t, abi::TypeInfo**))      \
  ROW( 34, SessionGetOutputTypeInfo,         1, abi::Status*, (const abi::Session*, std::size_t, abi::TypeInfo**))      \
  ROW( 36, SessionGetInputName,              1, abi::Status*, (const abi::Session*, std::size_t, abi::Allocator*, char**)) \
  ROW( 37, SessionGetOutputName,             1, abi::Status*, (const abi::Session*, std::size_t, abi::Allocator*, char**)) \
  ROW( 39, CreateRunOptions,                 1, abi::Status*, (abi::RunOptions**))                                      \
  ROW( 41, RunOptionsSetRunLogSeverityLevel, 1, abi::Status*, (abi::RunOptions*, int))                                  \
  ROW( 46, RunOptionsSetTerminate,           1, abi::Status*, (abi::RunOptions*))                                       \
  ROW( 47, RunOptionsUnsetTerminate,         1, abi::Status*, (abi::RunOptions*))                                       \
  ROW( 48, CreateTensorAsOrtValue,           1, abi::Status*, (abi::Allocator*, const std::int64_t*, std::size_t, int, abi::Value**)) \
  ROW( 49, CreateTensorWithDataAsOrtValue,   1, abi::Status*, (const abi::MemoryInfo*, void*, std::size_t, const std::int64_t*, std::size_t, int, abi::Value**)) \
  ROW( 51, GetTensorMutableData,             1, abi::Status*, (abi::Value*, void**))                                    \
  ROW( 55, CastTypeInfoToTensorInfo,         1, abi::Status*, (const abi::TypeInfo*, const abi::TensorInfo**))          \
  ROW( 56, GetOnnxTypeFromTypeInfo,          1, abi::Status*, (const abi::TypeInfo*, int*))                             \
  ROW( 60, GetTensorElementType,             1, abi::Status*, (const abi::TensorInfo*, int*))                           \
  ROW( 61, GetDimensionsCount,               1, abi::Status*, (const abi::TensorInfo*, std::size_t*))                   \
  ROW( 62, GetDimensions,                    1, abi::Status*, (const abi::TensorInfo*, std::int64_t*, std::size_t))     \
  ROW( 63, GetSymbolicDimensions,            1, abi::Status*, (const abi::TensorInfo*, const char**, std::size_t))      \
  ROW( 69, CreateCpuMemoryInfo,              1, abi::Status*, (int, int, abi::MemoryInfo**))                            \
  ROW( 76, AllocatorFree,                    1, abi::Status*, (abi::Allocator*, void*))                                 \
  ROW( 78, GetAllocatorWithDefaultOptions,   1, abi::Status*, (abi::Allocator**))                                       \
  ROW( 93, ReleaseStatus,                    1, void,         (abi::Status*))                                           \
  ROW( 95, ReleaseSession,                   1, void,         (abi::Session*))                                          \
  ROW( 96, ReleaseValue,                     1, void,         (abi::Value*))                                            \
  ROW( 97, ReleaseRunOptions,                1, void,         (abi::RunOptions*))                                       \
  ROW( 98, ReleaseTypeInfo,                  1, void,         (abi::TypeInfo*))                                         \
  ROW(100, ReleaseSessionOptions,            1, void,         (abi::SessionOptions*))                                   \
  ROW(110, SessionEndProfiling,              1, abi::Status*, (abi::Session*, abi::Allocator*, char**))                 \
  ROW(111, SessionGetModelMetadata,          1, abi::Status*, (const abi::Session*, abi::ModelMetadata**))              \
  ROW(112, ModelMetadataGetProducerName,     1, abi::Status*, (const abi::ModelMetadata*, abi::Allocator*, char**))     \
  ROW(113, ModelMetadataGetGraphName,        1, abi::Status*, (const abi::ModelMetadata*, abi::Allocator*, char**))     \
  ROW(114, ModelMetadataGetDomain,           1, abi::Status*, (const abi::ModelMetadata*, abi::Allocator*, char**))     \
  ROW(115, ModelMetadataGetDescription,      1, abi::Status*, (const abi::ModelMetadata*, abi::Allocator*, char**))     \
  ROW(116, ModelMetadataLookupCustomMetadataMap, 1, abi::Status*, (const abi::ModelMetadata*, abi::Allocator*, const char*, char**)) \
  ROW(117, ModelMetadataGetVersion,          1, abi::Status*, (const abi::ModelMetadata*, std::int64_t*))               \
  ROW(118, ReleaseModelMetadata,             1, void,         (abi::ModelMetadata*))                                    \
  ROW(123, ModelMetadataGetCustomMetadataMapKeys, 1, abi::Status*, (const abi::ModelMetadata*, abi::Allocator*, char***, std::int64_t*)) \
  ROW(124, AddFreeDimensionOverrideByName,   1, abi::Status*, (abi::SessionOptions*, const char*, std::int64_t))        \
  ROW(130, AddSessionConfigEntry,            1, abi::Status*, (abi::SessionOptions*, const char*, const char*))         \
  ROW(133, RunWithBinding,                   1, abi::Status*, (abi::Session*, const abi::RunOptions*, const abi::IoBinding*)) \
  ROW(134, CreateIoBinding,                  1, abi::Status*, (abi::Session*, abi::IoBinding**))                        \
  ROW(135, ReleaseIoBinding,                 1, void,         (abi::IoBinding*))                                        \
  ROW(136, BindInput,                        1, abi::Status*, (abi::IoBinding*, const char*, const abi::Value*))        \
  ROW(137, BindOutput,                       1, abi::Status*, (abi::IoBinding*, const char*, const abi::Value*))        \
  ROW(138, BindOutputToDevice,               1, abi::Status*, (abi::IoBinding*, const char*, const abi::MemoryInfo*))   \
  ROW(140, GetBoundOutputValues,             1, abi::Status*, (const abi::IoBinding*, abi::Allocator*, abi::Value***, std::size_t*)) \
  ROW(170, SessionOptionsAppendExecutionProvider_TensorRT_V2, 9, abi::Status*, (abi::SessionOptions*, const abi::TensorRtOptions*)) \
  ROW(171, CreateTensorRTProviderOptions,    9, abi::Status*, (abi::TensorRtOptions**))                                 \
  ROW(172, UpdateTensorRTProviderOptions,    9, abi::Status*, (abi::TensorRtOptions*, const char* const*, const char* const*, std::size_t)) \
  ROW(174, ReleaseTensorRTProviderOptions,   9, void,         (abi::TensorRtOptions*))                                  \
  ROW(196, SessionOptionsSetCustomCreateThreadFn, 9, abi::Status*, (abi::SessionOptions*, void* (*)(void*, void (*)(void*), void*))) \
  ROW(197, SessionOptionsSetCustomThreadCreationOptions, 9, abi::Status*, (abi::SessionOptions*, void*))                \
  ROW(198, SessionOptionsSetCustomJoinThreadFn, 9, abi::Status*, (abi::SessionOptions*, void (*)(void*)))               \
  ROW(204, SessionOptionsAppendExecutionProvider_CUDA_V2, 11, abi::Status*, (abi::SessionOptions*, const abi::CudaOptions*)) \
  ROW(205, CreateCUDAProviderOptions,       11, abi::Status*, (abi::CudaOptions**))                                     \
  ROW(206, UpdateCUDAProviderOptions,       11, abi::Status*, (abi::CudaOptions*, const char* const*, const char* const*, std::size_t)) \
  ROW(208, ReleaseCUDAProviderOptions,      11, void,         (abi::CudaOptions*))                                      \
  ROW(228, RegisterCustomOpsLibrary_V2,     14, abi::Status*, (abi::SessionOptions*, const char*))                      \
  ROW(266, SetUserLoggingFunction,          17, abi::Status*, (abi::SessionOptions*, abi::LogFunction, void*))          \
  ROW(298, GetKeyValuePairs,                22, void,         (const abi::KeyValuePairs*, const char* const**, const char* const**, std::size_t*)) \
  ROW(301, RegisterExecutionProviderLibrary, 22, abi::Status*, (abi::Env*, const char*, const char*))                   \
  ROW(303, GetEpDevices,                    22, abi::Status*, (const abi::Env*, const abi::EpDevice* const**, std::size_t*)) \
  ROW(304, SessionOptionsAppendExecutionProvider_V2, 22, abi::Status*, (abi::SessionOptions*, abi::Env*, const abi::EpDevice* const*, std::size_t, const char* const*, const char* const*, std::size_t)) \
  ROW(307, HardwareDevice_Type,             22, int,          (const abi::HardwareDevice*))                             \
  ROW(308, HardwareDevice_VendorId,         22, std::uint32_t, (const abi::HardwareDevice*))                            \
  ROW(309, HardwareDevice_Vendor,           22, const char*,  (const abi::HardwareDevice*))                             \
  ROW(310, HardwareDevice_DeviceId,         22, std::uint32_t, (const abi::HardwareDevice*))                            \
  ROW(311, HardwareDevice_Metadata,         22, const abi::KeyValuePairs*, (const abi::HardwareDevice*))                \
  ROW(312, EpDevice_EpName,                 22, const char*,  (const abi::EpDevice*))                                   \
  ROW(313, EpDevice_EpVendor,               22, const char*,  (const abi::EpDevice*))                                   \
  ROW(314, EpDevice_EpMetadata,             22, const abi::KeyValuePairs*, (const abi::EpDevice*))                      \
  ROW(316, EpDevice_Device,                 22, const abi::HardwareDevice*, (const abi::EpDevice*))                     \
  ROW(374, EpDevice_MemoryInfo,             23, const abi::MemoryInfo*, (const abi::EpDevice*, int))                    \
  ROW(383, CreateSyncStreamForEpDevice,     23, abi::Status*, (const abi::EpDevice*, const abi::KeyValuePairs*, abi::SyncStream**)) \
  ROW(385, ReleaseSyncStream,               23, void,         (abi::SyncStream*))                                       \
  ROW(390, TensorTypeAndShape_HasShape,     24, bool,         (const abi::TensorInfo*))                                 \
  ROW(414, GetTensorElementTypeAndShapeDataReference, 24, abi::Status*, (const abi::Value*, int*, const std::int64_t**, std::size_t*))
// clang-format on

// Throws LibraryVersionError: the runtime in this process is older than a function that was called.
[[noreturn]] void refuse_call(const char* name, int since);

// One function of the table. A row newer than the runtime's table was never read: calling it throws.
template <class Signature>
class Function;

template <class Result, class... Arguments>
class Function<Result(Arguments...)> {
 public:
  constexpr Function(const char* name, int since) noexcept : name_(name), since_(since) {}

  void read(const void* const* table, std::size_t slot, std::uint32_t version) noexcept {
    if (static_cast<std::uint32_t>(since_) <= version) {
      pointer_ = reinterpret_cast<Pointer>(const_cast<void*>(table[slot]));
    }
  }
  [[nodiscard]] bool available() const noexcept { return pointer_ != nullptr; }

  Result operator()(Arguments... arguments) const {
    if (pointer_ == nullptr) {
      refuse_call(name_, since_);
    }
    return pointer_(arguments...);
  }
  // The same of a row that every runtime has.
  Result call(Arguments... arguments) const noexcept { return pointer_(arguments...); }

 private:
  using Pointer = Result (*)(Arguments...);
  const char* name_;
  int since_;
  Pointer pointer_ = nullptr;
};

// The functions of one runtime, named as in ONNX Runtime's documentation.
struct Api {
  // Asks for min(newest_api, the runtime's own) and reads the rows that it has.
  // Throws LibraryVersionError for a runtime older than `oldest_api`.
  explicit Api(const abi::ApiBase& base);

  std::string version_text;   // "1.32.0"
  std::uint32_t version = 0;  // of the table that was asked for

#define FRAMELANE_ROW(slot, name, since, result, arguments) Function<result arguments> name{#name, since};
  FRAMELANE_ORT_API(FRAMELANE_ROW)
#undef FRAMELANE_ROW
};

// A row for tests and diagnosis.
struct ApiRow {
  int slot;
  const char* name;
  int since;
};
inline constexpr ApiRow api_rows[] = {
#define FRAMELANE_ROW(slot, name, since, result, arguments) {slot, #name, since},
    FRAMELANE_ORT_API(FRAMELANE_ROW)
#undef FRAMELANE_ROW
};

}  // namespace framelane::ort
