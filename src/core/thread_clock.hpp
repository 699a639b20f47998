#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace framelane {

// Nanoseconds of steady_clock: what activities are stamped with.
[[nodiscard]] std::int64_t steady_nanoseconds() noexcept;

// The kernel's number of the calling thread (Python calls it native_id).
[[nodiscard]] pid_t this_thread_id() noexcept;

// Processor time that a thread of this process has used, in nanoseconds; nullopt once it has ended. It stands
// still, to the nanosecond, while the thread sleeps.
[[nodiscard]] std::optional<std::int64_t> thread_cpu_nanoseconds(pid_t thread) noexcept;

// Whether it runs, or would if it got a processor: on a busy machine a thread may get none for a while.
[[nodiscard]] bool is_runnable(pid_t thread);

// The threads of this process.
[[nodiscard]] std::vector<pid_t> threads_of_process();

// Threads that work for one thing, such as the pool of a session. A thread joins and leaves on its own. Thread-safe.
class ThreadSet {
 public:
  void join();
  void leave();
  [[nodiscard]] std::vector<pid_t> threads() const;

 private:
  mutable std::mutex mutex_;
  std::vector<pid_t> threads_;
};

}  // namespace framelane
