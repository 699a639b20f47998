#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace framelane {

// How long it pays to stay awake for something that may be about to happen. Learns: what did not help is tried for
// half as long next time, what helped for twice as long. Now and then the full time is tried, or else a bad moment
// (a busy machine) would never be forgotten.
class Patience {
 public:
  using Duration = std::chrono::nanoseconds;

  constexpr Patience(Duration shortest, Duration longest) noexcept
      : shortest_(shortest.count()), longest_(longest.count()), now_(longest.count()) {}

  [[nodiscard]] Duration next() noexcept {
    const bool full = tries_.fetch_add(1, std::memory_order_relaxed) % 16 == 0;  // relaxed: any mixture will do
    return Duration(full ? longest_ : now_.load(std::memory_order_relaxed));
  }
  void learn(bool helped) noexcept {
    const std::int64_t now = now_.load(std::memory_order_relaxed);
    now_.store(helped ? std::min(longest_, now * 2) : std::max(shortest_, now / 2), std::memory_order_relaxed);
  }

 private:
  const std::int64_t shortest_;
  const std::int64_t longest_;
  std::atomic<std::int64_t> now_;
  std::atomic<std::uint32_t> tries_{0};
};

}  // namespace framelane
