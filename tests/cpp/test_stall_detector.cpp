#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "engine/stall_detector.hpp"

using namespace std::chrono_literals;
using framelane::Activity;
using framelane::Alarm;
using framelane::NativeCall;
using framelane::NativeWork;
using framelane::Phase;
using framelane::StallDetector;
using framelane::ThreadSet;
using framelane::WatchedStage;

namespace {

constexpr std::int64_t second = 1'000'000'000;

// A worker of a stage on a thread of its own, which sleeps or burns processor time until the end.
class Worker {
 public:
  explicit Worker(bool burn, std::shared_ptr<const NativeWork> call = nullptr)
      : thread_([this, burn, call] {
          activity->attach();
          activity->work_on(17);
          const NativeCall guard(call);
          ready_.store(true);
          ready_.notify_one();
          if (burn) {
            while (!done_.load()) {
            }
          } else {
            done_.wait(false);
          }
          activity->detach();
        }) {
    ready_.wait(false);
    std::this_thread::sleep_for(30ms);  // until it really sleeps
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    done_.store(true);
    done_.notify_one();
    thread_.join();
  }

  const std::shared_ptr<Activity> activity = std::make_shared<Activity>();

 private:
  std::atomic<bool> ready_{false};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

WatchedStage stage(const std::shared_ptr<Activity>& activity) {
  WatchedStage result;
  result.name = "blend";
  result.workers = {activity};
  result.stall_after = 10 * second;
  return result;
}

// Until the thread has used processor time: on a loaded machine it may take a while to get any.
void let_it_work(pid_t thread) {
  const auto before = framelane::thread_cpu_nanoseconds(thread);
  while (framelane::thread_cpu_nanoseconds(thread) == before) {
    std::this_thread::sleep_for(1ms);
  }
}

std::int64_t now() { return framelane::steady_nanoseconds(); }

}  // namespace

TEST(StallDetector, CallsSleepStuck) {
  const Worker worker(false);
  StallDetector detector(stage(worker.activity), now());
  EXPECT_FALSE(detector.look(now(), {}));
  EXPECT_FALSE(detector.look(now() + 9 * second, {}));
  const auto verdict = detector.look(now() + 11 * second, {});
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->alarm, Alarm::stuck);
  EXPECT_EQ(verdict->frame, 17);
  EXPECT_GE(verdict->silent, 10 * second);
  EXPECT_FALSE(detector.look(now() + 12 * second, {})) << "once is enough";
}

TEST(StallDetector, CallsWorkSlowEveryStallAfter) {
  const Worker worker(true);
  StallDetector detector(stage(worker.activity), now());
  int warnings = 0;
  for (int i = 1; i <= 40; ++i) {
    let_it_work(worker.activity->snapshot().thread);
    if (const auto verdict = detector.look(now() + i * second, {})) {
      EXPECT_EQ(verdict->alarm, Alarm::slow);
      ++warnings;
    }
  }
  EXPECT_GE(warnings, 3);
  EXPECT_LE(warnings, 4);
}

TEST(StallDetector, WarnsOfNothingBeforeItCallsStuck) {
  const Worker worker(false);
  StallDetector detector(stage(worker.activity), now());
  int stuck = 0;
  for (int tenths = 0; tenths <= 130; ++tenths) {
    if (const auto verdict = detector.look(now() + tenths * second / 10, {})) {
      EXPECT_EQ(verdict->alarm, Alarm::stuck);
      ++stuck;
    }
  }
  EXPECT_EQ(stuck, 1);
}

TEST(StallDetector, IsQuietWhileFramesLeave) {
  const Worker worker(false);
  StallDetector detector(stage(worker.activity), now());
  for (int i = 1; i <= 40; ++i) {
    worker.activity->add_left();  // no other thread writes it now
    EXPECT_FALSE(detector.look(now() + i * 9 * second, {}));
  }
}

TEST(StallDetector, IsQuietWhileTheStageWaits) {
  const auto activity = std::make_shared<Activity>();
  activity->enter(Phase::waiting_output);
  StallDetector detector(stage(activity), now());
  EXPECT_FALSE(detector.look(now() + 1000 * second, {}));
}

TEST(StallDetector, ExpectsSilenceWhenToldTo) {
  const Worker worker(false);
  auto patient = stage(worker.activity);
  patient.stall_after = 0;
  StallDetector detector(patient, now());
  EXPECT_FALSE(detector.look(now() + 1000 * second, {}));
}

TEST(StallDetector, LimitsAFrameWhenToldTo) {
  const Worker worker(true);
  auto limited = stage(worker.activity);
  limited.frame_timeout = 2 * second;
  StallDetector detector(limited, now());
  EXPECT_FALSE(detector.look(now() + second, {}));
  const auto verdict = detector.look(now() + 3 * second, {});
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->alarm, Alarm::overdue);
}

TEST(StallDetector, CountsTheWorkOfTheThreadsOfANativeCall) {
  const auto pool = std::make_shared<ThreadSet>();
  std::atomic<bool> joined{false};
  std::atomic<bool> done{false};
  std::thread helper([&] {
    pool->join();
    joined.store(true);
    while (!done.load()) {
    }
    pool->leave();
  });
  while (!joined.load()) {
    std::this_thread::sleep_for(1ms);
  }
  const Worker worker(false, std::make_shared<const NativeWork>(NativeWork{"run", pool}));
  StallDetector detector(stage(worker.activity), now());
  EXPECT_FALSE(detector.look(now() + 6 * second, {}));
  let_it_work(pool->threads().at(0));
  const auto verdict = detector.look(now() + 11 * second, {});
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->alarm, Alarm::slow);
  done.store(true);
  helper.join();
}

TEST(StallDetector, CountsStrangersOnlyForAStageWithHelperThreads) {
  const Worker stranger(true);
  const auto thread = stranger.activity->snapshot().thread;
  const Worker worker(false);
  auto with_helpers = stage(worker.activity);
  with_helpers.has_helper_threads = true;
  StallDetector alone(stage(worker.activity), now());
  StallDetector helped(with_helpers, now());
  EXPECT_FALSE(alone.wants_strangers());
  EXPECT_TRUE(helped.wants_strangers());
  for (const int at : {0, 6}) {
    EXPECT_FALSE(alone.look(now() + at * second, {thread}));
    EXPECT_FALSE(helped.look(now() + at * second, {thread}));
    let_it_work(thread);
  }
  EXPECT_EQ(alone.look(now() + 11 * second, {thread})->alarm, Alarm::stuck);
  EXPECT_EQ(helped.look(now() + 11 * second, {thread})->alarm, Alarm::slow);
}
