#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/activity.hpp"

namespace framelane {

// A stage as the watchdog knows it. Durations in nanoseconds.
struct WatchedStage {
  std::string name;
  std::vector<std::shared_ptr<Activity>> workers;
  std::int64_t stall_after = 0;    // 0: silence is expected, never judged
  std::int64_t frame_timeout = 0;  // 0: a frame may take as long as it likes
  // The processor time of threads that belong to no stage counts as this stage's work: it has helpers (codec threads,
  // a session's pool) that nobody registered.
  bool has_helper_threads = false;
  // Its workers are Python threads: that they move shows that the GIL is not held for ever.
  bool needs_gil = true;
};

enum class Alarm : std::uint8_t {
  stuck,    // no frame left the stage and it used no processor time
  slow,     // no frame left the stage, but it works
  overdue,  // one frame takes longer than frame_timeout
  starved,  // every stage waits for another
};

struct Verdict {
  Alarm alarm = Alarm::slow;
  std::size_t worker = 0;
  std::int64_t silent = 0;  // nanoseconds
  std::int64_t frame = no_frame;
};

// Tells a slow stage from a stuck one by looking at it now and then. Not thread-safe.
class StallDetector {
 public:
  // `now` in steady nanoseconds.
  StallDetector(WatchedStage stage, std::int64_t now);

  // `strangers` are the threads that belong to no stage.
  [[nodiscard]] std::optional<Verdict> look(std::int64_t now, const std::vector<pid_t>& strangers);

  [[nodiscard]] const WatchedStage& stage() const noexcept { return stage_; }
  // Whether the processor time of strangers matters to the next `look`.
  [[nodiscard]] bool wants_strangers() const;

 private:
  struct Busy {
    std::size_t worker = 0;
    Activity::Snapshot seen;
  };

  [[nodiscard]] std::optional<Busy> longest_busy() const;
  void watch_processor_time(std::int64_t now, const std::vector<pid_t>& strangers);
  void watch_frames(std::int64_t now);
  [[nodiscard]] std::optional<Verdict> judge(std::int64_t now, const Busy& busy);

  WatchedStage stage_;
  std::map<pid_t, std::int64_t> processor_time_;
  std::uint64_t left_ = 0;
  std::int64_t last_left_;
  std::int64_t last_worked_;
  std::int64_t last_slow_ = 0;       // when the last warning was given
  std::int64_t given_up_since_ = 0;  // the busy phase that was already called stuck or overdue
};

}  // namespace framelane
