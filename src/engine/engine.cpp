#include "engine/engine.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "core/signals.hpp"
#include "engine/batcher.hpp"
#include "engine/sequencer.hpp"
#include "engine/stream.hpp"

namespace framelane {

struct Engine::Shared {
  Shared(std::shared_ptr<const ort::Session> model, EngineOptions given)
      : options(std::move(given)),
        session(std::move(model)),
        input(options.capacity, options.overflow),
        output(options.capacity),
        batcher(input, options.batch, options.batch_timeout),
        sequencer(output, 2 * options.streams),
        pools(std::make_shared<PicturePools>(options.capacity + (2 * options.streams + 1) * options.batch + 2)),
        work(std::make_shared<const NativeWork>(NativeWork{options.label, session->work()->threads})),
        running(options.streams) {
    for (std::size_t i = 0; i < options.streams; ++i) {
      activities.push_back(std::make_shared<Activity>());
      streams.push_back(std::make_unique<Stream>(session, pools, work));
    }
  }

  // Runs a batch. When it fails, its frames run one by one, so that each has its own result.
  void run(Stream& stream, std::vector<JobPtr>& jobs);
  void run_alone(Stream& stream, const JobPtr& job);
  // The engine itself is broken (no memory for its own needs): everything ends here.
  void fail(std::exception_ptr error);
  // The last thread to leave closes the output: nothing comes any more.
  void leave();

  const EngineOptions options;
  std::shared_ptr<const ort::Session> session;
  Ring<JobPtr> input;
  Ring<JobPtr> output;
  Batcher batcher;
  Sequencer sequencer;
  std::shared_ptr<PicturePools> pools;
  std::shared_ptr<const NativeWork> work;
  ort::RunOptions run_options;
  std::vector<std::shared_ptr<Activity>> activities;
  std::vector<std::unique_ptr<Stream>> streams;
  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> batches{0};
  std::mutex mutex;
  std::condition_variable left;
  std::size_t running;
  std::exception_ptr failure;
};

void Engine::Shared::run(Stream& stream, std::vector<JobPtr>& jobs) {
  batches.fetch_add(1, std::memory_order_relaxed);
  frames.fetch_add(jobs.size(), std::memory_order_relaxed);
  if (jobs.size() == 1) {
    run_alone(stream, jobs.front());
    return;
  }
  try {
    stream.run(jobs, run_options);
  } catch (const std::exception&) {
    for (const JobPtr& job : jobs) {
      run_alone(stream, job);
    }
  }
}

void Engine::Shared::run_alone(Stream& stream, const JobPtr& job) {
  try {
    stream.run({&job, 1}, run_options);
  } catch (const std::exception&) {
    job->error = std::current_exception();
    failed.fetch_add(1, std::memory_order_relaxed);
  }
}

void Engine::Shared::fail(std::exception_ptr error) {
  {
    const std::scoped_lock lock(mutex);
    failure = std::move(error);
  }
  input.close();
  sequencer.close();
  output.close();
}

void Engine::Shared::leave() {
  const std::scoped_lock lock(mutex);
  if (--running == 0) {
    input.close();
    output.close();
  }
  left.notify_all();
}

Engine::Engine(std::shared_ptr<const ort::Session> session, const EngineOptions& options)
    : shared_(std::make_shared<Shared>(std::move(session), options)) {
  for (std::size_t stream = 0; stream < options.streams; ++stream) {
    threads_.emplace_back([shared = shared_, stream] {
      block_signals();
      pthread_setname_np(pthread_self(), "framelane-infer");
      shared->activities[stream]->attach();
      try {
        work(*shared, stream);
      } catch (...) {
        shared->fail(std::current_exception());
      }
      shared->activities[stream]->detach();
      shared->leave();
    });
  }
}

Engine::~Engine() { close(); }

void Engine::work(Shared& shared, std::size_t stream) {
  Activity& activity = *shared.activities[stream];
  for (;;) {
    activity.enter(Phase::waiting_input);
    Batch batch = shared.batcher.next();
    if (batch.jobs.empty()) {
      return;
    }
    activity.enter(Phase::waiting_output);
    if (!shared.sequencer.admit(batch.ticket)) {
      shared.sequencer.lose(std::move(batch.jobs));
      continue;
    }
    activity.work_on(batch.jobs.front()->frame);
    shared.run(*shared.streams[stream], batch.jobs);
    const std::size_t count = batch.jobs.size();
    activity.enter(Phase::waiting_output);
    shared.sequencer.deliver(std::move(batch));
    activity.add_left(count);
  }
}

Ring<JobPtr>& Engine::input() noexcept { return shared_->input; }

Ring<JobPtr>& Engine::output() noexcept { return shared_->output; }

void Engine::finish() noexcept { shared_->input.close(); }

std::size_t Engine::close() {
  shared_->input.close();
  shared_->output.close();
  shared_->sequencer.close();
  const auto all_left = [this] { return shared_->running == 0; };
  std::size_t stuck = 0;
  {
    std::unique_lock lock(shared_->mutex);
    if (!shared_->left.wait_for(lock, patience, all_left)) {
      shared_->run_options.terminate();
      shared_->left.wait_for(lock, patience, all_left);
    }
    stuck = shared_->running;
  }
  for (std::thread& thread : threads_) {
    stuck == 0 ? thread.join() : thread.detach();
  }
  threads_.clear();
  if (stuck == 0) {
    const std::vector<JobPtr> lost = shared_->sequencer.take_lost();
    while (shared_->input.try_get() || shared_->output.try_get()) {
    }
  }
  return stuck;
}

std::exception_ptr Engine::failure() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->failure;
}

EngineStats Engine::stats() const {
  const Shared& shared = *shared_;
  return {.input = shared.input.stats(),
          .output = shared.output.stats(),
          .input_size = shared.input.size(),
          .output_size = shared.output.size(),
          .frames = shared.frames.load(std::memory_order_relaxed),
          .failed = shared.failed.load(std::memory_order_relaxed),
          .batches = shared.batches.load(std::memory_order_relaxed),
          .extra_pictures = shared.pools->extra()};
}

const std::vector<std::shared_ptr<Activity>>& Engine::activities() const noexcept { return shared_->activities; }

}  // namespace framelane
