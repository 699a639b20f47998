#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "ort/io_binding.hpp"
#include "ort/runtime_text.hpp"
#include "ort/session.hpp"

using namespace framelane;
using namespace framelane::ort;

namespace {

const std::filesystem::path models = FRAMELANE_TEST_MODELS;

// The C++ tests are the only ones that open the library by path.
class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* library = std::getenv("FRAMELANE_TEST_ONNXRUNTIME");
    if (library == nullptr) {
      GTEST_SKIP() << "needs ONNX Runtime: FRAMELANE_TEST_ONNXRUNTIME=.../onnxruntime/capi/libonnxruntime.so.1.x.y";
    }
    Environment::open(library);
  }

  [[nodiscard]] static std::shared_ptr<const Session> load(const char* name) {
    SessionOptions options;
    options.intra_op_threads = 1;
    return std::make_shared<const Session>(models / (std::string(name) + ".onnx"), options);
  }
};

Tensor filled(Shape shape, float number) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  auto memory = std::make_shared<std::vector<float>>(count, number);
  return {memory, memory->data(), DType::float32, std::move(shape)};
}

float first_of(const Tensor& tensor) { return *static_cast<const float*>(tensor.data()); }

}  // namespace

TEST_F(SessionTest, SaysWhatTheModelTakes) {
  const auto session = load("01_weighted");
  ASSERT_EQ(session->inputs().size(), 1U);
  EXPECT_EQ(session->inputs()[0].name, "x");
  EXPECT_EQ(describe(session->inputs()[0]), "float32 (N, 3, H, W)");
  EXPECT_FALSE(session->inputs()[0].fixed_shape());
  EXPECT_EQ(session->metadata().producer, "framelane-cases");
}

TEST_F(SessionTest, OutputsOutliveTheSession) {
  auto session = load("any_identity");
  const std::vector<Tensor> inputs = {filled({1, 3, 4, 4}, 0.5F)};
  const std::vector<Tensor> outputs = session->run(inputs);
  session.reset();
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].shape(), (Shape{1, 3, 4, 4}));
  EXPECT_EQ(first_of(outputs[0]), 0.5F);
  EXPECT_NE(outputs[0].data(), inputs[0].data());
}

TEST_F(SessionTest, RefusesWhatDoesNotFit) {
  const auto session = load("any_identity");
  const auto run = [&](const Tensor& tensor) { static_cast<void>(session->run(std::array{tensor})); };
  EXPECT_THROW(run(filled({3, 4, 4}, 0)), ShapeError);
  EXPECT_THROW(run(Tensor(nullptr, nullptr, DType::uint8, {1, 3, 0, 0})), ShapeError);
  EXPECT_THROW(static_cast<void>(session->run({})), ShapeError);
  const Tensor whole = filled({1, 3, 4, 8}, 0);
  EXPECT_THROW(run(Tensor(whole.owner(), whole.data(), DType::float32, {1, 3, 4, 4}, {96, 32, 8, 2})), ShapeError);
}

TEST_F(SessionTest, SaysWhyAModelCannotBeLoaded) {
  EXPECT_THROW(load("06_ir_99"), ModelError);
  EXPECT_THROW(load("any_strings"), ModelError);
  EXPECT_THROW(load("no_such_model"), ModelError);
  EXPECT_THROW(Session(std::span<const std::byte>{}, SessionOptions{}), ModelError);
}

TEST_F(SessionTest, RefusedOptionsAreNamed) {
  SessionOptions options;
  options.custom_operator_libraries = {"/no/such/library.so"};
  try {
    const Session session(models / "any_identity.onnx", options);
    FAIL() << "was loaded";
  } catch (const LoadError& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/library.so"), std::string::npos);
  }
}

TEST_F(SessionTest, ABindingReadsAndWritesInPlace) {
  IoBinding binding(load("any_identity"));
  const Tensor input = filled({1, 3, 2, 2}, 1);
  const Tensor output = filled({1, 3, 2, 2}, 0);
  EXPECT_THROW(binding.run(), Error);
  binding.bind_input(0, input);
  EXPECT_THROW(static_cast<void>(binding.output(0)), Error);
  binding.bind_output(0, output);
  for (const float number : {2.0F, 3.0F}) {
    std::fill_n(static_cast<float*>(input.data()), input.size(), number);
    binding.run();
    EXPECT_EQ(first_of(output), number);
    EXPECT_EQ(binding.output(0).data(), output.data());
  }
}

TEST_F(SessionTest, AnAllocatedOutputIsTheCallersToKeep) {
  IoBinding binding(load("any_identity"));
  std::vector<Tensor> kept;
  for (const std::int64_t size : {2, 5, 1, 2}) {
    binding.bind_input(0, filled({1, 3, size, size}, static_cast<float>(size)));
    binding.run();
    kept.push_back(binding.output(0));
  }
  EXPECT_EQ(kept[1].shape(), (Shape{1, 3, 5, 5}));
  EXPECT_EQ(first_of(kept[0]), 2.0F);
  EXPECT_EQ(first_of(kept[1]), 5.0F);
  EXPECT_NE(kept[0].data(), kept[3].data());
}

