#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "image/kernels.hpp"
#include "image/pixel_format.hpp"

namespace framelane {

// A run of samples that are fully opaque.
inline void fill_opaque(void* samples, std::size_t count, const PixelFormatInfo& format) noexcept {
  if (format.sample_bytes() == 1) {
    std::memset(samples, 0xff, count);
    return;
  }
  const auto max = static_cast<std::uint16_t>(format.max_value());
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(static_cast<std::byte*>(samples) + i * sizeof max, &max, sizeof max);
  }
}

// Kernels::quantize, spared where bytes stay as they are.
inline void quantize(const Kernels& kernels, std::size_t from, std::size_t to, const void* in, void* out,
                     std::size_t count, Affine affine, float max) noexcept {
  if (from == 0 && to == 0 && affine == Affine{}) {
    std::memcpy(out, in, count);
  } else {
    kernels.quantize[from][to](in, out, count, affine, max);
  }
}

}  // namespace framelane
