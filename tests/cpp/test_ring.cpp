#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

#include "core/error.hpp"
#include "core/ring.hpp"

using namespace std::chrono_literals;
using namespace framelane;
using Clock = std::chrono::steady_clock;

namespace {

// An item that knows how many of its kind are alive.
class Counted {
 public:
  explicit Counted(int value = 0) noexcept : value_(value) { alive.fetch_add(1); }
  Counted(Counted&& other) noexcept : value_(other.value_) { alive.fetch_add(1); }
  Counted& operator=(Counted&&) noexcept = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { alive.fetch_sub(1); }
  [[nodiscard]] int value() const noexcept { return value_; }

  static inline std::atomic<int> alive{0};

 private:
  int value_;
};

struct Record {
  std::uint32_t producer;
  std::uint32_t number;
};

// Each consumer saw each producer's items in the order in which they were put, and none came out twice.
void expect_order(const std::vector<std::vector<Record>>& seen, std::uint32_t producers, std::uint32_t each) {
  std::vector<std::vector<bool>> came(producers, std::vector<bool>(each, false));
  for (const auto& records : seen) {
    std::vector<std::int64_t> last(producers, -1);
    for (const Record& record : records) {
      ASSERT_LT(record.producer, producers) << "invented";
      ASSERT_LT(record.number, each) << "invented";
      ASSERT_GT(record.number, last[record.producer]) << "out of order";
      last[record.producer] = record.number;
      ASSERT_FALSE(came[record.producer][record.number]) << "came twice";
      came[record.producer][record.number] = true;
    }
  }
}

}  // namespace

TEST(Ring, KeepsTheOrder) {
  Ring<int> ring(3);
  for (int lap = 0; lap < 5; ++lap) {
    for (int i = 0; i < 3; ++i) {
      ring.put(i);
    }
    EXPECT_EQ(ring.size(), 3U);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(ring.get(), i);
    }
  }
  EXPECT_EQ(ring.stats().high_water, 3U);
}

TEST(Ring, RefusesACapacityBelowOne) { EXPECT_THROW(Ring<int>(0), std::invalid_argument); }

TEST(Ring, NamesTheFourOverflows) {
  for (const auto overflow : {Overflow::block, Overflow::drop_oldest, Overflow::drop_newest, Overflow::raise}) {
    EXPECT_EQ(overflow_from_name(name_of(overflow)), overflow);
  }
  EXPECT_EQ(overflow_from_name("DROP_oldest"), Overflow::drop_oldest);
  EXPECT_THROW((void)overflow_from_name("drop"), std::invalid_argument);
}

TEST(Ring, WaitsNoLongerThanItsDeadline) {
  Ring<int> ring(1);
  auto start = Clock::now();
  EXPECT_THROW((void)ring.get(start + 20ms), RingTimeout);
  EXPECT_GE(Clock::now() - start, 20ms);
  ring.put(1);
  start = Clock::now();
  EXPECT_THROW(ring.put(2, start + 20ms), RingTimeout);
  EXPECT_GE(Clock::now() - start, 20ms);
  EXPECT_EQ(ring.get(), 1);
  EXPECT_EQ(ring.try_get(), std::nullopt);
}

TEST(Ring, HandsBackWhatItDrops) {
  std::vector<int> dropped;
  const auto keep = [&](std::unique_ptr<int>&& item) noexcept { dropped.push_back(*item); };
  Ring<std::unique_ptr<int>> oldest(2, Overflow::drop_oldest);
  Ring<std::unique_ptr<int>> newest(2, Overflow::drop_newest);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(oldest.put(std::make_unique<int>(i), {}, {}, keep), PutResult::done);
    EXPECT_EQ(newest.put(std::make_unique<int>(i), {}, {}, keep), i < 2 ? PutResult::done : PutResult::dropped);
  }
  EXPECT_EQ(dropped, (std::vector{0, 2, 1, 3}));
  EXPECT_EQ(*oldest.get(), 2);
  EXPECT_EQ(*newest.get(), 0);
  EXPECT_EQ(oldest.stats().dropped, 2U);
  EXPECT_EQ(newest.stats().put, 4U);
}

