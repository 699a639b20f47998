#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/event_count.hpp"

namespace framelane {

// What a wait does when a signal arrives: `check` may throw, which ends the wait. A signal that arrives just before
// the thread falls asleep does not wake it, so the thread that handles signals also looks every `period`.
struct Interrupt {
  std::function<void()> check;
  std::chrono::nanoseconds period{0};  // 0: only when woken by a signal
};
// What callers that wait for ever and handle no signals pass: made once, for making one costs as much as a put.
inline const Deadline no_deadline{};
inline const Interrupt no_interrupt{};  // NOLINT(bugprone-throwing-static-initialization): it is empty

// Sleeps until `attempt()` is true; false when the deadline passed first. `attempt` is called at least once.
template <class Attempt>
bool wait_until(EventCount& events, const Deadline& deadline, const Interrupt& interrupt, Attempt&& attempt) {
  while (!attempt()) {
    const EventCount::Ticket ticket = events.prepare();
    try {
      if (attempt()) {
        events.cancel();
        return true;
      }
    } catch (...) {
      events.cancel();
      throw;
    }
    const auto now = std::chrono::steady_clock::now();
    Deadline until = deadline;
    const bool polls = interrupt.period.count() > 0 && (!deadline || *deadline - now > interrupt.period);
    if (polls) {
      until = now + interrupt.period;
    }
    const Wake wake = events.wait(ticket, until);
    if (wake == Wake::timed_out && !polls) {
      return attempt();
    }
    if (wake != Wake::notified && interrupt.check) {
      interrupt.check();
    }
  }
  return true;
}

}  // namespace framelane
