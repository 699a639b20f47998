#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/event_count.hpp"
#include "engine/stack_dump.hpp"
#include "engine/stall_detector.hpp"

namespace framelane {

// What the watchdog, or somebody through `post`, has to say.
struct WatchdogEvent {
  bool posted = false;
  int code = 0;           // of `post`
  std::size_t stage = 0;  // in the order of `add`
  Verdict verdict;
};

// A native thread that looks at the stages of one pipeline, and the mailbox of whoever supervises it. It needs no GIL,
// so a stage that holds it cannot put it to sleep: when its events are not fetched for that reason, it writes the
// stacks to the standard error by itself.
//
// add() before start(); everything else from any thread.
class Watchdog {
 public:
  // `stall_after` in nanoseconds, for all stages together; 0 for never. No `dump`, no stacks.
  explicit Watchdog(std::int64_t stall_after, std::optional<StackDump> dump = std::nullopt);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  Watchdog(Watchdog&&) = delete;
  Watchdog& operator=(Watchdog&&) = delete;
  ~Watchdog();

  std::size_t add(WatchedStage stage);
  // The processor time of these threads is not the work of any stage's helpers. Replaces what was claimed before.
  void claim(std::vector<pid_t> threads);
  void start();
  void stop();  // idempotent; joins the thread

  void post(int code);
  // The next event, or nullopt at the deadline. The caller says with acknowledge() that it could act on it: for
  // Python, that it has the GIL again.
  [[nodiscard]] std::optional<WatchdogEvent> wait(const Deadline& deadline);
  void acknowledge() noexcept;

  // The stacks that were written because the GIL was held; empty when none were.
  [[nodiscard]] std::string stacks() const;

 private:
  void run();
  void look(std::int64_t now);
  void look_for_starvation(std::int64_t now);
  void look_for_held_gil(std::int64_t now);
  void report(const WatchdogEvent& event);
  [[nodiscard]] std::vector<pid_t> strangers() const;
  [[nodiscard]] std::int64_t period() const noexcept;
  [[nodiscard]] std::uint64_t movement_of_python() const;
  void dump_stacks();

  const std::int64_t stall_after_;
  const std::optional<StackDump> dump_;
  std::vector<StallDetector> detectors_;

  // Of the thread alone.
  std::int64_t nobody_busy_since_ = 0;
  std::uint64_t frames_left_ = 0;
  bool starvation_reported_ = false;
  std::uint64_t movement_ = 0;
  std::int64_t unfetched_since_ = 0;

  mutable std::mutex mutex_;  // of the four below
  std::vector<pid_t> claimed_;
  std::deque<WatchdogEvent> mailbox_;
  std::string stacks_;
  std::string last_reported_;  // name of the stage

  std::atomic<std::uint64_t> reported_{0};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<bool> stopping_{false};
  EventCount mail_;
  EventCount alarm_clock_;
  std::thread thread_;
};

}  // namespace framelane
