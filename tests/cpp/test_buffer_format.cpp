#include <gtest/gtest.h>

#include <bit>

#include "core/buffer_format.hpp"
#include "core/error.hpp"

using namespace framelane;

namespace {

constexpr DType named[] = {DType::float32, DType::uint8,   DType::int8,   DType::uint16,
                           DType::int16,   DType::int32,   DType::int64,  DType::boolean,
                           DType::float16, DType::float64, DType::uint32, DType::uint64};

TEST(BufferFormat, EveryFormatIsReadBack) {
  for (const DType dtype : named) {
    EXPECT_EQ(dtype_from_format(format_of(dtype), item_size(dtype)), dtype);
    EXPECT_EQ(dtype_from_format(std::string("=") + format_of(dtype), item_size(dtype)), dtype);
  }
  EXPECT_EQ(format_of(DType::bfloat16), nullptr);
  EXPECT_EQ(typestr_of(DType::bfloat16), "");
}

TEST(BufferFormat, TheSizeDecidesAboutLong) {
  EXPECT_EQ(dtype_from_format("l", 8), DType::int64);
  EXPECT_EQ(dtype_from_format("=l", 4), DType::int32);
  EXPECT_EQ(dtype_from_format("q", 8), DType::int64);
  EXPECT_EQ(dtype_from_format("N", 8), DType::uint64);
  EXPECT_EQ(dtype_from_format("", 1), DType::uint8);
}

TEST(BufferFormat, TheOtherByteOrderIsRefusedButForBytes) {
  const bool little = std::endian::native == std::endian::little;
  const std::string other = little ? ">" : "<";
  EXPECT_THROW(static_cast<void>(dtype_from_format(other + "f", 4)), ShapeError);
  EXPECT_EQ(dtype_from_format(other + "B", 1), DType::uint8);
  EXPECT_EQ(dtype_from_format(little ? "<f" : ">f", 4), DType::float32);
}

TEST(BufferFormat, WhatIsNoNumberIsRefused) {
  for (const char* format : {"O", "Zd", "10s", "T{B:a:}", "x", "c", "P", "3f", "w", "=", "g"}) {
    EXPECT_THROW(static_cast<void>(dtype_from_format(format, 8)), ShapeError) << format;
  }
}

TEST(BufferFormat, TypestrSaysOrderKindAndSize) {
  const std::string order = std::endian::native == std::endian::little ? "<" : ">";
  EXPECT_EQ(typestr_of(DType::float16), order + "f2");
  EXPECT_EQ(typestr_of(DType::uint64), order + "u8");
  EXPECT_EQ(typestr_of(DType::int32), order + "i4");
  EXPECT_EQ(typestr_of(DType::uint8), "|u1");
  EXPECT_EQ(typestr_of(DType::boolean), "|b1");
}

}  // namespace