TEST_F(SessionTest, AnOutputOfAnotherSizeIsAShapeError) {
  IoBinding binding(load("any_identity"));
  binding.bind_input(0, filled({1, 3, 2, 2}, 1));
  binding.bind_output(0, filled({1, 3, 4, 4}, 0));
  EXPECT_THROW(binding.run(), ShapeError);
  binding.bind_output_allocated(0);
  binding.run();
  EXPECT_EQ(binding.output(0).shape(), (Shape{1, 3, 2, 2}));
}

TEST_F(SessionTest, ThreadsRunOneSession) {
  const auto session = load("any_identity");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([session, number = static_cast<float>(i)] {
      IoBinding binding(session);
      binding.bind_input(0, filled({1, 3, 16, 16}, number));
      for (int turn = 0; turn < 200; ++turn) {
        binding.run();
        EXPECT_EQ(first_of(binding.output(0)), number);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(SessionTest, TerminatedRunsSaySo) {
  const auto session = load("any_identity");
  const RunOptions options;
  options.terminate();
  const std::vector<Tensor> inputs = {filled({1, 3, 2, 2}, 1)};
  EXPECT_THROW(static_cast<void>(session->run(inputs, &options)), RunTerminated);
  options.reset();
  EXPECT_EQ(session->run(inputs, &options).size(), 1U);
}

namespace {

const void* no_table(std::uint32_t) { return nullptr; }
const char* old_version() { return "1.23.2"; }
const char* major_version() { return "2.0.0"; }

// A table that ends where version 1.24's does: each slot has the same function.
const void* short_table(std::uint32_t version) {
  static std::array<const void*, 415> table{};
  table.fill(reinterpret_cast<const void*>(&no_table));
  return version == 24 ? table.data() : nullptr;
}
const char* oldest_version() { return "1.24.4"; }

}  // namespace

TEST(Api, RefusesARuntimeThatIsTooOldWithoutReadingItsTable) {
  EXPECT_THROW(Api({no_table, old_version}), LibraryVersionError);
  EXPECT_THROW(Api({no_table, major_version}), LibraryVersionError);
}

TEST(Api, AsksForNoMoreThanTheRuntimeHas) {
  const Api api({short_table, oldest_version});
  EXPECT_EQ(api.version, 24U);
  EXPECT_TRUE(api.Run.available());
}

TEST(Api, ARowNewerThanTheRuntimeIsRefusedAndNotRead) {
  Function<void()> newer("Newer", 25);
  newer.read(nullptr, 1000, 24);
  EXPECT_FALSE(newer.available());
  EXPECT_THROW(newer(), LibraryVersionError);
}

TEST(Api, RowsAreInOrderAndWithinTheOldestTable) {
  EXPECT_TRUE(std::is_sorted(std::begin(api_rows), std::end(api_rows),
                             [](const ApiRow& a, const ApiRow& b) { return a.slot < b.slot; }));
  for (const ApiRow& row : api_rows) {
    EXPECT_LE(row.since, static_cast<int>(newest_api)) << row.name;
    EXPECT_TRUE(row.slot < 415 || row.since > static_cast<int>(oldest_api)) << row.name;
  }
}

TEST(RuntimeText, LosesThePlacesInItsSources) {
  EXPECT_EQ(
      without_source_places("Load model from a b.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:256 "
                            "onnxruntime::Model::Model(onnx::ModelProto&&, const std::vector<int (*)()>*) "
                            "Unsupported model IR version: 99\n"),
      "Load model from a b.onnx failed: Unsupported model IR version: 99");
  EXPECT_EQ(without_source_places("tensorprotoutils.cc:619 Check path: \"/a/b.bin\""), "Check path: \"/a/b.bin\"");
  EXPECT_EQ(without_source_places("a.h:4 void ns::Call(int) const [with T = float; U = int[3]] x == 1 was false."),
            "x == 1 was false.");
  EXPECT_EQ(without_source_places("at 12:30 in model.cc:x and f(ns::a)"), "at 12:30 in model.cc:x and f(ns::a)");
  EXPECT_EQ(without_source_places("a.cc:1 ns::f(int"), "ns::f(int");
  EXPECT_EQ(without_source_places(""), "no reason given");
}

TEST(RuntimeText, NamesTheNodeThatFailed) {
  EXPECT_EQ(describe_failed_run("Non-zero status code returned while running Conv node. Name:'c1' Status Message: bad"),
            "node 'c1' (Conv): bad");
  EXPECT_EQ(describe_failed_run("something else"), "something else");
}
