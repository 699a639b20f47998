#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace framelane {

// What is done to one channel, in float32 and in this order, each operation rounded by itself: value * multiplier,
// then + offset.
struct Affine {
  float multiplier = 1.0F;
  float offset = 0.0F;
  friend bool operator==(const Affine&, const Affine&) = default;
};

// The inner loops, over contiguous runs of elements of any alignment that do not overlap. One table is compiled for
// the instructions that every machine has, and one for AVX2; both give the same bits.
//
// "By size" tables are indexed with log2 of the element's bytes (1, 2, 4).
struct Kernels {
  using ToFloat = void (*)(const void* in, float* out, std::size_t count, Affine affine);
  // floor(affine(in) + 0.5), clamped to 0..max; NaN becomes 0.
  using Quantize = void (*)(const void* in, void* out, std::size_t count, Affine affine, float max);
  using Split = void (*)(const void* in, void* const* out, std::size_t count);
  using Join = void (*)(const void* const* in, void* out, std::size_t count);
  using Strided = void (*)(const void* in, void* out, std::size_t count, std::ptrdiff_t step);
  using Luma = void (*)(const void* red, const void* green, const void* blue, void* out, std::size_t count);

  std::array<ToFloat, 2> to_float;                  // from uint8, uint16
  std::array<std::array<Quantize, 2>, 3> quantize;  // from uint8, uint16, float32; to uint8, uint16
  void (*float_to_half)(const float* in, void* out, std::size_t count);  // to nearest, ties to even
  void (*half_to_float)(const void* in, float* out, std::size_t count);
  std::array<std::array<Split, 2>, 3> split;  // by size; 3 or 4 interleaved elements apart
  std::array<std::array<Join, 2>, 3> join;    // by size; the reverse
  std::array<Strided, 3> gather;              // by size; `step` bytes between the elements of `in`
  std::array<Strided, 3> scatter;             // by size; `step` bytes between the elements of `out`
  std::array<Luma, 2> luma;                   // of uint8, uint16
};

// The fastest table that this machine can run.
[[nodiscard]] const Kernels& kernels() noexcept;

// For tests, which compare the tables.
namespace kernels_baseline {
extern const Kernels table;
}
#if defined(__x86_64__)
namespace kernels_avx2 {
extern const Kernels table;
}
#endif
[[nodiscard]] bool machine_has_avx2() noexcept;

}  // namespace framelane
