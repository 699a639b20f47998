#pragma once

#include <string>

namespace framelane {

// Writes the Python stacks of all threads without the GIL, which the thread that is at fault may never give back.
// Python has prepared it: faulthandler.register(signal_number, file=memory_file, all_threads=True) installed a handler
// that only reads. Files are descriptors.
class StackDump {
 public:
  StackDump(int signal_number, int memory_file) noexcept : signal_number_(signal_number), memory_file_(memory_file) {}

  // Runs the handler on the calling thread, and returns what it wrote. Empty when it wrote nothing.
  [[nodiscard]] std::string take() const;

 private:
  int signal_number_;
  int memory_file_;
};

// Straight to the descriptor of the standard error: sys.stderr would need the GIL.
void write_to_stderr(const std::string& text) noexcept;

}  // namespace framelane
