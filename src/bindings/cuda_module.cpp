// The extension modules framelane._cuda12 and framelane._cuda13: the same source, each linked to its CUDA.
#include <pybind11/pybind11.h>

#include <tuple>

#include "bindings/register.hpp"
#include "bindings/text.hpp"
#include "cuda/driver.hpp"
#include "cuda/runtime.hpp"

namespace py = pybind11;
namespace cuda = framelane::cuda;

namespace {

// Every one of them may start the driver, which takes a while.
using Unlocked = py::call_guard<py::gil_scoped_release>;

std::tuple<py::str, py::str, int, int> driver() {
  cuda::Driver found;
  {
    const py::gil_scoped_release unlocked;
    found = cuda::ask_driver();
  }
  return {framelane::bindings::to_text(found.file), framelane::bindings::to_text(found.word), found.version,
          found.devices};
}

std::tuple<std::size_t, std::size_t> memory(int device) {
  const cuda::Memory memory = cuda::memory(device);
  return {memory.free, memory.total};
}

}  // namespace

PYBIND11_MODULE(FRAMELANE_CUDA_MODULE, m) {
  m.doc() = "CUDA's runtime as framelane uses it. Private: import framelane instead.";
  framelane::bindings::register_errors(m);
  m.def("driver", &driver, "Return file, word, version and number of devices of libcuda.so.1.");
  m.def("runtime_version", &cuda::runtime_version, Unlocked(), "Return 1000 * major + 10 * minor.");
  m.def("driver_version", &cuda::driver_version, Unlocked(), "Return the newest CUDA that the driver runs, 0 without.");
  m.def("device_count", &cuda::device_count, Unlocked(), "Return the number of devices; NoDeviceError when none.");
  m.def("device_attribute", &cuda::device_attribute, py::arg("device"), py::arg("attribute"), Unlocked(),
        "Return one attribute of a device by CUDA's number.");
  m.def("memory", &memory, py::arg("device"), Unlocked(), "Return free and total bytes of a device.");
  m.def("error_text", &cuda::error_text, py::arg("code"), "Return the name and the text of a code of CUDA's.");
}
