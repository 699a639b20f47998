#include "bindings/errors.hpp"

#include <new>

#include "bindings/register.hpp"
#include "core/error.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// framelane._errors has a class of the same name for each class in core/error.hpp.
void set_framelane_error(const Error& error) {
  const py::object type = py::module_::import("framelane._errors").attr(error.class_name());
  const py::object value = type(py::str(error.what()));
  if (const auto* memory = dynamic_cast<const DeviceMemoryError*>(&error)) {
    value.attr("asked") = memory->asked();
    value.attr("free") = memory->free();
    value.attr("total") = memory->total();
  }
  PyErr_SetObject(type.ptr(), value.ptr());
}

}  // namespace

void set_python_error(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (py::error_already_set& e) {
    e.restore();
  } catch (const Error& e) {
    try {
      set_framelane_error(e);
    } catch (py::error_already_set& failed) {
      failed.restore();
    }
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception");
  }
}

void register_errors(py::module_&) {
  py::register_local_exception_translator([](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const Error& e) {
      set_framelane_error(e);
    }
  });
}

}  // namespace framelane::bindings
