#include "ort/provider.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <span>
#include <string_view>

namespace framelane::ort {
namespace {

constexpr std::string_view cuda_provider = "CUDAExecutionProvider";
constexpr std::string_view tensorrt_provider = "TensorrtExecutionProvider";

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

std::span<const abi::EpDevice* const> listed(const Environment& environment) {
  const abi::EpDevice* const* devices = nullptr;
  std::size_t count = 0;
  environment.check(environment.api().GetEpDevices(environment.handle(), &devices, &count));
  return {devices, count};
}

std::vector<std::pair<std::string, std::string>> pairs_of(const Api& api, const abi::KeyValuePairs* pairs) {
  std::vector<std::pair<std::string, std::string>> result;
  if (pairs == nullptr) {
    return result;
  }
  const char* const* keys = nullptr;
  const char* const* values = nullptr;
  std::size_t count = 0;
  api.GetKeyValuePairs(pairs, &keys, &values, &count);
  for (std::size_t i = 0; i < count; ++i) {
    result.emplace_back(text_of(keys[i]), text_of(values[i]));
  }
  return result;
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view key) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == key; });
  return found == pairs.end() ? "" : found->second;
}

// One entry a piece of hardware: a library that a program registers beside us lists the same hardware again.
std::vector<const abi::EpDevice*> devices_of(const Environment& environment, const std::string& provider) {
  const Api& api = environment.api();
  std::vector<const abi::EpDevice*> devices;
  for (const abi::EpDevice* device : listed(environment)) {
    const auto same = [&](const abi::EpDevice* other) {
      return api.EpDevice_Device(other) == api.EpDevice_Device(device);
    };
    if (api.EpDevice_EpName(device) == provider && std::none_of(devices.begin(), devices.end(), same)) {
      devices.push_back(device);
    }
  }
  return devices;
}

// Asked once a provider, by making a stream: there is no other way to know.
bool has_streams(const Environment& environment, const std::string& provider, const abi::EpDevice* device) {
  static std::mutex mutex;
  static auto& known = *new std::map<std::string, bool>;
  const std::scoped_lock lock(mutex);
  const auto found = known.find(provider);
  if (found != known.end()) {
    return found->second;
  }
  const GatePass pass(&gate_of(provider));
  abi::SyncStream* stream = nullptr;
  try {
    environment.check(environment.api().CreateSyncStreamForEpDevice(device, nullptr, &stream));
  } catch (const RuntimeFailure&) {
    stream = nullptr;
  }
  if (stream != nullptr) {
    environment.api().ReleaseSyncStream(stream);
  }
  return known[provider] = stream != nullptr;
}

ProviderDevice describe(const Environment& environment, const abi::EpDevice* device) {
  constexpr std::array<std::string_view, 3> kinds = {"cpu", "gpu", "npu"};
  const Api& api = environment.api();
  const abi::HardwareDevice* hardware = api.EpDevice_Device(device);
  const auto metadata = pairs_of(api, api.EpDevice_EpMetadata(device));
  const auto kind = static_cast<std::size_t>(api.HardwareDevice_Type(hardware));
  ProviderDevice result;
  result.provider = text_of(api.EpDevice_EpName(device));
  result.library = value_of(metadata, "library_path");
  result.version = value_of(metadata, "version");
  result.hardware = kind < kinds.size() ? kinds[kind] : "?";
  result.vendor = text_of(api.HardwareDevice_Vendor(hardware));
  result.vendor_id = api.HardwareDevice_VendorId(hardware);
  result.device_id = api.HardwareDevice_DeviceId(hardware);
  result.streams = has_streams(environment, result.provider, device);
  result.memory = api.EpDevice_MemoryInfo(device, abi::ep_device_memory) != nullptr;
  result.details = pairs_of(api, api.HardwareDevice_Metadata(hardware));
  return result;
}

// Keys and values as the C API takes them.
struct Entries {
  explicit Entries(const std::vector<std::pair<std::string, std::string>>& pairs) {
    for (const auto& [key, value] : pairs) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
  }
  std::vector<const char*> keys;
  std::vector<const char*> values;
};

std::vector<std::pair<std::string, std::string>> with_device_id(const DeviceOptions& device) {
  auto options = device.options;
  options.emplace_back("device_id", std::to_string(device.index));
  return options;
}

