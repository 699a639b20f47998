#include "bindings/errors.hpp"

#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "bindings/register.hpp"
#include "bindings/text.hpp"
#include "core/error.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// framelane._errors has a class of the same name for each class in core/error.hpp.
void set_framelane_error(const Error& error) {
  const py::object type = py::module_::import("framelane._errors").attr(error.class_name());
  const py::object value = type(to_text(error.what()));
  if (const auto* memory = dynamic_cast<const DeviceMemoryError*>(&error)) {
    value.attr("asked") = memory->asked();
    value.attr("free") = memory->free();
    value.attr("total") = memory->total();
  }
  PyErr_SetObject(type.ptr(), value.ptr());
}

template <class E>
void throw_if_named(const std::string& name, const std::string& text) {
  if constexpr (std::is_same_v<E, DeviceMemoryError>) {
    if (E error(text, 3, 2, 1); name == error.class_name()) throw error;
  } else {
    if (E error(text); name == error.class_name()) throw error;
  }
}

template <class... E>
void throw_if_any_named(const std::string& name, const std::string& text) {
  (throw_if_named<E>(name, text), ...);
}

// Throws the error of that class: how the tests see each one arrive in Python.
void throw_error(const std::string& name, const std::string& text) {
  throw_if_any_named<Error, LoadError, MissingLibraryError, LibraryVersionError, NoDeviceError,
                     RuntimeNotInstalledError, ModelError, PlacementError, RingError, RingClosed, RingFull, RingTimeout,
                     PeerDied, StageError, StallError, ShapeError, VideoError, DeviceMemoryError>(name, text);
  throw std::invalid_argument("core/error.hpp has no class " + name);
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
  } catch (const py::builtin_exception& e) {  // py::type_error, py::value_error, ...
    e.set_error();
  } catch (const std::invalid_argument& e) {
    PyErr_SetString(PyExc_ValueError, e.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception");
  }
}

void register_errors(py::module_& m) {
  m.def("throw_error", &throw_error, py::arg("name"), py::arg("text"),
        "Throw the C++ error of that class, for tests of how it arrives in Python.");
  py::register_local_exception_translator([](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const Error& e) {
      set_framelane_error(e);
    }
  });
}

}  // namespace framelane::bindings
