#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "engine/watchdog.hpp"

using namespace std::chrono_literals;
using framelane::Activity;
using framelane::Alarm;
using framelane::Deadline;
using framelane::NativeCall;
using framelane::NativeWork;
using framelane::Phase;
using framelane::Watchdog;
using framelane::WatchedStage;

namespace {

constexpr std::int64_t millisecond = 1'000'000;

WatchedStage stage(const char* name, const std::shared_ptr<Activity>& activity, std::int64_t stall_after) {
  WatchedStage result;
  result.name = name;
  result.workers = {activity};
  result.stall_after = stall_after;
  return result;
}

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

}  // namespace

TEST(Watchdog, ReportsTheStageThatIsStuck) {
  const auto waiting = std::make_shared<Activity>();
  const auto stuck = std::make_shared<Activity>();
  waiting->enter(Phase::waiting_input);
  stuck->work_on(3);
  Watchdog watchdog(200 * millisecond);
  watchdog.add(stage("wait", waiting, 200 * millisecond));
  watchdog.add(stage("blend", stuck, 200 * millisecond));
  const auto start = std::chrono::steady_clock::now();
  watchdog.start();
  const auto event = watchdog.wait(in(10s));
  ASSERT_TRUE(event);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 150ms);
  EXPECT_FALSE(event->posted);
  EXPECT_EQ(event->stage, 1U);
  EXPECT_EQ(event->verdict.alarm, Alarm::stuck);
  EXPECT_EQ(event->verdict.frame, 3);
  watchdog.acknowledge();
}

TEST(Watchdog, ReportsThatAllWaitForEachOther) {
  const auto source = std::make_shared<Activity>();
  const auto sink = std::make_shared<Activity>();
  sink->enter(Phase::waiting_input);
  std::atomic<bool> done{false};
  std::thread thread([&] {
    source->attach();
    source->work_on(8);
    source->enter(Phase::waiting_output);
    const NativeCall call(std::make_shared<const NativeWork>(NativeWork{"wait for a slot", nullptr}));
    done.wait(false);
    source->detach();
  });
  Watchdog watchdog(100 * millisecond);
  watchdog.add(stage("read", source, 100 * millisecond));
  watchdog.add(stage("write", sink, 100 * millisecond));
  watchdog.start();
  const auto event = watchdog.wait(in(10s));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->stage, 0U);
  EXPECT_EQ(event->verdict.alarm, Alarm::starved);
  watchdog.acknowledge();
  EXPECT_FALSE(watchdog.wait(in(300ms))) << "once is enough";
  done.store(true);
  done.notify_one();
  thread.join();
}

TEST(Watchdog, PassesOnWhatIsPosted) {
  Watchdog watchdog(0);
  watchdog.start();
  EXPECT_FALSE(watchdog.wait(in(5ms)));
  std::thread poster([&] {
    std::this_thread::sleep_for(10ms);
    watchdog.post(7);
  });
  const auto event = watchdog.wait(std::nullopt);
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->posted);
  EXPECT_EQ(event->code, 7);
  poster.join();
  watchdog.stop();
  watchdog.stop();
}

// For ThreadSanitizer: workers come, go and move while the watchdog looks.
TEST(Watchdog, LooksWhileTheStagesWork) {
  Watchdog watchdog(50 * millisecond);
  std::vector<std::shared_ptr<Activity>> activities;
  for (int i = 0; i < 3; ++i) {
    activities.push_back(std::make_shared<Activity>());
    auto watched = stage("work", activities.back(), 50 * millisecond);
    watched.has_helper_threads = true;
    watchdog.add(watched);
  }
  watchdog.claim({framelane::this_thread_id()});
  watchdog.start();
  std::vector<std::thread> threads;
  for (const auto& activity : activities) {
    threads.emplace_back([activity] {
      activity->attach();
      for (int i = 0; i < 100; ++i) {
        activity->work_on(i);
        const NativeCall call(std::make_shared<const NativeWork>(NativeWork{"call", nullptr}));
        std::this_thread::sleep_for(1ms);
        activity->enter(Phase::waiting_output);
        activity->add_left();
      }
      activity->detach();
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_FALSE(watchdog.wait(in(0ms)));
}

TEST(Watchdog, IsDestroyedWithMailInTheBox) {
  const auto stuck = std::make_shared<Activity>();
  stuck->work_on(1);
  Watchdog watchdog(10 * millisecond);
  watchdog.add(stage("blend", stuck, 10 * millisecond));
  watchdog.start();
  std::this_thread::sleep_for(100ms);
}
