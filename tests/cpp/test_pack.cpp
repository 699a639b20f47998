#include "image/pack.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "core/error.hpp"
#include "image/row_threads.hpp"
#include "image/unpack.hpp"

using namespace framelane;

namespace {

template <class T>
std::vector<T> random_values(std::size_t count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<T> values(count);
  for (T& value : values) {
    value = static_cast<T>(random());
  }
  return values;
}

Tensor view(std::vector<float>& data, Shape shape) { return {nullptr, data.data(), DType::float32, std::move(shape)}; }

Tensor view(std::vector<std::uint8_t>& data, Shape shape) {
  return {nullptr, data.data(), DType::uint8, std::move(shape)};
}

float value_of_half(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 0x3ff;
  const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  }
  return exponent == 0 ? sign * std::ldexp(static_cast<float>(fraction), -24)
                       : sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

std::vector<const Kernels*> tables() {
  std::vector<const Kernels*> all{&kernels_baseline::table};
#if defined(__x86_64__)
  if (machine_has_avx2()) {
    all.push_back(&kernels_avx2::table);
  }
#endif
  return all;
}

}  // namespace

TEST(Kernels, EveryHalfBecomesItsFloat) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    halves[i] = static_cast<std::uint16_t>(i);
  }
  for (const Kernels* table : tables()) {
    std::vector<float> floats(halves.size());
    table->half_to_float(halves.data(), floats.data(), floats.size());
    for (std::size_t i = 0; i < floats.size(); ++i) {
      const float expected = value_of_half(halves[i]);
      ASSERT_TRUE(std::isnan(expected)
                      ? std::isnan(floats[i])
                      : std::bit_cast<std::uint32_t>(floats[i]) == std::bit_cast<std::uint32_t>(expected))
          << i;
    }
  }
}

// Between two neighbouring halves: just below the middle goes down, just above up, the middle to the even one.
TEST(Kernels, FloatsRoundToTheNearestHalfAndTiesToEven) {
  std::vector<float> floats;
  std::vector<std::uint16_t> expected;
  for (std::uint32_t low = 0; low < 0x7bff; ++low) {
    const auto down = static_cast<std::uint16_t>(low);
    const auto up = static_cast<std::uint16_t>(low + 1);
    const auto even = low % 2 == 0 ? down : up;
    const float middle = (value_of_half(down) + value_of_half(up)) / 2;
    floats.insert(floats.end(), {std::nextafter(middle, 0.0F), middle, std::nextafter(middle, 1e9F), -middle});
    expected.insert(expected.end(), {down, even, up, static_cast<std::uint16_t>(even | 0x8000)});
  }
  for (const Kernels* table : tables()) {
    std::vector<std::uint16_t> rounded(floats.size());
    table->float_to_half(floats.data(), rounded.data(), floats.size());
    EXPECT_EQ(rounded, expected);
    const std::vector<float> ends{65519.9F, 65520.0F, 1e9F, -1e9F, std::numeric_limits<float>::infinity(),
                                  0.0F,     -0.0F,    1e-9F};
    std::vector<std::uint16_t> halves(ends.size());
    table->float_to_half(ends.data(), halves.data(), ends.size());
    EXPECT_EQ(halves, (std::vector<std::uint16_t>{0x7bff, 0x7c00, 0x7c00, 0xfc00, 0x7c00, 0, 0x8000, 0}));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::uint16_t half = 0;
    table->float_to_half(&nan, &half, 1);
    EXPECT_TRUE(std::isnan(value_of_half(half)));
  }
}

TEST(Kernels, QuantizeRoundsClampsAndTakesNanForZero) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> in{-infinity, -1e30F, -1.0F,  -0.5F,  -0.0F,  0.0F,  0.4999F,  0.5F, 1.5F, 2.5F,
                              254.4F,    254.5F, 255.0F, 255.4F, 300.0F, 1e30F, infinity, nan,  -nan, 7.0F};
  const std::vector<std::uint8_t> expected{0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 254, 255, 255, 255, 255, 255, 255, 0, 0, 7};
  for (const Kernels* table : tables()) {
    std::vector<std::uint8_t> out(in.size());
    table->quantize[2][0](in.data(), out.data(), in.size(), {}, 255.0F);
    EXPECT_EQ(out, expected);
  }
}

