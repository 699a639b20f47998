#pragma once

#include <cstddef>

namespace framelane {

// Data of different threads is kept this far apart: two lines, as x86 fetches lines in pairs.
inline constexpr std::size_t cache_line = 128;

// Tells the core that this is a loop that waits, so that it leaves its resources to the other hardware thread.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

inline void prefetch_to_read(const void* address) noexcept { __builtin_prefetch(address, 0); }

// Fetches the line as the only owner. GCC's builtin does that only when it may assume a newer x86 than the baseline;
// older ones take the instruction for none.
inline void prefetch_to_write(const void* address) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace framelane
