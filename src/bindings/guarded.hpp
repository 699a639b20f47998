#pragma once

#include <cxxabi.h>

#include <exception>

#include "bindings/errors.hpp"

namespace framelane::bindings {

// Runs the body of a function that Python calls, and turns what it throws into the Python error.
template <class Body>
PyObject* guarded(Body&& body) {
  try {
    return body();
  } catch (abi::__forced_unwind&) {
    throw;  // the interpreter ends this thread
  } catch (...) {
    set_python_error(std::current_exception());
    return nullptr;
  }
}

}  // namespace framelane::bindings
