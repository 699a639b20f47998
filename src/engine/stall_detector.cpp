#include "engine/stall_detector.hpp"

#include <algorithm>
#include <utility>

namespace framelane {

StallDetector::StallDetector(WatchedStage stage, std::int64_t now)
    : stage_(std::move(stage)), last_left_(now), last_worked_(now) {}

bool StallDetector::wants_strangers() const {
  return stage_.has_helper_threads && stage_.stall_after > 0 &&
         std::any_of(stage_.workers.begin(), stage_.workers.end(),
                     [](const auto& worker) { return worker->phase() == Phase::busy; });
}

std::optional<Verdict> StallDetector::look(std::int64_t now, const std::vector<pid_t>& strangers) {
  watch_frames(now);
  watch_processor_time(now, strangers);
  const auto busy = longest_busy();
  return busy ? judge(now, *busy) : std::nullopt;
}

std::optional<StallDetector::Busy> StallDetector::longest_busy() const {
  std::optional<Busy> longest;
  for (std::size_t i = 0; i < stage_.workers.size(); ++i) {
    auto seen = stage_.workers[i]->snapshot();
    if (seen.phase == Phase::busy && (!longest || seen.since < longest->seen.since)) {
      longest = Busy{i, std::move(seen)};
    }
  }
  return longest;
}

void StallDetector::watch_frames(std::int64_t now) {
  std::uint64_t left = 0;
  for (const auto& worker : stage_.workers) {
    left += worker->left();
  }
  if (left != left_) {
    left_ = left;
    last_left_ = now;
  }
}

// A clock that ran since the last look, and a thread that is new, are both work.
void StallDetector::watch_processor_time(std::int64_t now, const std::vector<pid_t>& strangers) {
  std::vector<pid_t> threads;
  for (const auto& worker : stage_.workers) {
    const auto seen = worker->snapshot();
    if (seen.phase != Phase::busy) {
      continue;
    }
    threads.push_back(seen.thread);
    if (seen.work && seen.work->threads) {
      const auto helpers = seen.work->threads->threads();
      threads.insert(threads.end(), helpers.begin(), helpers.end());
    }
  }
  if (stage_.has_helper_threads) {
    threads.insert(threads.end(), strangers.begin(), strangers.end());
  }
  std::map<pid_t, std::int64_t> current;
  bool worked = false;
  for (const pid_t thread : threads) {
    if (const auto used = thread_cpu_nanoseconds(thread)) {
      const auto before = processor_time_.find(thread);
      worked = worked || before == processor_time_.end() || before->second != *used;
      current[thread] = *used;
    }
  }
  processor_time_ = std::move(current);
  if (worked) {
    last_worked_ = now;
  }
}

std::optional<Verdict> StallDetector::judge(std::int64_t now, const Busy& busy) {
  Verdict verdict{Alarm::stuck, busy.worker, now - std::max(last_left_, busy.seen.since), busy.seen.frame};
  if (busy.seen.since == given_up_since_) {
    return std::nullopt;
  }
  if (stage_.frame_timeout > 0 && now - busy.seen.since >= stage_.frame_timeout) {
    verdict.alarm = Alarm::overdue;
    verdict.silent = now - busy.seen.since;
    given_up_since_ = busy.seen.since;
    return verdict;
  }
  if (stage_.stall_after <= 0 || verdict.silent < stage_.stall_after) {
    return std::nullopt;
  }
  const std::int64_t asleep = now - std::max({last_left_, busy.seen.since, last_worked_});
  if (asleep >= stage_.stall_after && is_runnable(busy.seen.thread)) {
    last_worked_ = now;
    return std::nullopt;
  }
  if (asleep >= stage_.stall_after) {
    given_up_since_ = busy.seen.since;
    return verdict;
  }
  // Asleep for long, but not yet long enough to be called stuck: let it be decided first.
  if (asleep > stage_.stall_after / 2 || now - last_slow_ < stage_.stall_after) {
    return std::nullopt;
  }
  last_slow_ = now;
  verdict.alarm = Alarm::slow;
  return verdict;
}

}  // namespace framelane
