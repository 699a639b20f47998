#pragma once

namespace framelane {

// For native threads: signals are for the threads of the program. Python's handler should interrupt the main thread's
// wait, not ours.
void block_signals() noexcept;

}  // namespace framelane
