#include "core/host_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "core/error.hpp"

namespace framelane {
namespace {

// Where pages of 2 MiB can be had, one fault brings in 512 small pages; a smaller mapping would only waste memory.
constexpr std::size_t huge_page = std::size_t{2} << 20U;

std::optional<std::size_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::size_t value = 0;
  if (file >> value) {
    return value;
  }
  return std::nullopt;  // no such file, or "max"
}

// The number that follows `key` in files such as /proc/meminfo and memory.stat.
std::size_t number_after(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  std::string word;
  std::size_t value = 0;
  while (file >> word) {
    if (word == key && file >> value) {
      return value;
    }
  }
  return 0;
}

// One version of the kernel's control groups: where its files lie and what they are called.
struct Cgroup {
  std::string_view mount;
  std::string_view controller;
  std::string_view limit;
  std::string_view usage;
  std::string_view reclaimable;
};

// The path of this process in that hierarchy, "/a/b".
std::string path_in(const Cgroup& cgroup, const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second != std::string::npos && line.substr(first + 1, second - first - 1) == cgroup.controller) {
      return line.substr(second + 1);
    }
  }
  return "";
}

// Narrows `level` by the limits of the cgroup and of those that it is in. In a container the path may be the host's,
// which is not there; its own limits then lie at the mount.
void narrow(MemoryLevel& level, const Cgroup& cgroup, const std::string& root) {
  const std::size_t machine = level.total;
  std::string path = path_in(cgroup, root);
  bool more = true;
  while (more) {
    std::string directory = root;
    directory.append(cgroup.mount).append(path).append("/");
    const auto limit = number_in(directory + std::string(cgroup.limit));
    const auto usage = number_in(directory + std::string(cgroup.usage));
    if (limit && usage && *limit < machine) {
      const std::size_t reclaimable = number_after(directory + "memory.stat", cgroup.reclaimable);
      const std::size_t used = *usage - std::min(*usage, reclaimable);
      level.total = std::min(level.total, *limit);
      level.free = std::min(level.free, *limit - std::min(*limit, used));
    }
    more = !path.empty();
    path.resize(more ? path.rfind('/') : 0);
  }
}

void prefault(void* data, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  auto* memory = static_cast<volatile char*>(data);
  for (std::size_t offset = 0; offset < bytes; offset += page) {
    memory[offset] = 0;
  }
}

}  // namespace

MemoryLevel host_memory(const std::string& root) {
  constexpr std::size_t kib = 1024;
  constexpr Cgroup version_2{"/sys/fs/cgroup", "", "memory.max", "memory.current", "inactive_file"};
  constexpr Cgroup version_1{"/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                             "total_inactive_file"};
  MemoryLevel level{.free = kib * number_after(root + "/proc/meminfo", "MemAvailable:"),
                    .total = kib * number_after(root + "/proc/meminfo", "MemTotal:")};
  if (level.total == 0) {  // no /proc: let the allocation itself decide
    constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();
    return {unknown, unknown};
  }
  narrow(level, version_2, root);
  narrow(level, version_1, root);
  return level;
}

std::shared_ptr<void> allocate_prefaulted(std::size_t bytes, const std::string& what) {
  // Linux hands out more address space than it has memory and kills a process that then touches it: ask first.
  const MemoryLevel level = host_memory();
  if (bytes > level.free) {
    throw DeviceMemoryError(what, bytes, level.free, level.total);
  }
  const std::size_t length = std::max<std::size_t>(bytes, 1);
  void* data = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    throw DeviceMemoryError(what, bytes, level.free, level.total);
  }
  std::shared_ptr<void> memory(data, [length](void* mapped) { munmap(mapped, length); });
  if (length >= huge_page) {
    madvise(data, length, MADV_HUGEPAGE);  // a wish: without it the pages are small
  }
  prefault(data, length);
  return memory;
}

}  // namespace framelane
