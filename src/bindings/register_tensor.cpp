#include <pybind11/gil_safe_call_once.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <string>

#include "bindings/dtype_from_python.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/tensor_buffer.hpp"
#include "bindings/tensor_dlpack.hpp"
#include "bindings/tensor_docs.hpp"
#include "bindings/tensor_export.hpp"
#include "bindings/tensor_from_python.hpp"
#include "core/buffer_format.hpp"
#include "core/error.hpp"
#include "core/tensor.hpp"
#include "core/tensor_copy.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

py::tuple to_tuple(const Shape& values, std::int64_t factor = 1) {
  py::tuple result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    result[i] = values[i] * factor;
  }
  return result;
}

std::uintptr_t address_of(const Tensor& tensor) { return reinterpret_cast<std::uintptr_t>(tensor.data()); }

// A refusal is an AttributeError, so that hasattr() answers instead of raising.
py::dict array_interface(const Tensor& tensor) {
  const std::string typestr = typestr_of(tensor.dtype());
  const std::string refusal = typestr.empty() ? bfloat16_refusal : device_refusal(tensor);
  if (!refusal.empty()) {
    throw py::attribute_error(refusal);
  }
  py::dict interface;
  interface["version"] = 3;
  interface["shape"] = to_tuple(tensor.shape());
  interface["typestr"] = typestr;
  interface["data"] = py::make_tuple(address_of(tensor), tensor.read_only());
  interface["strides"] = to_tuple(tensor.strides(), static_cast<std::int64_t>(item_size(tensor.dtype())));
  return interface;
}

py::object to_numpy(const py::object& self) {
  // By hand, so that a refusal is ours: numpy.asarray would go on looking for other protocols.
  const auto view = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(self.ptr()));
  if (!view) {
    throw py::error_already_set();
  }
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> asarray;
  return asarray.call_once_and_store_result([] { return py::module_::import("numpy").attr("asarray"); })
      .get_stored()(view);
}

// NumPy itself prefers the buffer; it comes here when there is none, and hears why.
py::object array(const py::object& self, const py::object& dtype, const py::object& copy) {
  const py::object view = to_numpy(self);
  const bool must_copy = !copy.is_none() && copy.cast<bool>();
  const bool must_not = !copy.is_none() && !must_copy;
  const py::object converted = dtype.is_none() ? view : view.attr("astype")(dtype, py::arg("copy") = false);
  if (must_not && !converted.is(view)) {
    throw py::value_error("copy=False, but a tensor of " + py::str(view.attr("dtype")).cast<std::string>() +
                          " becomes another dtype only by a copy");
  }
  return must_copy && converted.is(view) ? view.attr("copy")() : converted;
}

py::object to_device(const py::object& self, const std::string& device) {
  if (device != "cpu") {
    throw NoDeviceError("a tensor cannot be copied to '" + device + "': this build knows the device \"cpu\"");
  }
  const auto& tensor = self.cast<const Tensor&>();
  if (tensor.device().host_accessible()) {
    return self;
  }
  const GilRelease released;
  return py::cast(contiguous_copy(tensor));
}

Tensor copy(const Tensor& tensor) {
  const GilRelease released;
  return contiguous_copy(tensor);
}

std::string repr(const Tensor& tensor) {
  std::string text = "Tensor(shape=" + to_string(tensor.shape()) + ", dtype=" + std::string(name_of(tensor.dtype()));
  text += ", device=" + to_string(tensor.device());
  text += tensor.contiguous() ? "" : ", strides=" + to_string(tensor.strides());
  return text + (tensor.read_only() ? ", read_only=True)" : ")");
}

}  // namespace

void register_tensor(py::module_& m) {
  py::options options;
  options.disable_function_signatures();  // the docs have them, as inspect.signature reads them
  py::classh<Tensor>(m, "Tensor", py::custom_type_setup(add_buffer_protocol), docs::tensor)
      .def_static(
          "wrap", [](py::handle array) { return tensor_from_python(array.ptr()); }, py::arg("array"), docs::wrap)
      .def_static("from_dlpack", &tensor_from_dlpack, py::arg("array"), docs::from_dlpack)
      .def_property_readonly(
          "shape", [](const Tensor& t) { return to_tuple(t.shape()); }, docs::shape)
      .def_property_readonly(
          "strides", [](const Tensor& t) { return to_tuple(t.strides()); }, docs::strides)
      .def_property_readonly("ndim", &Tensor::rank, docs::ndim)
      .def_property_readonly("size", &Tensor::size, docs::size)
      .def_property_readonly(
          "dtype", [](const Tensor& t) { return name_of(t.dtype()); }, docs::dtype)
      .def_property_readonly(
          "device", [](const Tensor& t) { return to_string(t.device()); }, docs::device)
      .def_property_readonly("nbytes", &Tensor::nbytes, docs::nbytes)
      .def_property_readonly("read_only", &Tensor::read_only, docs::read_only)
      .def_property_readonly("contiguous", &Tensor::contiguous, docs::contiguous)
      .def_property_readonly("address", &address_of, docs::address)
      .def("numpy", &to_numpy, docs::numpy)
      .def("copy", &copy, docs::copy)
      .def("to", &to_device, py::arg("device"), docs::to)
      .def(
          "reshape", [](const Tensor& t, const Shape& shape) { return reshape(t, shape); }, py::arg("shape"),
          docs::reshape)
      .def(
          "view", [](const Tensor& t, const py::object& dtype) { return view_as(t, dtype_from_python(dtype)); },
          py::arg("dtype"), docs::view)
      .def("__dlpack__", &dlpack_capsule, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(), py::arg("copy") = py::none(),
           docs::dlpack)
      .def("__dlpack_device__", &dlpack_device, docs::dlpack_device)
      .def_property_readonly("__array_interface__", &array_interface, docs::array_interface)
      .def("__array__", &array, py::arg("dtype") = py::none(), py::arg("copy") = py::none(), docs::array)
      .def("__repr__", &repr);
}

}  // namespace framelane::bindings