TEST(Kernels, AllTablesGiveTheSameBits) {
  const Kernels& baseline = kernels_baseline::table;
  const std::size_t count = 1003;  // no multiple of a vector
  auto bits = random_values<std::uint32_t>(4 * count);
  const Affine affine{0.0171247538F, -2.11790393F};
  for (const Kernels* table : tables()) {
    const auto equal = [&](auto&& run) {
      std::vector<std::uint32_t> a(4 * count);
      std::vector<std::uint32_t> b(4 * count);
      run(baseline, a);
      run(*table, b);
      EXPECT_EQ(a, b);
    };
    for (std::size_t from = 0; from < 2; ++from) {
      equal([&](const Kernels& k, auto& out) {
        k.to_float[from](bits.data(), reinterpret_cast<float*>(out.data()), count, affine);
      });
      equal([&](const Kernels& k, auto& out) {
        k.luma[from](bits.data(), bits.data() + count, bits.data() + 2 * count, out.data(), count);
      });
    }
    for (std::size_t from = 0; from < 3; ++from) {
      equal([&](const Kernels& k, auto& out) { k.quantize[from][0](bits.data(), out.data(), count, affine, 255.0F); });
      equal([&](const Kernels& k, auto& out) { k.quantize[from][1](bits.data(), out.data(), count, affine, 1023.0F); });
    }
    equal([&](const Kernels& k, auto& out) {
      std::vector<float> numbers(count);
      for (std::size_t i = 0; i < count; ++i) {
        numbers[i] = static_cast<float>(static_cast<std::int32_t>(bits[i])) * 1e-5F;
      }
      k.float_to_half(numbers.data(), out.data(), count);
    });
  }
}

TEST(Pack, PutsAPictureIntoALargerTensorAndFillsTheBorder) {
  auto pixels = random_values<std::uint8_t>(2 * 3 * 3);
  std::vector<float> data(3 * 5 * 6, -1.0F);
  PackSpec spec;
  spec.left = 1;
  spec.top = 2;
  spec.border_color = {255, 0, 51, 0};
  pack(image_from_tensor(PixelFormat::rgb24, view(pixels, {2, 3, 3})),
       mutable_region_from_tensor(view(data, {1, 3, 5, 6}), Layout::nchw), spec);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t y = 0; y < 5; ++y) {
      for (std::size_t x = 0; x < 6; ++x) {
        const bool inside = y >= 2 && y < 4 && x >= 1 && x < 4;
        const std::uint8_t pixel = inside ? pixels[((y - 2) * 3 + x - 1) * 3 + c] : spec.border_color[c];
        EXPECT_EQ(data[(c * 5 + y) * 6 + x], static_cast<float>(pixel) * (1.0F / 255.0F));
      }
    }
  }
}

TEST(Pack, RepeatsTheEdge) {
  std::vector<std::uint8_t> pixels{1, 2, 3, 4};
  std::vector<float> data(4 * 5);
  PackSpec spec;
  spec.color = ColorOrder::gray;
  spec.normalization.scale = 1.0;
  spec.left = 1;
  spec.top = 1;
  spec.border = Border::edge;
  pack(image_from_tensor(PixelFormat::gray, view(pixels, {2, 2})),
       mutable_region_from_tensor(view(data, {4, 5}), Layout::hw), spec);
  EXPECT_EQ(data, (std::vector<float>{1, 1, 2, 2, 2, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 3, 3, 4, 4, 4}));
}

