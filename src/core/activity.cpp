#include "core/activity.hpp"

#include <utility>

namespace framelane {
namespace {

thread_local Activity* current_activity = nullptr;

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

ThreadSet& threads_of_activities() {
  static ThreadSet threads;
  return threads;
}

Activity* Activity::current() noexcept { return current_activity; }

void Activity::attach() {
  current_activity = this;
  thread_.store(this_thread_id(), relaxed);
  threads_of_activities().join();
}

void Activity::detach() {
  threads_of_activities().leave();
  enter(Phase::idle);
  thread_.store(0, relaxed);
  current_activity = nullptr;
}

void Activity::enter(Phase phase) noexcept {
  const std::int64_t now = steady_nanoseconds();
  auto& total = nanoseconds_[static_cast<std::size_t>(phase_.load(relaxed))];
  total.store(total.load(relaxed) + now - since_.load(relaxed), relaxed);
  since_.store(now, relaxed);
  phase_.store(phase, std::memory_order_release);
}

void Activity::work_on(std::int64_t frame) noexcept {
  frame_.store(frame, relaxed);
  enter(Phase::busy);
}

void Activity::add_left(std::uint64_t frames) noexcept { left_.store(left_.load(relaxed) + frames, relaxed); }

Activity::Snapshot Activity::snapshot() const {
  Snapshot result;
  result.phase = phase();
  result.since = since_.load(relaxed);
  result.frame = frame_.load(relaxed);
  result.left = left();
  result.thread = thread_.load(relaxed);
  for (std::size_t i = 0; i < phase_count; ++i) {
    result.nanoseconds[i] = nanoseconds_[i].load(relaxed);
  }
  result.nanoseconds[static_cast<std::size_t>(result.phase)] += steady_nanoseconds() - result.since;
  const std::scoped_lock lock(work_mutex_);
  result.work = work_;
  return result;
}

std::shared_ptr<const NativeWork> Activity::exchange_work(std::shared_ptr<const NativeWork> work) {
  const std::scoped_lock lock(work_mutex_);
  return std::exchange(work_, std::move(work));
}

NativeCall::NativeCall(const std::shared_ptr<const NativeWork>& work) : activity_(Activity::current()) {
  if (activity_ != nullptr) {
    outer_ = activity_->exchange_work(work);
  }
}

NativeCall::~NativeCall() {
  if (activity_ != nullptr) {
    activity_->exchange_work(std::move(outer_));
  }
}

Waiting::Waiting(Phase phase) noexcept : activity_(Activity::current()) {
  if (activity_ != nullptr) {
    outer_ = activity_->phase();
    activity_->enter(phase);
  }
}

Waiting::~Waiting() {
  if (activity_ != nullptr) {
    activity_->enter(outer_);
  }
}

}  // namespace framelane
