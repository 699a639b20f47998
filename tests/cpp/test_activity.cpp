#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "core/activity.hpp"

using namespace std::chrono_literals;
using framelane::Activity;
using framelane::NativeCall;
using framelane::NativeWork;
using framelane::Phase;
using framelane::ThreadSet;
using framelane::Waiting;

namespace {

std::shared_ptr<const NativeWork> work(const std::string& label) {
  return std::make_shared<const NativeWork>(NativeWork{label, nullptr});
}

std::int64_t spent(const Activity::Snapshot& snapshot, Phase phase) {
  return snapshot.nanoseconds.at(static_cast<std::size_t>(phase));
}

}  // namespace

TEST(Activity, AddsUpTheTimeOfEachPhase) {
  Activity activity;
  activity.enter(Phase::waiting_input);
  std::this_thread::sleep_for(20ms);
  activity.work_on(7);
  activity.enter(Phase::waiting_output);
  activity.add_left();
  const auto seen = activity.snapshot();
  EXPECT_EQ(seen.phase, Phase::waiting_output);
  EXPECT_EQ(seen.frame, 7);
  EXPECT_EQ(seen.left, 1U);
  EXPECT_GE(spent(seen, Phase::waiting_input), 20'000'000);
  EXPECT_LT(spent(seen, Phase::busy), 20'000'000);
}

TEST(Activity, CountsThePhaseThatItIsIn) {
  Activity activity;
  activity.enter(Phase::busy);
  std::this_thread::sleep_for(5ms);
  EXPECT_GE(spent(activity.snapshot(), Phase::busy), 5'000'000);
}

TEST(Activity, BelongsToTheThreadThatAttachedIt) {
  Activity activity;
  EXPECT_EQ(Activity::current(), nullptr);
  std::thread([&] {
    activity.attach();
    EXPECT_EQ(Activity::current(), &activity);
    EXPECT_EQ(activity.snapshot().thread, framelane::this_thread_id());
    activity.detach();
    EXPECT_EQ(Activity::current(), nullptr);
  }).join();
  EXPECT_EQ(activity.snapshot().thread, 0);
  EXPECT_EQ(activity.phase(), Phase::idle);
}

TEST(Activity, NamesTheInnermostNativeCall) {
  Activity activity;
  activity.attach();
  {
    const NativeCall outer(work("outer"));
    {
      const NativeCall inner(work("inner"));
      EXPECT_EQ(activity.snapshot().work->label, "inner");
    }
    EXPECT_EQ(activity.snapshot().work->label, "outer");
  }
  EXPECT_EQ(activity.snapshot().work, nullptr);
  activity.detach();
  const NativeCall without_activity(work("nobody's"));
}

TEST(Activity, WaitsWhileAGuardSaysSo) {
  Activity activity;
  activity.attach();
  activity.work_on(1);
  {
    const Waiting guard(Phase::waiting_output);
    EXPECT_EQ(activity.phase(), Phase::waiting_output);
  }
  EXPECT_EQ(activity.phase(), Phase::busy);
  activity.detach();
}

// For ThreadSanitizer, and for the promise that no reader sees a new phase with the time of an old one.
TEST(Activity, IsReadWhileItIsWritten) {
  Activity activity;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    activity.attach();
    for (int i = 0; i < 20000; ++i) {
      activity.work_on(i);
      const NativeCall call(work("call"));
      activity.enter(Phase::waiting_output);
      activity.add_left();
    }
    activity.detach();
    done.store(true);
  });
  std::uint64_t left = 0;
  while (!done.load()) {
    const auto seen = activity.snapshot();
    EXPECT_GE(seen.left, left);
    left = seen.left;
  }
  writer.join();
  EXPECT_EQ(activity.left(), 20000U);
}

TEST(ThreadClock, StandsStillWhileTheThreadSleeps) {
  std::atomic<pid_t> thread{0};
  std::atomic<bool> done{false};
  std::thread sleeper([&] {
    thread.store(framelane::this_thread_id());
    thread.notify_one();
    done.wait(false);
  });
  thread.wait(0);
  std::this_thread::sleep_for(50ms);
  const auto before = framelane::thread_cpu_nanoseconds(thread.load());
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(framelane::thread_cpu_nanoseconds(thread.load()), before);
  EXPECT_TRUE(before.has_value());
  EXPECT_FALSE(framelane::is_runnable(thread.load()));
  done.store(true);
  done.notify_one();
  sleeper.join();
}

TEST(ThreadClock, RunsWhileTheThreadWorksAndEndsWithIt) {
  const auto before = framelane::thread_cpu_nanoseconds(framelane::this_thread_id());
  const auto until = std::chrono::steady_clock::now() + 5ms;
  while (std::chrono::steady_clock::now() < until) {
  }
  EXPECT_GT(framelane::thread_cpu_nanoseconds(framelane::this_thread_id()), before);
  EXPECT_TRUE(framelane::is_runnable(framelane::this_thread_id()));
  pid_t gone = 0;
  std::thread([&] { gone = framelane::this_thread_id(); }).join();
  // The kernel wakes who joins before it has taken the thread off its books.
  const auto patience = std::chrono::steady_clock::now() + 5s;
  while (framelane::thread_cpu_nanoseconds(gone).has_value() && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(framelane::thread_cpu_nanoseconds(gone).has_value());
  EXPECT_FALSE(framelane::is_runnable(gone));
}

TEST(ThreadSet, HoldsWhoJoined) {
  ThreadSet set;
  set.join();
  EXPECT_EQ(set.threads(), std::vector<pid_t>{framelane::this_thread_id()});
  set.leave();
  EXPECT_TRUE(set.threads().empty());
  EXPECT_FALSE(framelane::threads_of_process().empty());
}
