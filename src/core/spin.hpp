#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace framelane {

// Tells the core that this is a spin loop, so that it leaves its resources to the other hardware thread.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

// How long a wait may spin before it sleeps. Learns: a spin that ended in sleep halves it, a wait that a spin
// would have covered lengthens it.
class SpinBudget {
 public:
  using Duration = std::chrono::nanoseconds;

  [[nodiscard]] Duration get() const noexcept { return Duration(nanoseconds_.load(std::memory_order_relaxed)); }

  void learn(Duration waited) noexcept {
    const std::int64_t old = nanoseconds_.load(std::memory_order_relaxed);  // relaxed: any mixture of updates will do
    const std::int64_t next = waited.count() <= longest ? old + (longest - old) / 4 : old / 2;
    nanoseconds_.store(next < shortest ? shortest : next, std::memory_order_relaxed);
  }

 private:
  static constexpr std::int64_t longest = 50'000;  // about what sleeping and being woken costs
  static constexpr std::int64_t shortest = 1'000;

  std::atomic<std::int64_t> nanoseconds_{longest};
};

}  // namespace framelane
