#pragma once

#include "core/thread_clock.hpp"
#include "ort/environment.hpp"

namespace framelane::ort {

// Lets ONNX Runtime make the threads of a session through us: so they have a name, leave signals to the program, and
// are known, in `threads`, to whoever wants to know whether the session works. `threads` must outlive the session.
void make_threads_known(const Environment& environment, abi::SessionOptions* options, ThreadSet& threads);

}  // namespace framelane::ort
