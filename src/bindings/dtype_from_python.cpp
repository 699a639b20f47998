#include "bindings/dtype_from_python.hpp"

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

DType from_numpy(const py::object& dtype) {
  if (!dtype.attr("isnative").cast<bool>()) {
    throw ShapeError("dtype " + py::str(dtype).cast<std::string>() +
                     " has the other byte order; use its newbyteorder(\"=\")");
  }
  return dtype_from_name(dtype.attr("name").cast<std::string>());
}

}  // namespace

DType dtype_from_python(const py::object& dtype) {
  std::string name = py::str(dtype).cast<std::string>();
  constexpr std::string_view torch_prefix = "torch.";
  const bool of_torch = name.starts_with(torch_prefix);
  if (of_torch || name == name_of(DType::bfloat16)) {  // no numpy.dtype without ml_dtypes
    return dtype_from_name(of_torch ? name.substr(torch_prefix.size()) : name);
  }
  if (!dtype.is_none()) {  // which NumPy takes for float64
    try {
      return from_numpy(py::module_::import("numpy").attr("dtype")(dtype));
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_TypeError)) {
        throw;
      }
    }
  }
  return dtype_from_name(name);
}

}  // namespace framelane::bindings
