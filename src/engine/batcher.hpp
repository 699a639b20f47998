#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/ring.hpp"
#include "engine/job.hpp"

namespace framelane {

// Frames that run together, and their place in the order of all batches.
struct Batch {
  std::uint64_t ticket = 0;
  std::vector<JobPtr> jobs;
};

// Takes frames out of a ring in order and groups them, for any number of threads: a batch is full, or its first
// frame has waited for `timeout`, or the next frame does not fit to it, or the input has ended.
class Batcher {
 public:
  Batcher(Ring<JobPtr>& input, std::size_t size, std::chrono::nanoseconds timeout)
      : input_(input), size_(size), timeout_(timeout) {}

  // Waits. A batch without jobs: the input has ended.
  [[nodiscard]] Batch next();

 private:
  [[nodiscard]] JobPtr first();
  void fill(std::vector<JobPtr>& jobs);

  Ring<JobPtr>& input_;
  const std::size_t size_;
  const std::chrono::nanoseconds timeout_;
  std::mutex mutex_;  // held while waiting: the order of frames is the order of tickets
  JobPtr left_over_;  // taken, but of another kind than those before it
  std::uint64_t next_ticket_ = 0;
};

// Whether two frames can run in one batch: the same plan, or tensors that differ in their first axis at most.
[[nodiscard]] bool fit_together(const Job& one, const Job& other);

}  // namespace framelane
