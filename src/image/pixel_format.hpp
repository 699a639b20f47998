#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace framelane {

// Layouts of pictures in memory, by FFmpeg's names (little-endian where a sample has two bytes).
enum class PixelFormat : std::uint8_t {
  gray,
  gray10,
  gray12,
  gray14,
  gray16,
  rgb24,
  bgr24,
  rgba,
  bgra,
  rgb48,
  bgr48,
  rgba64,
  bgra64,
  gbrp,
  gbrap,
  gbrp10,
  gbrap10,
  gbrp12,
  gbrap12,
  gbrp14,
  gbrap14,
  gbrp16,
  gbrap16,
};

// What one channel of a picture or of a network's tensor means.
enum class Channel : std::uint8_t { red, green, blue, alpha, gray };

struct PixelFormatInfo {
  PixelFormat format;
  std::string_view name;            // as FFmpeg spells it
  std::uint8_t samples;             // stored for each pixel: 1, 3 or 4
  std::uint8_t depth;               // bits that count in a sample: 8, 10, 12, 14 or 16
  bool planar;                      // each sample in a plane of its own
  std::array<Channel, 4> channels;  // meaning of the stored samples, in their order

  [[nodiscard]] std::size_t sample_bytes() const noexcept { return depth > 8 ? 2 : 1; }
  [[nodiscard]] std::uint32_t max_value() const noexcept { return (1U << depth) - 1; }
  // Index among the stored samples, or -1.
  [[nodiscard]] int position(Channel channel) const noexcept;
};

[[nodiscard]] const PixelFormatInfo& info_of(PixelFormat format) noexcept;

// Accepts FFmpeg's names, also without "le". Throws ShapeError that lists them.
[[nodiscard]] PixelFormat pixel_format_from_name(std::string_view name);

// Order of the channels of a network's tensor.
enum class ColorOrder : std::uint8_t { gray, rgb, bgr, rgba, bgra };

struct ColorOrderInfo {
  ColorOrder order;
  std::string_view name;
  std::uint8_t count;
  std::array<Channel, 4> channels;
};

[[nodiscard]] const ColorOrderInfo& info_of(ColorOrder order) noexcept;

// Throws ShapeError that lists the names.
[[nodiscard]] ColorOrder color_order_from_name(std::string_view name);

}  // namespace framelane