TEST(Pack, ReadsPlanesUpsideDownAndMirrored) {
  auto pixels = random_values<std::uint8_t>(4 * 7);
  std::vector<std::uint8_t> turned(pixels.rbegin(), pixels.rend());
  PackSpec spec;
  spec.color = ColorOrder::gray;
  std::vector<float> expected(28);
  std::vector<float> data(28);
  const auto bytes = [](std::vector<std::uint8_t>& v) { return reinterpret_cast<std::byte*>(v.data()); };
  pack(image_from_tensor(PixelFormat::gray, view(turned, {4, 7})),
       mutable_region_from_tensor(view(expected, {4, 7}), Layout::hw), spec);
  ImageView image{PixelFormat::gray, 7, 4, {}};
  image.planes[0] = {bytes(pixels) + 27, -7, -1};
  pack(image, mutable_region_from_tensor(view(data, {4, 7}), Layout::hw), spec);
  EXPECT_EQ(data, expected);
}

// Side by side in the first row only: the planes are not taken for interleaved ones.
TEST(Pack, ReadsPlanesWithStridesOfTheirOwn) {
  auto bytes = random_values<std::uint8_t>(100);
  const auto* const base = reinterpret_cast<const std::byte*>(bytes.data());
  ImageView image{PixelFormat::gbrp, 2, 3, {}};
  for (std::ptrdiff_t i = 0; i < 3; ++i) {
    image.planes[static_cast<std::size_t>(i)] = {base + i, 10 + 7 * i, 3};
  }
  std::vector<float> data(3 * 3 * 2);
  PackSpec spec;
  spec.normalization.scale = 1.0;
  pack(image, mutable_region_from_tensor(view(data, {3, 3, 2}), Layout::chw), spec);
  const std::vector<std::size_t> plane_of{2, 0, 1};  // red, green, blue
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::size_t plane = plane_of[i / 6];
    EXPECT_EQ(data[i], bytes[plane + (10 + 7 * plane) * (i / 2 % 3) + 3 * (i % 2)]);
  }
}

// Elements of two and four bytes at odd addresses, in runs, interleaved and scattered.
TEST(Pack, WorksAtAnyAddress) {
  for (const PixelFormat format : {PixelFormat::rgb48, PixelFormat::gbrp16}) {
    for (const Layout layout : {Layout::chw, Layout::hwc}) {
      auto bytes = random_values<std::uint8_t>(1 + 40 * 3 * 2);
      std::vector<std::uint8_t> back(bytes.size());
      std::vector<std::uint8_t> out(1 + 40 * 3 * 4);
      const bool planar = info_of(format).planar;
      const Shape shape = planar ? Shape{3, 1, 40} : Shape{1, 40, 3};
      const Tensor image(nullptr, bytes.data() + 1, DType::uint16, shape);
      const Tensor again(nullptr, back.data() + 1, DType::uint16, shape);
      const Tensor tensor(nullptr, out.data() + 1, DType::float32,
                          layout == Layout::chw ? Shape{3, 1, 40} : Shape{1, 40, 3});
      pack(image_from_tensor(format, image), mutable_region_from_tensor(tensor, layout), {});
      unpack(region_from_tensor(tensor, layout), mutable_image_from_tensor(format, again), {});
      back[0] = bytes[0];
      EXPECT_EQ(back, bytes);
    }
  }
}

TEST(Pack, AndBackIsTheSamePicture) {
  auto pixels = random_values<std::uint8_t>(33 * 517 * 4);
  std::vector<std::uint8_t> back(pixels.size());
  std::vector<float> data(2 * 4 * 33 * 517);
  PackSpec spec;
  spec.color = ColorOrder::bgra;
  spec.normalization.mean = {0.4, 0.5, 0.6, 0.0};
  spec.normalization.std = {0.2, 0.3, 0.4, 1.0};
  const Tensor tensor = view(data, {2, 4, 33, 517});
  pack(image_from_tensor(PixelFormat::rgba, view(pixels, {33, 517, 4})),
       mutable_region_from_tensor(tensor, Layout::nchw, 1), spec);
  unpack(region_from_tensor(tensor, Layout::nchw, 1),
         mutable_image_from_tensor(PixelFormat::rgba, view(back, {33, 517, 4})), {spec.color, spec.normalization, {}});
  EXPECT_EQ(back, pixels);
}

