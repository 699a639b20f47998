#include "engine/watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/signals.hpp"

namespace framelane {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
// How long an event may lie in the mailbox, with no Python thread moving, until the GIL counts as held. A loaded
// machine may well keep a thread waiting for a tenth of this.
constexpr std::int64_t patience_with_gil = 500 * millisecond;

}  // namespace

Watchdog::Watchdog(std::int64_t stall_after, std::optional<StackDump> dump) : stall_after_(stall_after), dump_(dump) {}

Watchdog::~Watchdog() { stop(); }

std::size_t Watchdog::add(WatchedStage stage) {
  detectors_.emplace_back(std::move(stage), steady_nanoseconds());
  return detectors_.size() - 1;
}

void Watchdog::claim(std::vector<pid_t> threads) {
  const std::scoped_lock lock(mutex_);
  claimed_ = std::move(threads);
}

void Watchdog::start() { thread_ = std::thread(&Watchdog::run, this); }

void Watchdog::stop() {
  stopping_.store(true);
  alarm_clock_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Watchdog::post(int code) { report({.posted = true, .code = code, .stage = 0, .verdict = {}}); }

void Watchdog::report(const WatchdogEvent& event) {
  {
    const std::scoped_lock lock(mutex_);
    if (!event.posted) {
      last_reported_ = detectors_[event.stage].stage().name;
      reported_.fetch_add(1);
    }
    mailbox_.push_back(event);
  }
  mail_.notify_all();
}

std::optional<WatchdogEvent> Watchdog::wait(const Deadline& deadline) {
  for (;;) {
    const auto ticket = mail_.prepare();
    {
      const std::scoped_lock lock(mutex_);
      if (!mailbox_.empty()) {
        mail_.cancel();
        const auto event = mailbox_.front();
        mailbox_.pop_front();
        return event;
      }
    }
    if (mail_.wait(ticket, deadline) == Wake::timed_out) {
      return std::nullopt;
    }
  }
}

void Watchdog::acknowledge() noexcept { acknowledged_.store(reported_.load()); }

std::string Watchdog::stacks() const {
  const std::scoped_lock lock(mutex_);
  return stacks_;
}

void Watchdog::run() {
  block_signals();
  threads_of_activities().join();
  nobody_busy_since_ = steady_nanoseconds();
  while (!stopping_.load()) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(period());
    const auto ticket = alarm_clock_.prepare();
    if (stopping_.load()) {
      alarm_clock_.cancel();
      break;
    }
    alarm_clock_.wait(ticket, until);
    look(steady_nanoseconds());
  }
  threads_of_activities().leave();
}

// A tenth of the shortest limit, so that what is found is found in good time, at most four times a second.
std::int64_t Watchdog::period() const noexcept {
  std::int64_t shortest = 2500 * millisecond;
  const auto consider = [&](std::int64_t limit) {
    if (limit > 0) {
      shortest = std::min(shortest, limit);
    }
  };
  consider(stall_after_);
  for (const auto& detector : detectors_) {
    consider(detector.stage().stall_after);
    consider(detector.stage().frame_timeout);
  }
  return std::max(shortest / 10, 5 * millisecond);
}

void Watchdog::look(std::int64_t now) {
  const bool wanted = std::any_of(detectors_.begin(), detectors_.end(),
                                  [](const auto& detector) { return detector.wants_strangers(); });
  const auto unclaimed = wanted ? strangers() : std::vector<pid_t>{};
  for (std::size_t i = 0; i < detectors_.size(); ++i) {
    if (const auto verdict = detectors_[i].look(now, unclaimed)) {
      report({.posted = false, .code = 0, .stage = i, .verdict = *verdict});
    }
  }
  look_for_starvation(now);
  look_for_held_gil(now);
}

std::vector<pid_t> Watchdog::strangers() const {
  auto known = threads_of_activities().threads();
  {
    const std::scoped_lock lock(mutex_);
    known.insert(known.end(), claimed_.begin(), claimed_.end());
  }
  auto threads = threads_of_process();
  std::erase_if(threads, [&](pid_t thread) { return std::find(known.begin(), known.end(), thread) != known.end(); });
  return threads;
}

// Nobody works and nobody is expected to: all wait for each other, as when a stage keeps every slot of a pool.
void Watchdog::look_for_starvation(std::int64_t now) {
  bool busy = false;
  std::uint64_t left = 0;
  std::optional<WatchdogEvent> suspect;
  for (std::size_t i = 0; i < detectors_.size(); ++i) {
    const auto& workers = detectors_[i].stage().workers;
    for (std::size_t j = 0; j < workers.size(); ++j) {
      const auto seen = workers[j]->snapshot();
      busy = busy || seen.phase == Phase::busy;
      left += seen.left;
      // The one that a native call keeps waiting knows best what is missing; else the first that waits to deliver.
      if (seen.phase == Phase::waiting_output && (!suspect || (seen.work != nullptr))) {
        suspect = {.posted = false, .code = 0, .stage = i, .verdict = {Alarm::starved, j, 0, seen.frame}};
      }
    }
  }
  if (busy || left != frames_left_ || !suspect) {
    frames_left_ = left;
    nobody_busy_since_ = now;
    starvation_reported_ = false;
  } else if (stall_after_ > 0 && now - nobody_busy_since_ >= stall_after_ && !starvation_reported_) {
    starvation_reported_ = true;
    suspect->verdict.silent = now - nobody_busy_since_;
    report(*suspect);
  }
}

std::uint64_t Watchdog::movement_of_python() const {
  std::uint64_t movement = 0;
  for (const auto& detector : detectors_) {
    if (detector.stage().needs_gil) {
      for (const auto& worker : detector.stage().workers) {
        movement += static_cast<std::uint64_t>(worker->snapshot().since);
      }
    }
  }
  return movement;
}

void Watchdog::look_for_held_gil(std::int64_t now) {
  if (acknowledged_.load() == reported_.load()) {
    unfetched_since_ = 0;
    return;
  }
  const std::uint64_t movement = movement_of_python();
  if (unfetched_since_ == 0 || movement != movement_) {
    unfetched_since_ = now;
    movement_ = movement;
  } else if (now - unfetched_since_ >= patience_with_gil) {
    dump_stacks();
    acknowledge();  // once for each event
  }
}

void Watchdog::dump_stacks() {
  std::string text = dump_ ? dump_->take() : std::string();
  const std::scoped_lock lock(mutex_);
  write_to_stderr("framelane: stage '" + last_reported_ +
                  "' has passed on no frame, and the GIL is held: no Python code can run. All threads:\n" + text);
  stacks_ = std::move(text);
}

}  // namespace framelane
