// The body of one kernel table. Included once for each instruction set, in a file that is compiled with its flags, so
// nothing in here may have linkage: an inline function of the AVX2 copy that the linker picked for all would be an
// illegal instruction elsewhere. That is why no standard header with inline functions is used, either.
//
// The loops are written so that GCC and Clang vectorise them without -ffast-math: no branch, selections by masks of
// integers. Floats are compared as the integers of their bits, which order alike for positive values.

#include "image/kernels.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace framelane::FRAMELANE_KERNELS {
namespace {

#define FRAMELANE_INLINE inline __attribute__((always_inline))

// NOLINTBEGIN(modernize-use-auto): it would lose the attributes of the types that follow.

// Elements in memory that other code sees as other types, at any address. In structs because a template argument
// loses its attributes.
struct Byte {
  using Type = std::uint8_t;
};
struct Word {
  using Type [[gnu::may_alias, gnu::aligned(1)]] = std::uint16_t;
};
struct Quad {
  using Type [[gnu::may_alias, gnu::aligned(1)]] = std::uint32_t;
};
struct Float {
  using Type [[gnu::may_alias, gnu::aligned(1)]] = float;
};

constexpr std::int32_t bits_of_infinity = 0x7f800000;

FRAMELANE_INLINE std::int32_t bits_of(float value) { return __builtin_bit_cast(std::int32_t, value); }
FRAMELANE_INLINE float float_of(std::int32_t bits) { return __builtin_bit_cast(float, bits); }
FRAMELANE_INLINE std::int32_t mask(bool condition) { return -static_cast<std::int32_t>(condition); }

template <class In>
void to_float(const void* in, float* out, std::size_t count, Affine affine) {
  const typename In::Type* __restrict from = static_cast<const typename In::Type*>(in);
  Float::Type* __restrict to = out;
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = static_cast<float>(from[i]) * affine.multiplier + affine.offset;
  }
}

template <class In, class Out>
FRAMELANE_INLINE void quantize_rest(const void* in, void* out, std::size_t count, Affine affine, float max) {
  const typename In::Type* __restrict from = static_cast<const typename In::Type*>(in);
  typename Out::Type* __restrict to = static_cast<typename Out::Type*>(out);
  const std::int32_t max_bits = bits_of(max);
  for (std::size_t i = 0; i < count; ++i) {
    const float value = static_cast<float>(from[i]) * affine.multiplier + affine.offset;
    std::int32_t bits = bits_of(value + 0.5F);
    bits = bits > 0 ? bits : 0;              // below zero, and NaN with a sign
    bits &= mask(bits <= bits_of_infinity);  // NaN
    bits = bits < max_bits ? bits : max_bits;
    to[i] = static_cast<typename Out::Type>(static_cast<std::int32_t>(float_of(bits)));
  }
}

template <class In, class Out>
void quantize(const void* in, void* out, std::size_t count, Affine affine, float max) {
  quantize_rest<In, Out>(in, out, count, affine, max);
}

#if defined(__AVX2__)
// The commonest of them by hand: what compilers make of the loop above keeps the clamp in 32 bits and takes a third
// more time. max takes its second operand when the first is NaN.
template <>
void quantize<Float, Byte>(const void* in, void* out, std::size_t count, Affine affine, float max) {
  const auto* from = static_cast<const float*>(in);
  auto* to = static_cast<std::uint8_t*>(out);
  const auto words = [&](std::size_t i) {
    __m256 value = _mm256_mul_ps(_mm256_loadu_ps(from + i), _mm256_set1_ps(affine.multiplier));
    value = _mm256_add_ps(_mm256_add_ps(value, _mm256_set1_ps(affine.offset)), _mm256_set1_ps(0.5F));
    return _mm256_cvttps_epi32(_mm256_min_ps(_mm256_max_ps(value, _mm256_setzero_ps()), _mm256_set1_ps(max)));
  };
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i low = _mm256_packs_epi32(words(i), words(i + 8));
    const __m256i high = _mm256_packs_epi32(words(i + 16), words(i + 24));
    // The packs work on halves of a register: put its eight quads of bytes in order again.
    const __m256i bytes =
        _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), bytes);
  }
  quantize_rest<Float, Byte>(from + i, to + i, count - i, affine, max);
}
#endif

// Where the machine converts halves itself the vector loop does most, and this the rest.
FRAMELANE_INLINE std::uint16_t half_of(float value) {
  const std::int32_t bits = bits_of(value);
  const std::int32_t magnitude = bits & 0x7fffffff;
  // Normal: move the exponent's bias from 127 to 15, and round to even at bit 13.
  const std::int32_t normal = (magnitude + 0xfff + ((magnitude >> 13) & 1) - (112 << 23)) >> 13;
  // Below 2^-14: adding 0.5 moves the bits that stay to the bottom and rounds the rest away.
  const std::int32_t small = bits_of(float_of(magnitude) + 0.5F) - bits_of(0.5F);
  const std::int32_t is_small = mask(magnitude < (113 << 23));
  std::int32_t half = (small & is_small) | (normal & ~is_small);
  half = half < 0x7c00 ? half : 0x7c00;
  half |= mask(magnitude > bits_of_infinity) & 0x0200;
  return static_cast<std::uint16_t>(half | ((bits >> 16) & 0x8000));
}

