#include "image/pixel_format.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace framelane {
namespace {

using enum Channel;

constexpr std::array<Channel, 4> gray_only{gray};
constexpr std::array<Channel, 4> rgb_order{red, green, blue};
constexpr std::array<Channel, 4> bgr_order{blue, green, red};
constexpr std::array<Channel, 4> rgba_order{red, green, blue, alpha};
constexpr std::array<Channel, 4> bgra_order{blue, green, red, alpha};
constexpr std::array<Channel, 4> gbr_order{green, blue, red};
constexpr std::array<Channel, 4> gbra_order{green, blue, red, alpha};

// In the order of the enumeration, which indexes it.
constexpr std::array<PixelFormatInfo, 23> formats{{
    {PixelFormat::gray, "gray", 1, 8, false, gray_only},
    {PixelFormat::gray10, "gray10le", 1, 10, false, gray_only},
    {PixelFormat::gray12, "gray12le", 1, 12, false, gray_only},
    {PixelFormat::gray14, "gray14le", 1, 14, false, gray_only},
    {PixelFormat::gray16, "gray16le", 1, 16, false, gray_only},
    {PixelFormat::rgb24, "rgb24", 3, 8, false, rgb_order},
    {PixelFormat::bgr24, "bgr24", 3, 8, false, bgr_order},
    {PixelFormat::rgba, "rgba", 4, 8, false, rgba_order},
    {PixelFormat::bgra, "bgra", 4, 8, false, bgra_order},
    {PixelFormat::rgb48, "rgb48le", 3, 16, false, rgb_order},
    {PixelFormat::bgr48, "bgr48le", 3, 16, false, bgr_order},
    {PixelFormat::rgba64, "rgba64le", 4, 16, false, rgba_order},
    {PixelFormat::bgra64, "bgra64le", 4, 16, false, bgra_order},
    {PixelFormat::gbrp, "gbrp", 3, 8, true, gbr_order},
    {PixelFormat::gbrap, "gbrap", 4, 8, true, gbra_order},
    {PixelFormat::gbrp10, "gbrp10le", 3, 10, true, gbr_order},
    {PixelFormat::gbrap10, "gbrap10le", 4, 10, true, gbra_order},
    {PixelFormat::gbrp12, "gbrp12le", 3, 12, true, gbr_order},
    {PixelFormat::gbrap12, "gbrap12le", 4, 12, true, gbra_order},
    {PixelFormat::gbrp14, "gbrp14le", 3, 14, true, gbr_order},
    {PixelFormat::gbrap14, "gbrap14le", 4, 14, true, gbra_order},
    {PixelFormat::gbrp16, "gbrp16le", 3, 16, true, gbr_order},
    {PixelFormat::gbrap16, "gbrap16le", 4, 16, true, gbra_order},
}};

constexpr std::array<ColorOrderInfo, 5> orders{{
    {ColorOrder::gray, "gray", 1, gray_only},
    {ColorOrder::rgb, "rgb", 3, rgb_order},
    {ColorOrder::bgr, "bgr", 3, bgr_order},
    {ColorOrder::rgba, "rgba", 4, rgba_order},
    {ColorOrder::bgra, "bgra", 4, bgra_order},
}};

template <class Table>
std::string names_in(const Table& table) {
  std::string names;
  for (const auto& entry : table) {
    names += names.empty() ? "" : ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace

int PixelFormatInfo::position(Channel channel) const noexcept {
  const auto* const end = channels.begin() + samples;
  const auto* const found = std::find(channels.begin(), end, channel);
  return found == end ? -1 : static_cast<int>(found - channels.begin());
}

const PixelFormatInfo& info_of(PixelFormat format) noexcept { return formats[static_cast<std::size_t>(format)]; }

const ColorOrderInfo& info_of(ColorOrder order) noexcept { return orders[static_cast<std::size_t>(order)]; }

PixelFormat pixel_format_from_name(std::string_view name) {
  for (const PixelFormatInfo& info : formats) {
    const bool same = info.name == name;
    const bool without_le = info.depth > 8 && info.name.substr(0, info.name.size() - 2) == name;
    if (same || without_le || (name == "gray8" && info.format == PixelFormat::gray)) {
      return info.format;
    }
  }
  throw ShapeError("pixel format '" + std::string(name) + "' is not one of: " + names_in(formats) +
                   "; convert the picture to one of these first");
}

ColorOrder color_order_from_name(std::string_view name) {
  for (const ColorOrderInfo& info : orders) {
    if (info.name == name) {
      return info.order;
    }
  }
  throw ShapeError("color '" + std::string(name) + "' is not one of: " + names_in(orders));
}

}  // namespace framelane
