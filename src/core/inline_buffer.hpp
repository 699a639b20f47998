#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace framelane {

// `size` value-initialised elements, on the stack when there are at most `Inline` of them.
template <class T, std::size_t Inline = 8>
class InlineBuffer {
 public:
  explicit InlineBuffer(std::size_t size)
      : heap_(size > Inline ? std::make_unique<T[]>(size) : nullptr),
        elements_(heap_ ? heap_.get() : inline_.data(), size) {}
  InlineBuffer(const InlineBuffer&) = delete;
  InlineBuffer& operator=(const InlineBuffer&) = delete;
  InlineBuffer(InlineBuffer&&) = delete;
  InlineBuffer& operator=(InlineBuffer&&) = delete;
  ~InlineBuffer() = default;

  [[nodiscard]] T& operator[](std::size_t index) noexcept { return elements_[index]; }
  [[nodiscard]] std::span<T> span() noexcept { return elements_; }

 private:
  std::array<T, Inline> inline_{};
  std::unique_ptr<T[]> heap_;
  std::span<T> elements_;
};

}  // namespace framelane
