#pragma once

#include <pybind11/pybind11.h>

#include <string_view>

namespace framelane::bindings {

// A Python string of text from outside (a model, a file name, ONNX Runtime), which may be no UTF-8: what is not becomes
// backslashes. Throws py::error_already_set.
[[nodiscard]] inline pybind11::str to_text(std::string_view text) {
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (decoded == nullptr) {
    throw pybind11::error_already_set();
  }
  return pybind11::reinterpret_steal<pybind11::str>(decoded);
}

}  // namespace framelane::bindings
