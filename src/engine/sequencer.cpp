#include "engine/sequencer.hpp"

#include <utility>

namespace framelane {

bool Sequencer::admit(std::uint64_t ticket) {
  std::unique_lock lock(mutex_);
  moved_.wait(lock, [&] { return closed_ || ticket - next_ < waiting_.size(); });
  return !closed_;
}

void Sequencer::deliver(Batch batch) {
  std::unique_lock lock(mutex_);
  slot(batch.ticket) = std::move(batch.jobs);
  if (delivering_) {
    return;  // who delivers looks again before it leaves
  }
  delivering_ = true;
  while (!slot(next_).empty()) {
    std::vector<JobPtr> ready = std::move(slot(next_));
    slot(next_).clear();
    lock.unlock();
    put(std::move(ready));
    lock.lock();
    ++next_;
    moved_.notify_all();
  }
  delivering_ = false;
}

void Sequencer::put(std::vector<JobPtr> jobs) {
  for (JobPtr& job : jobs) {
    PutResult result = output_.try_put(job);
    while (result == PutResult::full) {
      output_.wait_for_room({});
      result = output_.try_put(job);
    }
  }
  lose(std::move(jobs));  // those that found the ring closed
}

void Sequencer::lose(std::vector<JobPtr> jobs) {
  const std::scoped_lock lock(mutex_);
  for (JobPtr& job : jobs) {
    if (job) {
      lost_.push_back(std::move(job));
    }
  }
}

void Sequencer::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  moved_.notify_all();
}

std::vector<JobPtr> Sequencer::take_lost() {
  const std::scoped_lock lock(mutex_);
  std::vector<JobPtr> lost = std::move(lost_);
  lost_.clear();
  for (auto& jobs : waiting_) {
    for (JobPtr& job : jobs) {
      lost.push_back(std::move(job));
    }
    jobs.clear();
  }
  return lost;
}

}  // namespace framelane
