#pragma once

#include <pybind11/pybind11.h>

#include <exception>

namespace framelane::bindings {

// Sets the Python error that stands for a C++ exception: for the METH_FASTCALL functions, which no pybind11
// dispatcher wraps. Needs the GIL.
void set_python_error(const std::exception_ptr& error) noexcept;

}  // namespace framelane::bindings
