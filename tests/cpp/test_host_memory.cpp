#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/host_memory.hpp"

using namespace framelane;

namespace {

constexpr std::size_t mib = 1U << 20U;

// A machine of 1000 MiB, of which 600 are available, described by files in a temporary folder.
class HostMemory : public testing::Test {
 protected:
  HostMemory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "framelane_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    write("/proc/meminfo", "MemTotal: 1024000 kB\nMemFree: 5 kB\nMemAvailable: 614400 kB\n");
  }
  ~HostMemory() override { std::filesystem::remove_all(root_); }
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;
  HostMemory(HostMemory&&) = delete;
  HostMemory& operator=(HostMemory&&) = delete;

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void expect(std::size_t free, std::size_t total) {
    const MemoryLevel level = host_memory(root_);
    EXPECT_EQ(level.free / mib, free);
    EXPECT_EQ(level.total / mib, total);
  }

  std::string root_;
};

TEST_F(HostMemory, IsTheMachines) { expect(600, 1000); }

TEST_F(HostMemory, IsNarrowedByTheCgroupsThatItIsIn) {
  write("/proc/self/cgroup", "1:name=systemd:/x\n0::/outer/inner\n");
  write("/sys/fs/cgroup/outer/inner/memory.max", std::to_string(500 * mib));
  write("/sys/fs/cgroup/outer/inner/memory.current", std::to_string(300 * mib));
  write("/sys/fs/cgroup/outer/inner/memory.stat", "file 7\ninactive_file " + std::to_string(100 * mib) + "\n");
  expect(300, 500);
  write("/sys/fs/cgroup/outer/memory.max", std::to_string(800 * mib));
  write("/sys/fs/cgroup/outer/memory.current", std::to_string(790 * mib));
  expect(10, 500);
}

TEST_F(HostMemory, IsThatOfAContainerWhosePathIsTheHosts) {
  write("/proc/self/cgroup", "4:memory:/docker/0123\n0::/\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(200 * mib));
  write("/sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(50 * mib));
  expect(150, 200);
}

TEST_F(HostMemory, NoLimitIsNone) {
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/memory.max", "max\n");
  write("/sys/fs/cgroup/memory.current", "12345\n");
  expect(600, 1000);
}

TEST(Prefaulted, IsZeroAndAlignedToAPage) {
  const auto memory = allocate_prefaulted(5 * mib + 3, "a test");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.get()) % static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)), 0U);
  EXPECT_EQ(static_cast<char*>(memory.get())[5 * mib + 2], 0);
}

TEST(Prefaulted, IsPresentBeforeItsFirstUse) {
  constexpr std::size_t bytes = 5 * mib;
  const auto memory = allocate_prefaulted(bytes, "a test");
  std::vector<unsigned char> present(bytes / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  ASSERT_EQ(mincore(memory.get(), bytes, present.data()), 0);
  EXPECT_EQ(std::count(present.begin(), present.end(), 1), static_cast<std::ptrdiff_t>(present.size()));
}

TEST(Prefaulted, MoreThanThereIsIsAnErrorWithTheFigures) {
  try {
    static_cast<void>(allocate_prefaulted(std::size_t{1} << 50U, "a test"));
    FAIL();
  } catch (const DeviceMemoryError& error) {
    EXPECT_EQ(error.asked(), std::size_t{1} << 50U);
    EXPECT_NE(std::string(error.what()).find("a test: 1125899906842624 bytes asked"), std::string::npos);
  }
}

}  // namespace
