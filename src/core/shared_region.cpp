#include "core/shared_region.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "core/host_memory.hpp"

namespace framelane::shared {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20U;
constexpr unsigned size_seals = F_SEAL_SHRINK | F_SEAL_GROW;

std::string reason() { return std::generic_category().message(errno); }

[[noreturn]] void fail_for_memory(std::size_t bytes) {
  const MemoryLevel level = host_memory();
  throw DeviceMemoryError("SharedRing", bytes, level.free, level.total);
}

[[noreturn]] void fail_for_descriptor(const char* what) {
  const std::string cure =
      errno == EMFILE || errno == ENFILE ? "; close files that are not used, or raise the limit (ulimit -n)" : "";
  throw RingError(std::string(what) + ": " + reason() + cure);
}

int create_file(bool huge_pages) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge_pages ? MFD_HUGETLB : 0U);
  const int descriptor = memfd_create("framelane-ring", flags);
  if (descriptor < 0) {
    fail_for_descriptor("the shared memory of the ring cannot be created");
  }
  return descriptor;
}

}  // namespace

std::shared_ptr<Region> Region::create(std::size_t bytes, bool huge_pages) {
  // Linux lets a file grow past what the machine has, and kills those who then touch it: ask first, then take all.
  if (const MemoryLevel level = host_memory(); bytes > level.free) {
    throw DeviceMemoryError("SharedRing", bytes, level.free, level.total);
  }
  const std::size_t size = huge_pages ? (bytes + huge_page - 1) / huge_page * huge_page : bytes;
  const std::shared_ptr<Region> region(new Region(create_file(huge_pages)));
  if (ftruncate(region->descriptor_, static_cast<off_t>(size)) != 0) {
    fail_for_memory(size);
  }
  if (const int error = posix_fallocate(region->descriptor_, 0, static_cast<off_t>(size)); error != 0) {
    if (huge_pages) {
      throw RingError("no " + std::to_string(size / huge_page) +
                      " huge pages are free for the ring: raise vm.nr_hugepages, or use huge_pages=False");
    }
    fail_for_memory(size);
  }
  if (fcntl(region->descriptor_, F_ADD_SEALS, size_seals | F_SEAL_SEAL) != 0) {
    throw RingError("the size of the shared memory cannot be sealed: " + reason());
  }
  region->map(size);
  return region;
}

std::shared_ptr<Region> Region::open(int descriptor, std::size_t least) {
  const int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) {
    fail_for_descriptor("the shared memory of the ring cannot be opened");
  }
  const std::shared_ptr<Region> region(new Region(copy));
  struct stat status{};
  const int seals = fcntl(copy, F_GET_SEALS);
  if (fstat(copy, &status) != 0 || seals < 0 || (static_cast<unsigned>(seals) & size_seals) != size_seals) {
    throw RingError("what was handed over is no shared memory of a framelane ring (a memfd of sealed size)");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size < least) {
    throw RingError("this shared memory is not a framelane ring: it has only " + std::to_string(size) + " bytes");
  }
  region->map(size);
  return region;
}

void Region::map(std::size_t bytes) {
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor_, 0);
  if (mapped == MAP_FAILED) {
    if (errno == ENOMEM || errno == EAGAIN) {
      fail_for_memory(bytes);
    }
    throw RingError("the shared memory of the ring cannot be mapped: " + reason());
  }
  data_ = static_cast<std::byte*>(mapped);
  size_ = bytes;
}

Region::~Region() {
  if (data_ != nullptr) {
    munmap(data_, size_);
  }
  close(descriptor_);
}

}  // namespace framelane::shared
