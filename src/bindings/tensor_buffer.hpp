#pragma once

#include <pybind11/pybind11.h>

namespace framelane::bindings {

// Gives the Python class Tensor the buffer protocol (PEP 3118): for py::custom_type_setup.
void add_buffer_protocol(PyHeapTypeObject* type);

}  // namespace framelane::bindings
