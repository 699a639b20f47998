#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "engine/batcher.hpp"
#include "engine/sequencer.hpp"

using namespace std::chrono_literals;
using namespace framelane;

namespace {

JobPtr job_of(std::int64_t frame, std::int64_t width = 4) {
  static float memory[64];
  auto job = std::make_unique<Job>();
  job->frame = frame;
  job->inputs.emplace_back(nullptr, memory, DType::float32, Shape{1, width});
  return job;
}

}  // namespace

TEST(Batcher, FillsBatchesInOrderAndFlushesTheLast) {
  Ring<JobPtr> input(16);
  Batcher batcher(input, 4, 1s);
  for (int i = 0; i < 10; ++i) {
    input.put(job_of(i));
  }
  input.close();
  std::vector<std::size_t> sizes;
  std::int64_t expected = 0;
  for (Batch batch = batcher.next(); !batch.jobs.empty(); batch = batcher.next()) {
    EXPECT_EQ(batch.ticket, sizes.size());
    sizes.push_back(batch.jobs.size());
    for (const JobPtr& job : batch.jobs) {
      EXPECT_EQ(job->frame, expected++);
    }
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 4, 2}));
}

TEST(Batcher, ABatchWaitsNoLongerThanItsTimeout) {
  Ring<JobPtr> input(16);
  Batcher batcher(input, 4, 20ms);
  input.put(job_of(0));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(batcher.next().jobs.size(), 1U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
}

TEST(Batcher, FramesOfAnotherShapeBeginANewBatch) {
  Ring<JobPtr> input(16);
  Batcher batcher(input, 4, 1s);
  input.put(job_of(0, 4));
  input.put(job_of(1, 4));
  input.put(job_of(2, 8));
  input.close();
  EXPECT_EQ(batcher.next().jobs.size(), 2U);
  const Batch other = batcher.next();
  ASSERT_EQ(other.jobs.size(), 1U);
  EXPECT_EQ(other.jobs.front()->frame, 2);
  EXPECT_TRUE(batcher.next().jobs.empty());
}

TEST(Sequencer, RestoresTheOrderOfBatchesThatEndInAnyOrder) {
  constexpr int frames = 2000;
  Ring<JobPtr> input(8);
  Ring<JobPtr> output(8);
  Batcher batcher(input, 3, 1ms);
  Sequencer sequencer(output, 8);
  std::atomic<int> working{4};
  std::vector<std::thread> workers;
  for (unsigned seed = 0; seed < 4; ++seed) {
    workers.emplace_back([&, seed] {
      std::minstd_rand random(seed + 1);
      for (Batch batch = batcher.next(); !batch.jobs.empty(); batch = batcher.next()) {
        ASSERT_TRUE(sequencer.admit(batch.ticket));
        if (random() % 8 == 0) {
          std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
        }
        sequencer.deliver(std::move(batch));
      }
      if (--working == 0) {
        output.close();
      }
    });
  }
  std::thread producer([&] {
    for (int i = 0; i < frames; ++i) {
      input.put(job_of(i));
    }
    input.close();
  });
  std::int64_t expected = 0;
  while (auto job = output.next()) {
    EXPECT_EQ((*job)->frame, expected++);
  }
  EXPECT_EQ(expected, frames);
  producer.join();
  for (std::thread& worker : workers) {
    worker.join();
  }
}

TEST(Sequencer, OneSlowBatchDoesNotMakeResultsPileUp) {
  Ring<JobPtr> output(64);
  Sequencer sequencer(output, 4);
  std::atomic<int> admitted{0};
  ASSERT_TRUE(sequencer.admit(0));  // and never delivered
  std::thread worker([&] {
    for (std::uint64_t ticket = 1; ticket < 100; ++ticket) {
      if (!sequencer.admit(ticket)) {
        return;
      }
      ++admitted;
      Batch batch{ticket, {}};
      batch.jobs.push_back(job_of(static_cast<std::int64_t>(ticket)));
      sequencer.deliver(std::move(batch));
    }
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(admitted, 3);
  sequencer.close();
  worker.join();
  EXPECT_EQ(sequencer.take_lost().size(), 3U);
}
