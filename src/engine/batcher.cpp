#include "engine/batcher.hpp"

#include <algorithm>
#include <utility>

namespace framelane {
namespace {

bool same_but_first_axis(const Tensor& one, const Tensor& other) {
  return one.dtype() == other.dtype() && one.rank() == other.rank() && one.rank() > 0 &&
         std::equal(one.shape().begin() + 1, one.shape().end(), other.shape().begin() + 1);
}

}  // namespace

bool fit_together(const Job& one, const Job& other) {
  return one.plan == other.plan && one.inputs.size() == other.inputs.size() &&
         std::equal(one.inputs.begin(), one.inputs.end(), other.inputs.begin(),
                    [i = std::size_t{0}, &one](const Tensor& a, const Tensor& b) mutable {
                      const std::size_t input = i++;
                      const bool packed = one.plan && one.plan->inputs.at(input).has_value();
                      return packed || same_but_first_axis(a, b);
                    });
}

Batch Batcher::next() {
  const std::scoped_lock lock(mutex_);
  Batch batch;
  JobPtr job = first();
  if (!job) {
    return batch;
  }
  batch.jobs.reserve(size_);
  batch.jobs.push_back(std::move(job));
  fill(batch.jobs);
  batch.ticket = next_ticket_++;
  return batch;
}

JobPtr Batcher::first() {
  if (left_over_) {
    return std::move(left_over_);
  }
  auto job = input_.next();
  return job ? std::move(*job) : nullptr;
}

void Batcher::fill(std::vector<JobPtr>& jobs) {
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  while (jobs.size() < size_) {
    auto job = input_.try_get();
    if (!job) {
      if (input_.wait_for_item(deadline) == Wake::timed_out || input_.closed()) {
        job = input_.try_get();
      }
      if (!job && (input_.closed() || std::chrono::steady_clock::now() >= deadline)) {
        return;
      }
    }
    if (!job) {
      continue;
    }
    if (!fit_together(*jobs.front(), **job)) {
      left_over_ = std::move(*job);
      return;
    }
    jobs.push_back(std::move(*job));
  }
}

}  // namespace framelane
