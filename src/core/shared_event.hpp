#pragma once

#include <atomic>
#include <cstdint>

#include "core/event_count.hpp"

namespace framelane::shared {

// EventCount for threads of different processes, any of which may die at any instruction: all it has is one word in
// shared memory, epoch << 1 | someone sleeps. Whoever died asleep costs the next notifier one call; whoever died
// between a change and its notification leaves sleepers to their own look at things, which they take every 100 ms.
//
// The waiter's side, in this order, so that no wake-up is lost:
//
//   const auto ticket = event.prepare();
//   if (!condition) { event.wait(ticket, deadline); }   // then look again
//
// The notifier changes the condition first, by a sequentially consistent write.
class SharedEvent {
 public:
  using Ticket = std::uint32_t;

  [[nodiscard]] Ticket prepare() noexcept { return word_.fetch_or(someone_sleeps) | someone_sleeps; }
  Wake wait(Ticket ticket, const Deadline& deadline) noexcept;

  void notify_one() noexcept {
    if ((word_.load() & someone_sleeps) != 0) {
      wake(1);
    }
  }
  void notify_all() noexcept {
    if ((word_.load() & someone_sleeps) != 0) {
      wake(0x7FFFFFFF);
    }
  }
  [[nodiscard]] bool has_waiters() const noexcept { return (word_.load() & someone_sleeps) != 0; }

 private:
  static constexpr std::uint32_t someone_sleeps = 1;
  void wake(int count) noexcept;

  std::atomic<std::uint32_t> word_{0};
};

}  // namespace framelane::shared
