#pragma once

#include <cstdint>
#include <string_view>

namespace framelane {

// What a put into a full ring does.
enum class Overflow : std::uint8_t {
  block,        // waits for room
  drop_oldest,  // throws away the oldest item
  drop_newest,  // throws away the item that was to be put
  raise,        // raises RingFull
};

[[nodiscard]] std::string_view name_of(Overflow overflow) noexcept;

// Upper or lower case. Throws std::invalid_argument, which lists the four, for any other name.
[[nodiscard]] Overflow overflow_from_name(std::string_view name);

}  // namespace framelane
