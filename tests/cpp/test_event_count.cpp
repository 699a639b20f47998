#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/event_count.hpp"

using namespace std::chrono_literals;
using framelane::EventCount;
using framelane::Wake;

TEST(EventCount, WaitsNoLongerThanItsDeadline) {
  EventCount events;
  const auto start = std::chrono::steady_clock::now();
  const auto ticket = events.prepare();
  EXPECT_EQ(events.wait(ticket, start + 20ms), Wake::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
  EXPECT_FALSE(events.has_waiters());
}

TEST(EventCount, NoWakeUpIsLost) {
  constexpr int rounds = 20000;
  EventCount events;
  std::atomic<int> value{0};
  std::thread waiter([&] {
    for (int expected = 1; expected <= rounds; ++expected) {
      while (value.load() < expected) {
        const auto ticket = events.prepare();
        if (value.load() >= expected) {
          events.cancel();
        } else {
          ASSERT_NE(events.wait(ticket, std::chrono::steady_clock::now() + 10s), Wake::timed_out);
        }
      }
    }
  });
  for (int i = 0; i < rounds; ++i) {
    value.fetch_add(1);
    events.notify_one();
  }
  waiter.join();
}
