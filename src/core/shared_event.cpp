#include "core/shared_event.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>

namespace framelane::shared {
namespace {

// steady_clock is CLOCK_MONOTONIC, and FUTEX_WAIT_BITSET takes an absolute time of that clock.
std::timespec absolute(std::chrono::steady_clock::time_point when) {
  const auto since_boot = std::chrono::nanoseconds(when.time_since_epoch()).count();
  constexpr std::int64_t second = 1'000'000'000;
  return {.tv_sec = static_cast<std::time_t>(since_boot / second), .tv_nsec = static_cast<long>(since_boot % second)};
}

}  // namespace

Wake SharedEvent::wait(Ticket ticket, const Deadline& deadline) noexcept {
  std::timespec until{};
  if (deadline) {
    until = absolute(*deadline);
  }
  // Not FUTEX_PRIVATE_FLAG: the word lies at another address in each process.
  const long result = syscall(SYS_futex, &word_, FUTEX_WAIT_BITSET, ticket, deadline ? &until : nullptr, nullptr,
                              FUTEX_BITSET_MATCH_ANY);
  if (result == 0) {
    return Wake::notified;
  }
  if (errno == ETIMEDOUT) {
    return Wake::timed_out;
  }
  return errno == EINTR ? Wake::interrupted : Wake::notified;
}

void SharedEvent::wake(int count) noexcept {
  std::uint32_t epoch = word_.fetch_add(2) + 2;
  const long woken = syscall(SYS_futex, &word_, FUTEX_WAKE, count, nullptr, nullptr, 0);
  if (woken < count) {
    // Nobody sleeps any more. Who prepares meanwhile and sees the word change will not fall asleep on it.
    word_.compare_exchange_strong(epoch, epoch & ~someone_sleeps);
  }
}

}  // namespace framelane::shared
