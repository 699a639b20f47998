#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "image/image_view.hpp"
#include "image/kernels.hpp"

namespace framelane {

// Pixels that are worked on at once: what belongs to them in all channels stays in the first-level cache.
inline constexpr std::size_t chunk_pixels = 512;

// Room for one chunk of every channel, in elements of up to four bytes.
struct alignas(64) ChunkBuffer {
  std::array<std::array<std::byte, chunk_pixels * 4>, 4> lanes;
};

// How the elements of a set of planes lie in memory.
enum class Packing : std::uint8_t {
  contiguous,   // each plane's elements side by side
  interleaved,  // those of all planes side by side, in some order
  strided,      // anything else
};

struct Arrangement {
  Packing packing = Packing::contiguous;
  // Of interleaved planes: which plane each neighbour belongs to.
  std::array<std::uint8_t, 4> order{};
};

template <class B>
[[nodiscard]] Arrangement arrangement_of(std::span<const BasicPlane<B>> planes, std::size_t element_bytes) noexcept;

// Reads rows of a few planes of elements of 1, 2 or 4 bytes as contiguous runs: in place where they are that already.
class RowReader {
 public:
  RowReader(std::span<const BasicPlane<const std::byte>> planes, std::size_t element_bytes) noexcept;

  // Whether `buffer` stays unused, and `count` unlimited.
  [[nodiscard]] bool in_place() const noexcept { return arrangement_.packing == Packing::contiguous; }

  // runs[i] becomes `count` (at most chunk_pixels) elements of plane i from pixel (x, y) on, valid as long as `buffer`
  // is unchanged.
  void read(std::int64_t x, std::int64_t y, std::size_t count, ChunkBuffer& buffer,
            std::array<const void*, 4>& runs) const noexcept;

 private:
  std::span<const BasicPlane<const std::byte>> planes_;
  Arrangement arrangement_;
  std::size_t size_log2_;
  const Kernels& kernels_;
};

// The reverse: `begin` says where to write the runs, `finish` moves them from the buffer to their places if need be.
class RowWriter {
 public:
  RowWriter(std::span<const BasicPlane<std::byte>> planes, std::size_t element_bytes) noexcept;

  [[nodiscard]] bool in_place() const noexcept { return arrangement_.packing == Packing::contiguous; }
  void begin(std::int64_t x, std::int64_t y, ChunkBuffer& buffer, std::array<void*, 4>& runs) const noexcept;
  void finish(std::int64_t x, std::int64_t y, std::size_t count, const ChunkBuffer& buffer) const noexcept;

 private:
  std::span<const BasicPlane<std::byte>> planes_;
  Arrangement arrangement_;
  std::size_t size_log2_;
  const Kernels& kernels_;
};

}  // namespace framelane
