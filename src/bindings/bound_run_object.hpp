#pragma once

#include <pybind11/pybind11.h>

namespace framelane::bindings {

void add_bound_run_type(pybind11::module_& m);

}  // namespace framelane::bindings