TEST(Ring, RaisesWhenTold) {
  Ring<int> ring(1, Overflow::raise);
  ring.put(1);
  EXPECT_THROW(ring.put(2), RingFull);
}

TEST(Ring, GivesWhatIsLeftAfterClose) {
  Ring<int> ring(4);
  ring.put(1);
  EXPECT_TRUE(ring.close());
  EXPECT_FALSE(ring.close());
  EXPECT_THROW(ring.put(2), RingClosed);
  EXPECT_EQ(ring.next(), 1);
  EXPECT_EQ(ring.next(), std::nullopt);
  EXPECT_THROW((void)ring.get(), RingClosed);
}

TEST(Ring, DestroysWhatIsLeft) {
  {
    Ring<Counted> ring(8);
    for (int i = 0; i < 11; ++i) {
      ring.put(Counted(i));
      if (i < 5) {
        EXPECT_EQ(ring.get().value(), i);
      }
    }
    EXPECT_EQ(Counted::alive, 6);
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Ring, AnInterruptEndsAWait) {
  struct Stop {};
  Ring<int> ring(1);
  const Interrupt interrupt{.check = [] { throw Stop{}; }, .period = 5ms};
  EXPECT_THROW((void)ring.get({}, interrupt), Stop);
  ring.put(1);
  EXPECT_THROW(ring.put(2, {}, interrupt), Stop);
  const RingStats stats = ring.stats();
  EXPECT_GT(stats.get_waited.count(), 0.004);
  std::this_thread::sleep_for(5ms);
  EXPECT_EQ(ring.stats().get_waited, stats.get_waited) << "the wait has ended";
}

TEST(Ring, CountsAWaitThatStillLasts) {
  Ring<int> ring(1);
  std::thread waiter([&] { (void)ring.next(); });
  while (ring.stats().get_waited < 10ms) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(ring.stats().get_waits, 1U);
  ring.close();
  waiter.join();
}

TEST(Ring, ConsiderateThreadsPassEverythingOn) {
  constexpr int items = 20000;
  Ring<int> ring(4);
  std::thread producer([&] {
    for (int item = 0; item < items; ++item) {
      int copy = item;
      while (ring.try_put(copy) == PutResult::full) {
        ring.wait_for_room({}, {}, Manner::considerate);
      }
    }
    ring.close();
  });
  int expected = 0;
  for (auto result = GetResult::empty; result != GetResult::closed;) {
    result = ring.try_get_with([&](int&& item) noexcept { EXPECT_EQ(item, expected++); });
    if (result == GetResult::empty) {
      ring.wait_for_item({}, {}, Manner::considerate);
    }
  }
  producer.join();
  EXPECT_EQ(expected, items);
}

// Any number of threads, any capacity and overflow: order, no loss, nothing invented, and the figures add up.
class RingHistory : public testing::TestWithParam<std::tuple<std::size_t, Overflow, std::uint32_t, std::uint32_t>> {};

TEST_P(RingHistory, IsInOrderAndComplete) {
  const auto [capacity, overflow, producers, consumers] = GetParam();
  constexpr std::uint32_t each = 3000;
  Ring<Record> ring(capacity, overflow);
  std::vector<std::vector<Record>> seen(consumers);
  std::vector<std::vector<Record>> dropped(producers);
  std::atomic<std::uint64_t> refused{0};
  std::vector<std::thread> putters;
  std::vector<std::thread> getters;
  for (std::uint32_t consumer = 0; consumer < consumers; ++consumer) {
    getters.emplace_back([&, consumer] {
      while (const auto record = ring.next()) {
        seen[consumer].push_back(*record);
      }
    });
  }
  for (std::uint32_t producer = 0; producer < producers; ++producer) {
    putters.emplace_back([&, producer] {
      dropped[producer].reserve(std::size_t{each} * producers);
      for (std::uint32_t number = 0; number < each; ++number) {
        try {
          ring.put({producer, number}, {}, {}, [&](Record&& record) noexcept { dropped[producer].push_back(record); });
        } catch (const RingFull&) {
          refused.fetch_add(1);
        }
      }
    });
  }
  for (auto& thread : putters) {
    thread.join();
  }
  ring.close();
  for (auto& thread : getters) {
    thread.join();
  }
  std::uint64_t got = 0;
  for (const auto& records : seen) {
    got += records.size();
  }
  std::uint64_t lost = 0;
  for (const auto& records : dropped) {
    lost += records.size();
  }
  expect_order(seen, producers, each);
  auto all = seen;
  for (const auto& records : dropped) {
    // Between those who drop there is no order: each record alone, to find what came twice or was invented.
    for (const Record& record : records) {
      all.push_back({record});
    }
  }
  expect_order(all, producers, each);
  EXPECT_EQ(got + lost + refused, std::uint64_t{each} * producers);
  const RingStats stats = ring.stats();
  EXPECT_EQ(stats.got, got);
  EXPECT_EQ(stats.dropped, lost);
  EXPECT_EQ(stats.put, got + lost);
  EXPECT_LE(stats.high_water, capacity);
  if (overflow == Overflow::block) {
    EXPECT_EQ(lost + refused, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(All, RingHistory,
                         testing::Combine(testing::Values(1, 2, 3, 64),
                                          testing::Values(Overflow::block, Overflow::drop_oldest, Overflow::drop_newest,
                                                          Overflow::raise),
                                          testing::Values(1U, 3U), testing::Values(1U, 3U)));

TEST(Ring, CloseUnderTrafficLosesNothingThatWasPut) {
  for (int round = 0; round < 200; ++round) {
    Ring<int> ring(4);
    std::atomic<int> put{0};
    std::atomic<int> got{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        try {
          for (;;) {
            ring.put(1);
            put.fetch_add(1);
          }
        } catch (const RingClosed&) {
        }
      });
      threads.emplace_back([&] {
        while (ring.next()) {
          got.fetch_add(1);
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(round));
    ring.close();
    for (auto& thread : threads) {
      thread.join();
    }
    ASSERT_EQ(put, got);
  }
}

TEST(Ring, TheLastThreadDestroysIt) {
  for (int round = 0; round < 100; ++round) {
    auto ring = std::make_shared<Ring<Counted>>(4);
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([ring] {
        try {
          for (int item = 0;; ++item) {
            ring->put(Counted(item));
          }
        } catch (const RingClosed&) {
        }
      });
      threads.emplace_back([ring] {
        for (int item = 0; item < 50 && ring->next(); ++item) {
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(round));
    ring->close();
    ring.reset();
    for (auto& thread : threads) {
      thread.join();
    }
    ASSERT_EQ(Counted::alive, 0);
  }
}

TEST(Ring, SleepersAreAllServed) {
  constexpr int rounds = 300;
  Ring<int> ring(8);
  std::atomic<int> got{0};
  std::vector<std::thread> getters;
  for (int i = 0; i < 4; ++i) {
    getters.emplace_back([&] {
      while (ring.next()) {
        got.fetch_add(1);
      }
    });
  }
  for (int round = 1; round <= rounds; ++round) {
    std::this_thread::sleep_for(100us);  // all fall asleep
    for (int i = 0; i < 4; ++i) {
      ring.put(i);
    }
    const auto patience = Clock::now() + 10s;
    while (got != round * 4) {
      ASSERT_LT(Clock::now(), patience) << "an item lies in the ring while its getter sleeps";
      std::this_thread::yield();
    }
  }
  ring.close();
  for (auto& thread : getters) {
    thread.join();
  }
}
