#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace framelane {

// How many threads wait and how long all have waited together, waits that still last included: so the figure is
// true while everything stands still. One word holds both, so that a reader never sees one without the other.
class WaitClock {
 public:
  void begin() noexcept { step(+1, 0 - now()); }
  void end() noexcept { step(-1, now()); }

  // Threads that wait now. A hint: it may be out of date when it is read.
  [[nodiscard]] std::uint64_t waiting() const noexcept {
    return word_.load(std::memory_order_relaxed) >> time_bits;  // relaxed: nothing is read on the strength of it
  }
  [[nodiscard]] std::chrono::duration<double> waited() const noexcept {
    const auto word = word_.load(std::memory_order_relaxed);
    const auto ticks = ((word & time_mask) + (word >> time_bits) * now()) & time_mask;
    return std::chrono::duration<double>(static_cast<double>(ticks) * seconds_per_tick);
  }
  // After a fork only the forking thread is left: those that waited in the parent do not exist here.
  void forget_waiting() noexcept { word_.fetch_and(time_mask, std::memory_order_relaxed); }

 private:
  // 48 bits of 256 ns hold two thousand years of 65535 threads... of one second; of one thread, 2.2 years.
  static constexpr int time_bits = 48;
  static constexpr std::uint64_t time_mask = (std::uint64_t{1} << time_bits) - 1;
  static constexpr int tick_shift = 8;
  static constexpr double seconds_per_tick = static_cast<double>(1U << tick_shift) * 1e-9;

  static std::uint64_t now() noexcept {
    const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(since_boot).count()) >> tick_shift;
  }
  void step(int threads, std::uint64_t ticks) noexcept {
    auto word = word_.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
      next = ((word >> time_bits) + static_cast<std::uint64_t>(threads)) << time_bits;
      next |= (word + ticks) & time_mask;
    } while (!word_.compare_exchange_weak(word, next, std::memory_order_relaxed));
  }

  std::atomic<std::uint64_t> word_{0};
};

}  // namespace framelane
