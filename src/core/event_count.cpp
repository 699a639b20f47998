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
  waiters_.fetch_sub(1);
  if (error == ETIMEDOUT) {
    return Wake::timed_out;
  }
  return error == EINTR ? Wake::interrupted : Wake::notified;
}

void EventCount::notify_all() noexcept { notify(INT_MAX); }

void EventCount::notify(int count) noexcept {
  if (waiters_.load() == 0) {
    return;
  }
  epoch_.fetch_add(1);
  syscall(SYS_futex, &epoch_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, nullptr, nullptr, 0);
}

}  // namespace framelane
