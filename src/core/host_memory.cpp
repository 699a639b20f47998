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

// The directory of this process's cgroup for `controller` ("" is version 2) below `root`.
std::string cgroup_directory(const std::string& root, std::string_view controller) {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second != std::string::npos && line.substr(first + 1, second - first - 1) == controller) {
      return root + line.substr(second + 1);
    }
  }
  return root;
}

struct CgroupFiles {
  std::string root;
  std::string_view controller;
  std::string_view limit;
  std::string_view usage;
  std::string_view reclaimable;
};

// Narrows `level` by the limits of the cgroup and of those above it. A container sees its own cgroup as the root.
void narrow(MemoryLevel& level, const CgroupFiles& files) {
  std::string directory = cgroup_directory(files.root, files.controller);
  while (directory.size() >= files.root.size()) {
    const auto limit = number_in(directory + "/" + std::string(files.limit));
    const auto usage = number_in(directory + "/" + std::string(files.usage));
    if (limit && usage && *limit < level.total) {
      const std::size_t reclaimable = number_after(directory + "/memory.stat", files.reclaimable);
      const std::size_t used = *usage - std::min(*usage, reclaimable);
      level.total = *limit;
      level.free = std::min(level.free, *limit - std::min(*limit, used));
    }
    directory.resize(directory.rfind('/') == std::string::npos ? 0 : directory.rfind('/'));
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

MemoryLevel host_memory() {
  constexpr std::size_t kib = 1024;
  MemoryLevel level{.free = kib * number_after("/proc/meminfo", "MemAvailable:"),
                    .total = kib * number_after("/proc/meminfo", "MemTotal:")};
  if (level.total == 0) {  // no /proc: let the allocation itself decide
    return {std::numeric_limits<std::size_t>::max(), std::numeric_limits<std::size_t>::max()};
  }
  narrow(level, {"/sys/fs/cgroup", "", "memory.max", "memory.current", "inactive_file"});
  narrow(level,
         {"/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"});
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
