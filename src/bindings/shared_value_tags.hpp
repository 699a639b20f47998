#pragma once

#include <cstddef>
#include <cstdint>

namespace framelane::bindings {

// What each value in a slot's meta begins with. Numbers follow in the machine's byte order; text, bytes, list, tuple
// and dict have a count of 32 bits first. A tensor: dtype (8 bits), axes (8 bits), offset (64 bits), extents (64 bits
// each). A frame: index, timestamp, duration, tensors and meta as five values.
enum class Tag : std::uint8_t {
  none = 1,
  no,
  yes,
  integer,
  real,
  text,
  bytes,
  list,
  tuple,
  dict,
  tensor,
  frame,
};

inline constexpr std::size_t most_axes = 64;

}  // namespace framelane::bindings
