#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "core/activity.hpp"

namespace framelane::bindings {

// A new framelane._core.Activity around this one. Throws py::error_already_set.
pybind11::object activity_object(std::shared_ptr<Activity> activity);

// The activity that a framelane._core.Activity holds. Throws py::type_error for anything else.
std::shared_ptr<Activity> activity_from_python(pybind11::handle object);

}  // namespace framelane::bindings
