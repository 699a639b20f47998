#include <pybind11/stl.h>

#include <filesystem>
#include <string>

#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/text.hpp"
#include "ort/provider.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

py::dict to_dict(const ort::ProviderDevice& device) {
  py::dict details;
  for (const auto& [key, value] : device.details) {
    details[to_text(key)] = to_text(value);
  }
  using namespace py::literals;
  return py::dict("provider"_a = to_text(device.provider), "library"_a = to_text(device.library),
                  "version"_a = to_text(device.version), "hardware"_a = device.hardware,
                  "vendor"_a = to_text(device.vendor), "vendor_id"_a = device.vendor_id,
                  "device_id"_a = device.device_id, "streams"_a = device.streams, "memory"_a = device.memory,
                  "details"_a = details);
}

py::list provider_devices() {
  std::vector<ort::ProviderDevice> devices;
  {
    const GilRelease released;
    devices = ort::provider_devices();
  }
  py::list result;
  for (const ort::ProviderDevice& device : devices) {
    result.append(to_dict(device));
  }
  return result;
}

}  // namespace

void register_devices(py::module_& m) {
  m.def("provider_devices", &provider_devices);
  // Around what Python's onnxruntime does with a device by itself. Both in one thread.
  m.def(
      "provider_enter",
      [](const std::string& provider) {
        const GilRelease released;
        ort::gate_of(provider).lock();
      },
      py::arg("provider"));
  m.def("provider_leave", [](const std::string& provider) { ort::gate_of(provider).unlock(); }, py::arg("provider"));
  m.def(
      "register_provider_library",
      [](const std::string& name, const std::string& library) {
        const GilRelease released;
        ort::register_provider_library(name, std::filesystem::path(library));
      },
      py::arg("name"), py::arg("library"));
}

}  // namespace framelane::bindings