TEST(Pack, RefusesWhatDoesNotFit) {
  auto pixels = random_values<std::uint8_t>(4 * 4 * 3);
  std::vector<float> data(3 * 4 * 4);
  const ImageView image = image_from_tensor(PixelFormat::rgb24, view(pixels, {4, 4, 3}));
  const MutableTensorRegion region = mutable_region_from_tensor(view(data, {3, 4, 4}), Layout::chw);
  PackSpec spec;
  spec.left = 1;
  EXPECT_THROW(pack(image, region, spec), ShapeError);
  spec.left = -1;
  EXPECT_THROW(pack(image, region, spec), ShapeError);
  spec = {};
  spec.part = Rect{2, 0, 3, 4};
  EXPECT_THROW(pack(image, region, spec), ShapeError);
  spec = {};
  spec.color = ColorOrder::gray;
  EXPECT_THROW(pack(image, region, spec), ShapeError);
  spec = {};
  spec.normalization.std[1] = 0.0;
  EXPECT_THROW(pack(image, region, spec), ShapeError);
  EXPECT_THROW((void)image_from_tensor(PixelFormat::gbrp, view(pixels, {4, 4, 3})), ShapeError);
  EXPECT_THROW((void)region_from_tensor(view(data, {3, 4, 4}), Layout::nchw), ShapeError);
  EXPECT_THROW((void)region_from_tensor(view(data, {3, 4, 4}), Layout::hwc, 1), ShapeError);
  const Tensor read_only(nullptr, data.data(), DType::float32, {3, 4, 4}, {}, {}, true);
  EXPECT_THROW((void)mutable_region_from_tensor(read_only, Layout::chw), ShapeError);
}

TEST(Pack, RefusesSharedMemory) {
  std::vector<std::uint8_t> bytes(64);
  const Tensor picture(nullptr, bytes.data(), DType::uint8, {4, 4, 3});
  const Tensor tensor(nullptr, bytes.data() + 47, DType::uint8, {1, 4, 4});
  PackSpec spec;
  spec.color = ColorOrder::gray;
  EXPECT_THROW(
      pack(image_from_tensor(PixelFormat::rgb24, picture), mutable_region_from_tensor(tensor, Layout::chw), spec),
      ShapeError);
  const Tensor behind(nullptr, bytes.data() + 48, DType::uint8, {1, 4, 4});
  EXPECT_NO_THROW(
      pack(image_from_tensor(PixelFormat::rgb24, picture), mutable_region_from_tensor(behind, Layout::chw), spec));
}

TEST(RowThreads, EachRowOnceWhateverTheNumberOfThreads) {
  for (const int threads : {-1, 0, 1, 2, 3, 7, 100}) {
    for (const std::int64_t height : {0, 1, 2, 5, 97}) {
      std::vector<int> seen(static_cast<std::size_t>(height));  // each row belongs to one thread
      for_rows(height, 100 * bytes_worth_a_thread, threads, [&seen](std::int64_t first, std::int64_t last) {
        for (std::int64_t y = first; y < last; ++y) {
          ++seen[static_cast<std::size_t>(y)];
        }
      });
      EXPECT_EQ(seen, std::vector<int>(static_cast<std::size_t>(height), 1));
    }
  }
}

TEST(RowThreads, GiveTheSameBits) {
  const std::int64_t width = 1000;
  const std::int64_t height = 1300;
  auto pixels = random_values<std::uint8_t>(static_cast<std::size_t>(width * height * 3));
  std::vector<float> one(pixels.size());
  std::vector<float> three(pixels.size());
  const ImageView image = image_from_tensor(PixelFormat::rgb24, view(pixels, {height, width, 3}));
  pack(image, mutable_region_from_tensor(view(one, {3, height, width}), Layout::chw), {});
  pack(image, mutable_region_from_tensor(view(three, {3, height, width}), Layout::chw), {}, 3);
  EXPECT_EQ(one, three);
}
