#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <numeric>

#include "core/error.hpp"
#include "core/tensor_copy.hpp"

using namespace framelane;

namespace {

std::array<std::int32_t, 24> numbers() {
  std::array<std::int32_t, 24> values{};
  std::iota(values.begin(), values.end(), 0);
  return values;
}

TEST(TensorCopy, FollowsTheStrides) {
  auto data = numbers();
  const Tensor transposed(nullptr, data.data(), DType::int32, {4, 6}, {1, 4}, {}, true);
  const Tensor copy = contiguous_copy(transposed);
  const auto* values = static_cast<const std::int32_t*>(copy.data());
  EXPECT_EQ(values[1], 4);
  EXPECT_EQ(values[6], 1);
  EXPECT_TRUE(copy.contiguous());
  EXPECT_FALSE(copy.read_only());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(copy.data()) % 64, 0U);
}

TEST(TensorCopy, TakesReversedRepeatedScalarAndEmpty) {
  auto data = numbers();
  const Tensor reversed = contiguous_copy(Tensor(nullptr, data.data() + 23, DType::int32, {24}, {-1}));
  EXPECT_EQ(static_cast<const std::int32_t*>(reversed.data())[0], 23);
  const Tensor repeated = contiguous_copy(Tensor(nullptr, data.data() + 5, DType::int32, {3, 2}, {0, 1}));
  EXPECT_EQ(static_cast<const std::int32_t*>(repeated.data())[4], 5);
  const Tensor scalar = contiguous_copy(Tensor(nullptr, data.data() + 7, DType::int32, {}));
  EXPECT_EQ(*static_cast<const std::int32_t*>(scalar.data()), 7);
  EXPECT_EQ(contiguous_copy(Tensor(nullptr, nullptr, DType::int32, {0, 3})).size(), 0);
}

TEST(TensorCopy, RefusesMemoryThatTheHostCannotRead) {
  const Tensor tensor(nullptr, nullptr, DType::int32, {2}, {}, {DeviceType::cuda, 1});
  EXPECT_THROW(static_cast<void>(contiguous_copy(tensor)), NoDeviceError);
}

TEST(TensorViews, ShareTheMemoryAndItsRights) {
  auto data = numbers();
  const Tensor tensor(nullptr, data.data(), DType::int32, {4, 6}, {}, {}, true);
  const Tensor reshaped = reshape(tensor, {2, 12});
  EXPECT_EQ(reshaped.data(), tensor.data());
  EXPECT_TRUE(reshaped.read_only());
  EXPECT_EQ(view_as(tensor, DType::float32).dtype(), DType::float32);
  EXPECT_THROW(static_cast<void>(reshape(tensor, {5, 5})), ShapeError);
  EXPECT_THROW(static_cast<void>(view_as(tensor, DType::float16)), ShapeError);
  EXPECT_THROW(static_cast<void>(reshape(Tensor(nullptr, data.data(), DType::int32, {6, 4}, {1, 6}), {24})),
               ShapeError);
}

}  // namespace