void append_cuda(const Environment& environment, abi::SessionOptions* options, const Entries& entries) {
  const Api& api = environment.api();
  abi::CudaOptions* handle = nullptr;
  environment.check(api.CreateCUDAProviderOptions(&handle));
  const auto release = [&](abi::CudaOptions* owned) { api.ReleaseCUDAProviderOptions(owned); };
  const std::unique_ptr<abi::CudaOptions, decltype(release)> owned(handle, release);
  environment.check(
      api.UpdateCUDAProviderOptions(handle, entries.keys.data(), entries.values.data(), entries.keys.size()));
  environment.check(api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, handle));
}

void append_tensorrt(const Environment& environment, abi::SessionOptions* options, const Entries& entries) {
  const Api& api = environment.api();
  abi::TensorRtOptions* handle = nullptr;
  environment.check(api.CreateTensorRTProviderOptions(&handle));
  const auto release = [&](abi::TensorRtOptions* owned) { api.ReleaseTensorRTProviderOptions(owned); };
  const std::unique_ptr<abi::TensorRtOptions, decltype(release)> owned(handle, release);
  environment.check(
      api.UpdateTensorRTProviderOptions(handle, entries.keys.data(), entries.values.data(), entries.keys.size()));
  environment.check(api.SessionOptionsAppendExecutionProvider_TensorRT_V2(options, handle));
}

void append_plugin(const Environment& environment, abi::SessionOptions* options, const DeviceOptions& device) {
  const std::vector<const abi::EpDevice*> devices = devices_of(environment, device.provider);
  if (device.index >= devices.size()) {
    throw NoDeviceError(device.provider + " lists " + std::to_string(devices.size()) +
                        " devices on this machine, and number " + std::to_string(device.index) + " was asked for");
  }
  const Entries entries(device.options);
  const abi::EpDevice* chosen = devices[device.index];
  environment.check(environment.api().SessionOptionsAppendExecutionProvider_V2(
      options, environment.handle(), &chosen, 1, entries.keys.data(), entries.values.data(), entries.keys.size()));
}

}  // namespace

std::vector<ProviderDevice> provider_devices() {
  const Environment& environment = Environment::get();
  std::vector<std::string> providers;
  for (const abi::EpDevice* device : listed(environment)) {
    std::string provider = text_of(environment.api().EpDevice_EpName(device));
    if (std::find(providers.begin(), providers.end(), provider) == providers.end()) {
      providers.push_back(std::move(provider));
    }
  }
  std::vector<ProviderDevice> result;
  for (const std::string& provider : providers) {
    for (const abi::EpDevice* device : devices_of(environment, provider)) {
      result.push_back(describe(environment, device));
    }
  }
  return result;
}

void register_provider_library(const std::string& name, const std::filesystem::path& library) {
  const Environment& environment = Environment::get();
  try {
    environment.check(
        environment.api().RegisterExecutionProviderLibrary(environment.handle(), name.c_str(), library.c_str()));
  } catch (const RuntimeFailure& failure) {
    throw LoadError("the provider library " + library.string() + " cannot be loaded: " + failure.what());
  }
}

void append_device(const Environment& environment, abi::SessionOptions* options, const DeviceOptions& device) {
  try {
    if (device.provider == cuda_provider) {
      append_cuda(environment, options, Entries(with_device_id(device)));
    } else if (device.provider == tensorrt_provider) {
      const auto with_id = with_device_id(device);
      append_tensorrt(environment, options, Entries(with_id));
      // What TensorRT does not take stays on the same GPU.
      append_cuda(environment, options, Entries({{"device_id", std::to_string(device.index)}}));
    } else if (!device.provider.empty()) {
      append_plugin(environment, options, device);
    }
  } catch (const RuntimeFailure& failure) {
    throw LoadError(device.provider + " refused: " + failure.what());
  }
}

Gate* gate_for(const DeviceOptions& device) {
  if (device.provider.empty() || device.provider == cuda_provider || device.provider == tensorrt_provider) {
    return nullptr;
  }
  const Environment& environment = Environment::get();
  const std::vector<const abi::EpDevice*> devices = devices_of(environment, device.provider);
  if (!devices.empty() && has_streams(environment, device.provider, devices.front())) {
    return nullptr;
  }
  return &gate_of(device.provider);
}

}  // namespace framelane::ort
