#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace framelane {

struct MemoryLevel {
  std::size_t free;   // bytes that can still be had without swapping or hitting the limit of a container
  std::size_t total;  // bytes of the machine or of the container
};

// What the machine has, or what this process's cgroup leaves of it. `root` is where /proc and /sys are looked for.
[[nodiscard]] MemoryLevel host_memory(const std::string& root = "");

// `bytes` of zeroed memory, every page already present, aligned to a page. `what` says in the error who asked.
// Throws DeviceMemoryError, and does so before the machine runs out of memory.
[[nodiscard]] std::shared_ptr<void> allocate_prefaulted(std::size_t bytes, const std::string& what);

}  // namespace framelane
