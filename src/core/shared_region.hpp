#pragma once

#include <cstddef>
#include <memory>

namespace framelane::shared {

// Memory that processes share by handing each other its descriptor. No file system knows it: it is gone with the last
// process that has it, whatever ended that process. Its size is sealed, so that nobody can cut off what others use.
class Region {
 public:
  // Zeroed, every page present. Throws DeviceMemoryError, RingError when no descriptor is left.
  [[nodiscard]] static std::shared_ptr<Region> create(std::size_t bytes, bool huge_pages);
  // Maps what `descriptor` refers to; a copy of it is kept. Throws RingError for what is no sealed memory, or smaller
  // than `least`.
  [[nodiscard]] static std::shared_ptr<Region> open(int descriptor, std::size_t least);

  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  Region(Region&&) = delete;
  Region& operator=(Region&&) = delete;
  ~Region();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  explicit Region(int descriptor) noexcept : descriptor_(descriptor) {}
  void map(std::size_t bytes);

  int descriptor_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace framelane::shared
