#pragma once

#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/cache.hpp"
#include "core/event_count.hpp"
#include "core/patience.hpp"
#include "core/wait.hpp"
#include "core/wait_clock.hpp"

namespace framelane {

// For whom a thread waits.
enum class Manner : std::uint8_t {
  // Goes on as soon as it can.
  eager,
  // Needs something that the threads of the other side hold while they are at work (Python's GIL): goes on when they
  // wait themselves, and so have let go of it and left as much to do as they could. Or else after some microseconds.
  considerate,
};

// Those who wait on one side of a ring: the putters, or the getters.
class alignas(cache_line) WaitSide {
 public:
  void notify_one() noexcept { events_.notify_one(); }
  void notify_all() noexcept { events_.notify_all(); }
  [[nodiscard]] std::uint64_t waits() const noexcept { return waits_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::chrono::duration<double> waited() const noexcept { return clock_.waited(); }

  // In the child after a fork.
  void forget_waiting() noexcept {
    events_.forget_waiters();
    clock_.forget_waiting();
  }

  // Waits until what.ready(), spinning first, then asleep. `what` also has enter_sleep(), true when it is worth it,
  // and leave_sleep(); between the two whoever makes it ready notifies this side.
  template <class What>
  Wake wait(const WaitSide& other, const What& what, const Deadline& deadline, const Interrupt& interrupt,
            Manner manner) {
    if (manner == Manner::eager && ready_soon(what)) {
      return Wake::notified;
    }
    const Waiting waiting(*this);
    const bool awake = spin(what, deadline);
    spinning_.learn(awake);
    const Wake wake = awake ? Wake::notified : sleep(what, deadline, interrupt);
    if (manner == Manner::considerate && wake == Wake::notified) {
      lingering_.learn(linger(other, what));
    }
    return wake;
  }

 private:
  using Clock = std::chrono::steady_clock;

  // One thread's wait, as the figures count it.
  class Waiting {
   public:
    explicit Waiting(WaitSide& side) noexcept : side_(side) {
      side_.waits_.fetch_add(1, std::memory_order_relaxed);
      side_.clock_.begin();
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Waiting(Waiting&&) = delete;
    Waiting& operator=(Waiting&&) = delete;
    ~Waiting() { side_.clock_.end(); }

   private:
    WaitSide& side_;
  };

  static void pause_for_a_moment() noexcept {
    for (int i = 0; i < 16; ++i) {
      pause();
    }
  }

  // A moment that is not worth being counted or timed.
  template <class What>
  static bool ready_soon(const What& what) noexcept {
    for (int i = 0; i < 2; ++i) {
      if (what.ready()) {
        return true;
      }
      pause_for_a_moment();
    }
    return what.ready();
  }

  // Looks seldom: each look takes a cache line away from the threads that are at work.
  template <class What>
  bool spin(const What& what, const Deadline& deadline) noexcept {
    auto now = Clock::now();
    const auto longest = now + spinning_.next();
    const auto end = deadline && *deadline < longest ? *deadline : longest;
    for (; now < end; now = Clock::now()) {
      if (what.ready()) {
        return true;
      }
      pause_for_a_moment();
    }
    return what.ready();
  }

  template <class What>
  Wake sleep(const What& what, const Deadline& deadline, const Interrupt& interrupt) {
    for (;;) {
      // A signal that arrives just before the thread falls asleep does not wake it: so it looks now and then.
      const auto look = Clock::now() + interrupt.period;
      const bool looks = interrupt.period.count() > 0 && (!deadline || look < *deadline);
      const Wake wake = sleep_once(what, looks ? Deadline(look) : deadline);
      if (wake == Wake::notified || (wake == Wake::timed_out && !looks)) {
        return wake;
      }
      if (interrupt.check) {
        interrupt.check();
      }
    }
  }
  template <class What>
  Wake sleep_once(const What& what, const Deadline& until) noexcept {
    const EventCount::Ticket ticket = events_.prepare();
    Wake wake = Wake::notified;
    if (what.enter_sleep()) {
      wake = events_.wait(ticket, until);
    } else {
      events_.cancel();
    }
    what.leave_sleep();
    return wake;
  }

  // True when the other side came to wait. Gives the processor away, for it may be the one that the other side needs.
  template <class What>
  bool linger(const WaitSide& other, const What& what) noexcept {
    constexpr auto alone = std::chrono::microseconds(3);
    const auto start = Clock::now();
    const auto end = start + lingering_.next();
    for (auto now = start; now < end; now = Clock::now()) {
      if (other.clock_.waiting() != 0 || what.closed()) {
        return true;
      }
      if (now - start < alone) {
        pause_for_a_moment();
      } else {
        sched_yield();
      }
    }
    return other.clock_.waiting() != 0;
  }

  EventCount events_;
  WaitClock clock_;
  std::atomic<std::uint64_t> waits_{0};
  // At most a fifth of what sleeping and being woken takes: it is lost when the other side needs this processor.
  Patience spinning_{std::chrono::nanoseconds(600), std::chrono::microseconds(10)};
  // At most what being woken takes: that is how late an item may be.
  Patience lingering_{std::chrono::microseconds(1), std::chrono::microseconds(20)};
};
static_assert(sizeof(WaitSide) % cache_line == 0);

}  // namespace framelane