FRAMELANE_INLINE float float_of_half(std::uint16_t half) {
  // The bits as a float are 2^-112 times the value, subnormal or not; infinity and NaN then need their exponent.
  const float scaled = float_of((half & 0x7fff) << 13) * float_of((127 + 112) << 23);
  const std::int32_t special = mask((half & 0x7c00) == 0x7c00) & bits_of_infinity;
  return float_of(bits_of(scaled) | special |
                  static_cast<std::int32_t>(static_cast<std::uint32_t>(half & 0x8000) << 16));
}

void float_to_half(const float* in, void* out, std::size_t count) {
  const Float::Type* __restrict from = in;
  Word::Type* __restrict to = static_cast<Word::Type*>(out);
  std::size_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= count; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
  }
#endif
  for (; i < count; ++i) {
    to[i] = half_of(from[i]);
  }
}

void half_to_float(const void* in, float* out, std::size_t count) {
  const Word::Type* __restrict from = static_cast<const Word::Type*>(in);
  Float::Type* __restrict to = out;
  std::size_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  }
#endif
  for (; i < count; ++i) {
    to[i] = float_of_half(from[i]);
  }
}

template <class Element>
void split3(const void* in, void* const* out, std::size_t count) {
  using T = typename Element::Type;
  const T* __restrict from = static_cast<const T*>(in);
  T* __restrict a = static_cast<T*>(out[0]);
  T* __restrict b = static_cast<T*>(out[1]);
  T* __restrict c = static_cast<T*>(out[2]);
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = from[3 * i];
    b[i] = from[3 * i + 1];
    c[i] = from[3 * i + 2];
  }
}

template <class Element>
void split4(const void* in, void* const* out, std::size_t count) {
  using T = typename Element::Type;
  const T* __restrict from = static_cast<const T*>(in);
  T* __restrict a = static_cast<T*>(out[0]);
  T* __restrict b = static_cast<T*>(out[1]);
  T* __restrict c = static_cast<T*>(out[2]);
  T* __restrict d = static_cast<T*>(out[3]);
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = from[4 * i];
    b[i] = from[4 * i + 1];
    c[i] = from[4 * i + 2];
    d[i] = from[4 * i + 3];
  }
}

template <class Element>
void join3(const void* const* in, void* out, std::size_t count) {
  using T = typename Element::Type;
  const T* __restrict a = static_cast<const T*>(in[0]);
  const T* __restrict b = static_cast<const T*>(in[1]);
  const T* __restrict c = static_cast<const T*>(in[2]);
  T* __restrict to = static_cast<T*>(out);
  for (std::size_t i = 0; i < count; ++i) {
    to[3 * i] = a[i];
    to[3 * i + 1] = b[i];
    to[3 * i + 2] = c[i];
  }
}

template <class Element>
void join4(const void* const* in, void* out, std::size_t count) {
  using T = typename Element::Type;
  const T* __restrict a = static_cast<const T*>(in[0]);
  const T* __restrict b = static_cast<const T*>(in[1]);
  const T* __restrict c = static_cast<const T*>(in[2]);
  const T* __restrict d = static_cast<const T*>(in[3]);
  T* __restrict to = static_cast<T*>(out);
  for (std::size_t i = 0; i < count; ++i) {
    to[4 * i] = a[i];
    to[4 * i + 1] = b[i];
    to[4 * i + 2] = c[i];
    to[4 * i + 3] = d[i];
  }
}

template <class Element>
void gather(const void* in, void* out, std::size_t count, std::ptrdiff_t step) {
  using T = typename Element::Type;
  const auto* from = static_cast<const std::uint8_t*>(in);
  T* __restrict to = static_cast<T*>(out);
  for (std::size_t i = 0; i < count; ++i, from += step) {
    to[i] = *reinterpret_cast<const T*>(from);
  }
}

template <class Element>
void scatter(const void* in, void* out, std::size_t count, std::ptrdiff_t step) {
  using T = typename Element::Type;
  const T* __restrict from = static_cast<const T*>(in);
  auto* to = static_cast<std::uint8_t*>(out);
  for (std::size_t i = 0; i < count; ++i, to += step) {
    *reinterpret_cast<T*>(to) = from[i];
  }
}

// BT.601 weights (0.299, 0.587, 0.114) in 16 bits, rounded to nearest.
template <class Element>
void luma(const void* red, const void* green, const void* blue, void* out, std::size_t count) {
  using T = typename Element::Type;
  const T* __restrict r = static_cast<const T*>(red);
  const T* __restrict g = static_cast<const T*>(green);
  const T* __restrict b = static_cast<const T*>(blue);
  T* __restrict to = static_cast<T*>(out);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t sum = 19595U * r[i] + 38470U * g[i] + 7471U * b[i] + 32768U;
    to[i] = static_cast<T>(sum >> 16);
  }
}

// NOLINTEND(modernize-use-auto)

}  // namespace

extern const Kernels table;
constinit const Kernels table = {
    {to_float<Byte>, to_float<Word>},
    {{{quantize<Byte, Byte>, quantize<Byte, Word>},
      {quantize<Word, Byte>, quantize<Word, Word>},
      {quantize<Float, Byte>, quantize<Float, Word>}}},
    float_to_half,
    half_to_float,
    {{{split3<Byte>, split4<Byte>}, {split3<Word>, split4<Word>}, {split3<Quad>, split4<Quad>}}},
    {{{join3<Byte>, join4<Byte>}, {join3<Word>, join4<Word>}, {join3<Quad>, join4<Quad>}}},
    {gather<Byte>, gather<Word>, gather<Quad>},
    {scatter<Byte>, scatter<Word>, scatter<Quad>},
    {luma<Byte>, luma<Word>},
};

}  // namespace framelane::FRAMELANE_KERNELS
