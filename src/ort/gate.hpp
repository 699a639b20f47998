#pragma once

#include <mutex>
#include <string>

namespace framelane::ort {

// The one way to a device whose provider has no streams. Such a provider keeps the state of its device for the whole
// process and takes one call at a time: two at once, even of different sessions, crash it. So whatever touches the
// device (make, bind, run, copy, release) passes its gate. Never held while a tensor of somebody else's is let go,
// for that may wait for the GIL.
class Gate {
 public:
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// The gate of a provider, one a process, never destroyed.
[[nodiscard]] Gate& gate_of(const std::string& provider);

// Holds a gate for a scope; nothing where there is none, as on the CPU and with a provider that has streams.
class [[nodiscard]] GatePass {
 public:
  explicit GatePass(Gate* gate) : gate_(gate) {
    if (gate_ != nullptr) [[unlikely]] {
      gate_->lock();
    }
  }
  GatePass(const GatePass&) = delete;
  GatePass& operator=(const GatePass&) = delete;
  GatePass(GatePass&&) = delete;
  GatePass& operator=(GatePass&&) = delete;
  ~GatePass() {
    if (gate_ != nullptr) [[unlikely]] {
      gate_->unlock();
    }
  }

 private:
  Gate* gate_;
};

}  // namespace framelane::ort
