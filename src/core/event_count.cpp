#include "core/event_count.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace framelane {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "a futex is a plain 32-bit word");

// steady_clock is CLOCK_MONOTONIC, and FUTEX_WAIT_BITSET takes an absolute time of that clock.
std::timespec absolute(std::chrono::steady_clock::time_point when) {
  const auto since_boot = when.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot - seconds);
  return {.tv_sec = static_cast<std::time_t>(seconds.count()), .tv_nsec = static_cast<long>(rest.count())};
}

int futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, const std::timespec* until) noexcept {
  const long result = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, until, nullptr,
                              FUTEX_BITSET_MATCH_ANY);
  return result == 0 ? 0 : errno;
}

}  // namespace

EventCount::Ticket EventCount::prepare() noexcept {
  waiters_.fetch_add(1);
  return epoch_.load();
}

void EventCount::cancel() noexcept { waiters_.fetch_sub(1); }

Wake EventCount::wait(Ticket ticket, const Deadline& deadline) noexcept {
  std::timespec until{};
  if (deadline) {
    until = absolute(*deadline);
  }
  const int error = futex_wait(epoch_, ticket, deadline ? &until : nullptr);
  if (error == 0) {
    woken_.fetch_sub(1);
  }
  waiters_.fetch_sub(1);
  if (error == ETIMEDOUT) {
    return Wake::timed_out;
  }
  return error == EINTR ? Wake::interrupted : Wake::notified;
}

void EventCount::notify_one() noexcept {
  // A thread that was woken but does not run yet will look at the condition after this: no need to wake another for
  // the same, and no system call for each of many changes that one sleeper will see together.
  const auto waiters = static_cast<std::int32_t>(count_waiters());
  if (woken_.load() < waiters) {
    wake(1);
  }
}

void EventCount::notify_all() noexcept {
  if (count_waiters() != 0) {
    wake(INT_MAX);
  }
}

void EventCount::wake(int count) noexcept {
  epoch_.fetch_add(1);
  const long woken = syscall(SYS_futex, &epoch_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, nullptr, nullptr, 0);
  // Counted afterwards, and only those that really slept: a figure that is too low costs a system call, one that is
  // too high a wake-up.
  woken_.fetch_add(static_cast<std::int32_t>(woken));
}

void EventCount::forget_waiters() noexcept {
  waiters_.store(0);
  woken_.store(0);
}

}  // namespace framelane
