#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/tensor.hpp"

using namespace framelane;

TEST(Tensor, EmptyStridesMeanContiguous) {
  float data[24] = {};
  const Tensor tensor(nullptr, data, DType::float32, {2, 3, 4});
  EXPECT_EQ(tensor.strides(), (Shape{12, 4, 1}));
  EXPECT_TRUE(tensor.contiguous());
  EXPECT_EQ(tensor.nbytes(), 96U);
}

TEST(Tensor, AnEmptyTensorIsContiguousWhateverItsStrides) {
  EXPECT_TRUE(Tensor(nullptr, nullptr, DType::float32, {0, 2}, {2, -1}).contiguous());
}

TEST(Tensor, RefusesAShapeThatCannotBeCounted) {
  EXPECT_THROW(Tensor(nullptr, nullptr, DType::uint8, {-1}), ShapeError);
  EXPECT_THROW(Tensor(nullptr, nullptr, DType::uint8, {1LL << 40, 1LL << 40}), ShapeError);
  EXPECT_THROW(Tensor(nullptr, nullptr, DType::uint8, {2, 2}, {1}), ShapeError);
}
