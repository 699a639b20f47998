#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace framelane {

// A process, by more than its number, which the kernel gives out again.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

[[nodiscard]] ProcessIdentity this_process();

// The number of the pid namespace that this process is in; 0 where /proc does not tell.
[[nodiscard]] std::uint64_t pid_namespace();

// When that process started, if it still runs. A zombie does not run. nullopt as well when nobody can tell.
struct Liveness {
  bool runs = false;
  std::optional<std::uint64_t> start_time;  // nullopt: /proc could not be read
};
[[nodiscard]] Liveness liveness_of(pid_t pid);

}  // namespace framelane
