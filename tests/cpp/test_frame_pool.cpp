#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "core/frame_pool.hpp"

using namespace framelane;
using namespace std::chrono_literals;

namespace {

std::chrono::steady_clock::time_point in(std::chrono::milliseconds wait) {
  return std::chrono::steady_clock::now() + wait;
}

TEST(FramePool, LendsAlignedSlotsThatDoNotOverlap) {
  const auto pool = FramePool::create({DType::float32, {3, 7}}, 5);
  std::vector<Tensor> lent;
  std::set<std::uintptr_t> addresses;
  while (auto tensor = pool->try_acquire()) {
    const auto address = reinterpret_cast<std::uintptr_t>(tensor->data());
    EXPECT_EQ(address % FramePool::alignment, 0U);
    EXPECT_TRUE(addresses.empty() || address >= *addresses.rbegin() + tensor->nbytes());
    addresses.insert(address);
    std::memset(tensor->data(), 0xAB, tensor->nbytes());
    lent.push_back(*tensor);
  }
  EXPECT_EQ(lent.size(), 5U);
  EXPECT_EQ(pool->available(), 0U);
  EXPECT_EQ(lent[0].shape(), (Shape{3, 7}));
  EXPECT_FALSE(lent[0].read_only());
}

TEST(FramePool, ASlotIsFreeWhenItsLastTensorIsGone) {
  const auto pool = FramePool::create({DType::uint8, {8}}, 1);
  std::optional<Tensor> first = pool->acquire();
  std::optional<Tensor> second = first;
  first.reset();
  EXPECT_FALSE(pool->try_acquire());
  second.reset();
  EXPECT_TRUE(pool->try_acquire());
}

TEST(FramePool, ATensorOutlivesItsPool) {
  auto pool = FramePool::create({DType::uint8, {4096}}, 2);
  const Tensor tensor = pool->acquire();
  const std::weak_ptr<FramePool> gone = pool;
  pool.reset();
  EXPECT_FALSE(gone.expired());
  std::memset(tensor.data(), 1, tensor.nbytes());
}

TEST(FramePool, IsGoneWithItsLastTensor) {
  auto pool = FramePool::create({DType::uint8, {4096}}, 2);
  std::optional<Tensor> tensor = pool->acquire();
  const std::weak_ptr<FramePool> gone = pool;
  pool.reset();
  tensor.reset();
  EXPECT_TRUE(gone.expired());
}

TEST(FramePool, WaitsUntilTheDeadline) {
  const auto pool = FramePool::create({DType::uint8, {8}}, 1);
  const Tensor held = pool->acquire();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(static_cast<void>(pool->acquire(in(30ms))), RingTimeout);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
  const FramePoolStats stats = pool->stats();
  EXPECT_EQ(stats.waits, 1U);
  EXPECT_GE(stats.waited, 29ms);
  EXPECT_EQ(stats.acquired, 1U);
  EXPECT_EQ(stats.high_water, 1U);
}

TEST(FramePool, CloseWakesWhoeverWaits) {
  const auto pool = FramePool::create({DType::uint8, {8}}, 1);
  const Tensor held = pool->acquire();
  std::vector<std::thread> waiters;
  std::atomic<int> refused{0};
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      try {
        static_cast<void>(pool->acquire(in(30s)));
      } catch (const RingClosed&) {
        refused.fetch_add(1);
      }
    });
  }
  while (pool->stats().waits < 3) {
    std::this_thread::yield();
  }
  const auto start = std::chrono::steady_clock::now();
  pool->close();
  pool->close();
  for (auto& waiter : waiters) {
    waiter.join();
  }
  EXPECT_EQ(refused.load(), 3);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_THROW(static_cast<void>(pool->try_acquire()), RingClosed);
}

TEST(FramePool, AnInterruptedWaitEndsInWhatTheHookThrows) {
  const auto pool = FramePool::create({DType::uint8, {8}}, 1);
  const Tensor held = pool->acquire();
  const Interrupt interrupt{.check = [] { throw std::runtime_error("interrupted"); }, .period = 1ms};
  EXPECT_THROW(static_cast<void>(pool->acquire(in(30s), interrupt)), std::runtime_error);
  EXPECT_EQ(pool->available(), 0U);
}

TEST(FramePool, RefusesWhatCannotBe) {
  EXPECT_THROW(static_cast<void>(FramePool::create({DType::uint8, {8}}, 0)), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(FramePool::create({DType::uint8, {-1}}, 1)), ShapeError);
  EXPECT_THROW(static_cast<void>(FramePool::create({DType::float64, {std::int64_t{1} << 61}}, 1)), ShapeError);
  EXPECT_THROW(static_cast<void>(FramePool::create({DType::uint8, {std::int64_t{1} << 60}}, 64)), DeviceMemoryError);
  try {
    static_cast<void>(FramePool::create({DType::uint8, {1 << 20, 1 << 20}}, 4));
    FAIL() << "four terabytes were there";
  } catch (const DeviceMemoryError& error) {
    EXPECT_EQ(error.asked(), std::size_t{1} << 42U);
    EXPECT_LE(error.free(), error.total());
  }
}

