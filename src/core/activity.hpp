#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/thread_clock.hpp"

namespace framelane {

// What a worker of a stage is doing.
enum class Phase : std::uint8_t { idle, busy, waiting_input, waiting_output };

inline constexpr std::size_t phase_count = 4;
inline constexpr std::int64_t no_frame = -1;

// A long native call that a stall report can name, such as "ONNX Runtime: run model.onnx", and the threads that
// work for it besides the caller (null: none that we know).
struct NativeWork {
  std::string label;
  std::shared_ptr<const ThreadSet> threads;
};

// What one worker of a stage does now and has done so far. Written by the worker's thread alone, some ten
// nanoseconds a call; read by any thread at any time.
class alignas(64) Activity {
 public:
  struct Snapshot {
    Phase phase = Phase::idle;
    std::int64_t since = 0;                               // steady nanoseconds: when it entered this phase
    std::int64_t frame = no_frame;                        // index of the frame that it works on, or last worked on
    std::uint64_t left = 0;                               // frames that left the stage through this worker
    pid_t thread = 0;                                     // 0: no thread is attached
    std::array<std::int64_t, phase_count> nanoseconds{};  // spent in each phase, up to now
    std::shared_ptr<const NativeWork> work;
  };

  Activity() = default;
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;
  Activity(Activity&&) = delete;
  Activity& operator=(Activity&&) = delete;
  ~Activity() = default;

  // Makes this the activity of the calling thread, until `detach` on the same thread.
  void attach();
  void detach();

  void enter(Phase phase) noexcept;
  void work_on(std::int64_t frame) noexcept;  // enters Phase::busy
  void add_left(std::uint64_t frames = 1) noexcept;

  [[nodiscard]] Phase phase() const noexcept { return phase_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t left() const noexcept { return left_.load(std::memory_order_relaxed); }
  [[nodiscard]] Snapshot snapshot() const;

  // Of the calling thread; null when it has none.
  [[nodiscard]] static Activity* current() noexcept;

 private:
  friend class NativeCall;
  std::shared_ptr<const NativeWork> exchange_work(std::shared_ptr<const NativeWork> work);

  // One writer, so nothing here needs a read-modify-write. `since_` is stored before `phase_` (release), and a reader
  // loads `phase_` first (acquire): it may see a phase with a later time, never a new phase with an old time, which
  // would look like a stall.
  std::atomic<Phase> phase_{Phase::idle};
  std::atomic<pid_t> thread_{0};
  std::atomic<std::int64_t> since_{steady_nanoseconds()};
  std::atomic<std::int64_t> frame_{no_frame};
  std::atomic<std::uint64_t> left_{0};
  std::array<std::atomic<std::int64_t>, phase_count> nanoseconds_{};
  mutable std::mutex work_mutex_;
  std::shared_ptr<const NativeWork> work_;
};

// All threads of this process that have an activity, and those that watch them: their processor time is no helper's.
[[nodiscard]] ThreadSet& threads_of_activities();

// While it lives, the activity of the calling thread (if any) is inside this native call. They nest.
class NativeCall {
 public:
  explicit NativeCall(const std::shared_ptr<const NativeWork>& work);
  NativeCall(const NativeCall&) = delete;
  NativeCall& operator=(const NativeCall&) = delete;
  NativeCall(NativeCall&&) = delete;
  NativeCall& operator=(NativeCall&&) = delete;
  ~NativeCall();

 private:
  Activity* activity_;
  std::shared_ptr<const NativeWork> outer_;
};

// While it lives, the activity of the calling thread (if any) waits, instead of being busy: a source that waits for
// a free slot of its pool is held up by what comes after it, and is not at fault itself.
class Waiting {
 public:
  explicit Waiting(Phase phase) noexcept;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  Waiting(Waiting&&) = delete;
  Waiting& operator=(Waiting&&) = delete;
  ~Waiting();

 private:
  Activity* activity_;
  Phase outer_ = Phase::idle;
};

}  // namespace framelane
