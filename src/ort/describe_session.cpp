#include "ort/describe_session.hpp"

#include <array>
#include <string_view>

namespace framelane::ort {
namespace {

constexpr std::array<std::string_view, 7> kind_names = {"of an unknown kind", "a tensor",        "a sequence", "a map",
                                                        "an opaque type",     "a sparse tensor", "optional"};

// ONNX Runtime's element types that DType has not.
constexpr std::array<std::pair<int, std::string_view>, 13> other_elements = {{
    {abi::element_string, "strings"},
    {14, "complex64"},
    {15, "complex128"},
    {17, "float8e4m3fn"},
    {18, "float8e4m3fnuz"},
    {19, "float8e5m2"},
    {20, "float8e5m2fnuz"},
    {21, "uint4"},
    {22, "int4"},
    {23, "float4e2m1"},
    {24, "uint2"},
    {25, "int2"},
    {26, "float8e8m0"},
}};

std::string element_name(int element) {
  for (const auto& [number, name] : other_elements) {
    if (number == element) {
      return std::string(name);
    }
  }
  return "element type " + std::to_string(element);
}

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw ModelError(
      what + ", which is " + why +
      "; framelane takes only tensors of bool, of integers of 8 to 64 bits and of floats of 16 to 64 bits. "
      "Change the model so that this stays inside it");
}

std::vector<Axis> read_axes(const Environment& environment, const abi::TensorInfo* info) {
  const Api& api = environment.api();
  std::size_t rank = 0;
  environment.check(api.GetDimensionsCount(info, &rank));
  std::vector<std::int64_t> sizes(rank);
  std::vector<const char*> names(rank);
  environment.check(api.GetDimensions(info, sizes.data(), rank));
  environment.check(api.GetSymbolicDimensions(info, names.data(), rank));
  std::vector<Axis> axes(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    axes[i].size = sizes[i];
    axes[i].name = names[i] == nullptr ? "" : names[i];
  }
  return axes;
}

TensorInfo read_type(const Environment& environment, const char* role, std::string name, const abi::TypeInfo* type) {
  const Api& api = environment.api();
  const std::string what = std::string(role) + " '" + name + "'";
  int kind = 0;
  environment.check(api.GetOnnxTypeFromTypeInfo(type, &kind));
  if (kind != abi::kind_tensor) {
    const auto index = static_cast<std::size_t>(kind);
    refuse(what, std::string(kind_names[index < kind_names.size() ? index : 0]));
  }
  const abi::TensorInfo* info = nullptr;
  environment.check(api.CastTypeInfoToTensorInfo(type, &info));
  int element = 0;
  environment.check(api.GetTensorElementType(info, &element));
  const std::optional<DType> dtype = dtype_from_onnx(element);
  if (!dtype) {
    refuse(what, "a tensor of " + element_name(element));
  }
  TensorInfo result{std::move(name), *dtype, std::nullopt};
  if (api.TensorTypeAndShape_HasShape(info)) {
    result.shape = read_axes(environment, info);
  }
  return result;
}

using ReadName = Function<abi::Status*(const abi::Session*, std::size_t, abi::Allocator*, char**)>;
using ReadType = Function<abi::Status*(const abi::Session*, std::size_t, abi::TypeInfo**)>;

std::vector<TensorInfo> read_all(const Environment& environment, const abi::Session* session, const char* role,
                                 std::size_t count, const ReadName& read_name, const ReadType& read_type_info) {
  std::vector<TensorInfo> infos;
  for (std::size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    environment.check(read_name(session, i, environment.allocator(), &name));
    std::string owned_name = take_string(environment, name);
    abi::TypeInfo* type = nullptr;
    environment.check(read_type_info(session, i, &type));
    const Owned<abi::TypeInfo> owned_type(type);
    infos.push_back(read_type(environment, role, std::move(owned_name), type));
  }
  return infos;
}

}  // namespace

std::vector<TensorInfo> read_inputs(const Environment& environment, const abi::Session* session) {
  const Api& api = environment.api();
  std::size_t count = 0;
  environment.check(api.SessionGetInputCount(session, &count));
  return read_all(environment, session, "input", count, api.SessionGetInputName, api.SessionGetInputTypeInfo);
}

std::vector<TensorInfo> read_outputs(const Environment& environment, const abi::Session* session) {
  const Api& api = environment.api();
  std::size_t count = 0;
  environment.check(api.SessionGetOutputCount(session, &count));
  return read_all(environment, session, "output", count, api.SessionGetOutputName, api.SessionGetOutputTypeInfo);
}

ModelMetadata read_metadata(const Environment& environment, const abi::Session* session) {
  const Api& api = environment.api();
  abi::ModelMetadata* handle = nullptr;
  environment.check(api.SessionGetModelMetadata(session, &handle));
  const Owned<abi::ModelMetadata> owned(handle);
  const auto text = [&](const auto& read) {
    char* value = nullptr;
    environment.check(read(handle, environment.allocator(), &value));
    return take_string(environment, value);
  };
  ModelMetadata metadata;
  metadata.producer = text(api.ModelMetadataGetProducerName);
  metadata.graph = text(api.ModelMetadataGetGraphName);
  metadata.domain = text(api.ModelMetadataGetDomain);
  metadata.description = text(api.ModelMetadataGetDescription);
  environment.check(api.ModelMetadataGetVersion(handle, &metadata.version));
  char** keys = nullptr;
  std::int64_t count = 0;
  environment.check(api.ModelMetadataGetCustomMetadataMapKeys(handle, environment.allocator(), &keys, &count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string key = take_string(environment, keys[i]);
    char* value = nullptr;
    environment.check(api.ModelMetadataLookupCustomMetadataMap(handle, environment.allocator(), key.c_str(), &value));
    metadata.custom.emplace_back(key, take_string(environment, value));
  }
  if (keys != nullptr) {
    environment.check(api.AllocatorFree(environment.allocator(), static_cast<void*>(keys)));
  }
  return metadata;
}

void check_fits(const TensorInfo& info, const Tensor& tensor) {
  if (tensor.dtype() != info.dtype || !info.accepts(tensor.shape())) {
    throw ShapeError("'" + info.name + "': expected " + describe(info) + ", got " +
                     std::string(name_of(tensor.dtype())) + " " + to_string(tensor.shape()));
  }
  if (!tensor.contiguous()) {
    throw ShapeError("'" + info.name + "': the tensor is not contiguous; copy it into one that is");
  }
  if (!tensor.device().host_accessible()) {
    throw ShapeError("'" + info.name + "': the tensor is not in host memory; copy it with .to(\"cpu\")");
  }
}

std::string take_string(const Environment& environment, char* text) {
  if (text == nullptr) {
    return {};
  }
  std::string copy = text;
  environment.check(environment.api().AllocatorFree(environment.allocator(), text));
  return copy;
}

}  // namespace framelane::ort