TEST(FramePool, EmptyFramesHaveSlotsToo) {
  const auto pool = FramePool::create({DType::float32, {0, 4}}, 2);
  const Tensor first = pool->acquire();
  const Tensor second = pool->acquire();
  EXPECT_NE(first.data(), second.data());
  EXPECT_FALSE(pool->try_acquire());
}

// Each holder counts itself in and out of its slot. Two at a time, the first given back first, so that the top of the
// stack of free slots is often the same slot as a moment ago above another one.
TEST(FramePool, NeverLendsASlotTwice) {
  constexpr int threads = 4;
  constexpr int rounds = 100'000;
  const auto pool = FramePool::create({DType::int64, {8}}, 5);
  std::atomic<int> lent_twice{0};
  std::atomic<std::uint64_t> lent{0};
  const auto enter = [&](const Tensor& tensor) {
    std::atomic_ref<std::int64_t> holders(*static_cast<std::int64_t*>(tensor.data()));
    lent_twice.fetch_add(holders.fetch_add(1, std::memory_order_relaxed) == 0 ? 0 : 1, std::memory_order_relaxed);
    lent.fetch_add(1, std::memory_order_relaxed);
  };
  const auto leave = [](std::optional<Tensor>& tensor) {
    std::atomic_ref<std::int64_t>(*static_cast<std::int64_t*>(tensor->data())).fetch_sub(1, std::memory_order_relaxed);
    tensor.reset();
  };
  std::vector<std::thread> workers;
  for (int id = 0; id < threads; ++id) {
    workers.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        std::optional<Tensor> first = pool->try_acquire();
        std::optional<Tensor> second = pool->try_acquire();
        for (std::optional<Tensor>* tensor : {&first, &second}) {
          if (*tensor) {
            enter(**tensor);
          }
        }
        for (std::optional<Tensor>* tensor : {&first, &second}) {
          if (*tensor) {
            leave(*tensor);
          }
        }
      }
    });
  }
  for (auto& worker : workers) {
    worker.join();
  }
  EXPECT_EQ(lent_twice.load(), 0);
  EXPECT_EQ(pool->stats().acquired, lent.load());
  EXPECT_EQ(pool->stats().available, 5U);
  EXPECT_LE(pool->stats().high_water, 5U);
  std::vector<Tensor> all;
  while (auto tensor = pool->try_acquire()) {
    all.push_back(*tensor);
  }
  EXPECT_EQ(all.size(), 5U);
}

// More threads than slots, all waiting for one: nobody is forgotten.
TEST(FramePool, EveryWaiterGetsASlot) {
  const auto pool = FramePool::create({DType::int64, {8}}, 2);
  std::vector<std::thread> workers;
  for (int id = 0; id < 6; ++id) {
    workers.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        const Tensor tensor = pool->acquire(in(30s));
        if (round % 64 == 0) {
          std::this_thread::yield();
        }
      }
    });
  }
  for (auto& worker : workers) {
    worker.join();
  }
  EXPECT_EQ(pool->stats().acquired, 12000U);
  EXPECT_EQ(pool->available(), 2U);
}

// Slots go back in another thread than the one that got them, as between a reader and a writer.
TEST(FramePool, SlotsReturnInOtherThreads) {
  constexpr int rounds = 5000;
  auto pool = FramePool::create({DType::uint8, {64}}, 4);
  std::array<std::atomic<Tensor*>, 8> mailbox{};
  std::thread consumer([&] {
    for (int taken = 0; taken < rounds;) {
      for (auto& box : mailbox) {
        if (Tensor* tensor = box.exchange(nullptr)) {
          delete tensor;
          ++taken;
        }
      }
      std::this_thread::yield();
    }
  });
  for (int round = 0; round < rounds; ++round) {
    auto* tensor = new Tensor(pool->acquire(in(30s)));
    for (std::size_t i = 0;; i = (i + 1) % mailbox.size()) {
      Tensor* expected = nullptr;
      if (mailbox[i].compare_exchange_strong(expected, tensor)) {
        break;
      }
    }
  }
  consumer.join();
  EXPECT_EQ(pool->available(), 4U);
}

TEST(FramePool, TheLastTensorMayTakeThePoolWithItInAnyThread) {
  for (int round = 0; round < 200; ++round) {
    auto pool = FramePool::create({DType::uint8, {64}}, 2);
    std::thread first([tensor = pool->acquire()]() mutable { tensor = Tensor(); });
    std::thread second([tensor = pool->acquire()]() mutable { tensor = Tensor(); });
    pool.reset();
    first.join();
    second.join();
  }
}

}  // namespace
