#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "ort/environment.hpp"

namespace framelane::ort {

// Takes what ONNX Runtime logs about a session while it is loaded: the proof of where the nodes were placed. What the
// user wants to see is printed as ONNX Runtime would.
class SessionLog {
 public:
  // Prints from this severity on: 0 verbose ... 4 fatal.
  explicit SessionLog(int print_from) : print_from_(print_from) {}
  SessionLog(const SessionLog&) = delete;
  SessionLog& operator=(const SessionLog&) = delete;
  SessionLog(SessionLog&&) = delete;
  SessionLog& operator=(SessionLog&&) = delete;
  ~SessionLog() = default;

  // Makes this the log of a session that is made with the options. It must outlive that session.
  void attach(const Environment& environment, abi::SessionOptions* options);

  // The lines so far; keeps none from here on.
  [[nodiscard]] std::vector<std::string> take();

 private:
  static void receive(void* log, int severity, const char* category, const char* id, const char* place,
                      const char* text);
  void keep(const char* place, const char* text);

  int print_from_;
  std::mutex mutex_;
  bool keeping_ = true;
  std::vector<std::string> lines_;
};

}  // namespace framelane::ort
