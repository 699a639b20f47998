// The extension module framelane._core: a table of contents. Each subject has its own register_<subject>.cpp.
#include "bindings/register.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "Native parts of framelane. Private: import framelane instead.";
  framelane::bindings::register_errors(m);
  framelane::bindings::register_activity(m);
  framelane::bindings::register_devices(m);
  framelane::bindings::register_engine(m);
  framelane::bindings::register_frame_pool(m);
  framelane::bindings::register_gil(m);
  framelane::bindings::register_image(m);
  framelane::bindings::register_ring(m);
  framelane::bindings::register_session(m);
  framelane::bindings::register_shared_ring(m);
  framelane::bindings::register_tensor(m);
  framelane::bindings::register_watchdog(m);
}
