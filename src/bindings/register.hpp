#pragma once

#include <pybind11/pybind11.h>

namespace framelane::bindings {

void register_activity(pybind11::module_& m);
void register_devices(pybind11::module_& m);
void register_errors(pybind11::module_& m);
void register_engine(pybind11::module_& m);
void register_frame_pool(pybind11::module_& m);
void register_gil(pybind11::module_& m);
void register_image(pybind11::module_& m);
void register_ring(pybind11::module_& m);
void register_session(pybind11::module_& m);
void register_shared_ring(pybind11::module_& m);
void register_tensor(pybind11::module_& m);
void register_watchdog(pybind11::module_& m);

}  // namespace framelane::bindings
