#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace framelane {

// nullopt waits for ever.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

enum class Wake {
  notified,     // or spuriously: look at the condition again
  timed_out,    // the deadline has passed
  interrupted,  // a signal arrived: the caller may have to run its handler, then waits again
};

// Lets threads sleep until a condition that lives elsewhere (in atomics) may have changed, at no cost to the
// notifier while nobody sleeps. The waiter's side, in this order, so that no wake-up is lost:
//
//   auto ticket = events.prepare();
//   if (condition) { events.cancel(); } else { events.wait(ticket, deadline); }   // then look again
//
// The notifier changes the condition first, then calls notify_one or notify_all.
class EventCount {
 public:
  using Ticket = std::uint32_t;

  EventCount() = default;
  EventCount(const EventCount&) = delete;
  EventCount& operator=(const EventCount&) = delete;
  EventCount(EventCount&&) = delete;
  EventCount& operator=(EventCount&&) = delete;
  ~EventCount() = default;

  [[nodiscard]] Ticket prepare() noexcept;
  void cancel() noexcept;
  // Sleeps until notified after `prepare`; releases the ticket whatever it returns.
  Wake wait(Ticket ticket, const Deadline& deadline) noexcept;
  void notify_one() noexcept;
  void notify_all() noexcept;
  [[nodiscard]] bool has_waiters() const noexcept { return waiters_.load(std::memory_order_relaxed) != 0; }

  // For the child after a fork, in which those that waited do not exist.
  void forget_waiters() noexcept;

 private:
  void wake(int count) noexcept;

  // The waiter's (waiters+1, read condition) and the notifier's (write condition, read waiters) are a store-load pair
  // on each side. Both touch `waiters_` by a read-modify-write: of two such steps the later one sees all that went
  // before the earlier one, so either the notifier sees the waiter or the waiter sees the condition, with whatever
  // memory order that is written. The rest is seq_cst for simplicity: it is off the fast path.
  std::uint32_t count_waiters() noexcept { return waiters_.fetch_add(0); }

  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::uint32_t> waiters_{0};
  std::atomic<std::int32_t> woken_{0};  // of these, woken and not back yet; may lag behind, below 0 even
};

}  // namespace framelane
