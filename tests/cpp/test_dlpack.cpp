#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "core/dlpack.hpp"
#include "core/error.hpp"

using namespace framelane;

namespace {

// A producer whose deleter counts.
struct Producer {
  std::array<float, 6> data{};
  std::array<std::int64_t, 2> shape{2, 3};
  std::array<std::int64_t, 2> strides{3, 1};
  int deleted = 0;
  dlpack::ManagedVersioned managed{};

  Producer() {
    managed.version = {1, 0};
    managed.context = this;
    managed.deleter = [](dlpack::ManagedVersioned* m) { static_cast<Producer*>(m->context)->deleted++; };
    managed.view = {.data = data.data(),
                    .device = {1, 0},
                    .rank = 2,
                    .dtype = {2, 32, 1},
                    .shape = shape.data(),
                    .strides = strides.data(),
                    .byte_offset = 0};
  }
};

TEST(DLPack, AnImportIsDeletedOnceWithItsLastTensor) {
  Producer producer;
  {
    const Tensor tensor = dlpack::import_versioned(&producer.managed);
    const Tensor copy = tensor;  // NOLINT(performance-unnecessary-copy-initialization): a second owner
    EXPECT_EQ(tensor.data(), producer.data.data());
    EXPECT_EQ(copy.shape(), (Shape{2, 3}));
    EXPECT_EQ(producer.deleted, 0);
  }
  EXPECT_EQ(producer.deleted, 1);
}

TEST(DLPack, ReadsOffsetFlagsAndMissingStrides) {
  Producer producer;
  producer.managed.flags = dlpack::flag_read_only;
  producer.managed.view.byte_offset = 4;
  producer.managed.view.strides = nullptr;
  producer.shape = {1, 5};
  const Tensor tensor = dlpack::import_versioned(&producer.managed);
  EXPECT_TRUE(tensor.read_only());
  EXPECT_EQ(tensor.data(), producer.data.data() + 1);
  EXPECT_EQ(tensor.strides(), (Shape{5, 1}));
}

TEST(DLPack, WhatIsRefusedIsDeletedToo) {
  const auto refuses = [](auto&& spoil) {
    Producer producer;
    spoil(producer.managed);
    EXPECT_THROW(static_cast<void>(dlpack::import_versioned(&producer.managed)), ShapeError);
    EXPECT_EQ(producer.deleted, 1);
  };
  refuses([](auto& m) { m.version.major = 2; });
  refuses([](auto& m) { m.view.rank = -1; });
  refuses([](auto& m) { m.view.shape = nullptr; });
  refuses([](auto& m) { m.view.data = nullptr; });
  refuses([](auto& m) { m.view.dtype.lanes = 4; });
  refuses([](auto& m) { m.view.dtype.code = 5; });
  refuses([](auto& m) { m.view.dtype.bits = 8; });
  refuses([](auto& m) { m.view.device.type = 99; });
  refuses([](auto& m) { m.view.shape[0] = -2; });
}

TEST(DLPack, AnExportHoldsItsTensor) {
  for (const bool versioned : {false, true}) {
    auto owner = std::make_shared<int>(0);
    float data[6] = {};
    Tensor tensor(owner, data, DType::float32, {2, 3});
    if (versioned) {
      auto* managed = dlpack::export_versioned(std::move(tensor), 0);
      EXPECT_EQ(owner.use_count(), 2);
      EXPECT_EQ(managed->version.major, 1U);
      managed->deleter(managed);
    } else {
      auto* managed = dlpack::export_legacy(std::move(tensor));
      EXPECT_EQ(owner.use_count(), 2);
      EXPECT_EQ(managed->view.strides[0], 3);
      managed->deleter(managed);
    }
    EXPECT_EQ(owner.use_count(), 1);
  }
}

TEST(DLPack, EveryDtypeComesBackAsItWent) {
  for (const DType dtype :
       {DType::float32, DType::uint8, DType::int8, DType::uint16, DType::int16, DType::int32, DType::int64,
        DType::boolean, DType::float16, DType::float64, DType::uint32, DType::uint64, DType::bfloat16}) {
    double data[4] = {};
    auto* managed = dlpack::export_versioned(Tensor(nullptr, data, dtype, {2}, {}, {}, true), 0);
    const Tensor back = dlpack::import_versioned(managed);
    EXPECT_EQ(back.dtype(), dtype);
    EXPECT_TRUE(back.read_only());
  }
}

}  // namespace
