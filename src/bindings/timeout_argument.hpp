#pragma once

#include <pybind11/pybind11.h>

namespace framelane::bindings {

// The optional last argument `timeout`, by position or by name, after `required` others; null when it is not given.
// Throws py::type_error with the usage.
inline PyObject* timeout_argument(const char* usage, Py_ssize_t required, PyObject* const* args, Py_ssize_t count,
                                  PyObject* names) {
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  const bool known = named == 0 || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "timeout") == 0;
  if (count < required || count + named > required + 1 || !known) {
    throw pybind11::type_error(usage);
  }
  return count + named > required ? args[required] : nullptr;
}

}  // namespace framelane::bindings
