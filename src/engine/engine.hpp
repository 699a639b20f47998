#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/activity.hpp"
#include "core/ring.hpp"
#include "engine/job.hpp"
#include "ort/session.hpp"

namespace framelane {

struct EngineOptions {
  std::size_t capacity = 8;  // of each of the two rings, in frames
  std::size_t batch = 1;     // most frames in one run
  std::chrono::nanoseconds batch_timeout{0};
  std::size_t streams = 1;
  Overflow overflow = Overflow::block;  // of the input
  std::string label = "ONNX Runtime: run";
};

struct EngineStats {
  RingStats input;
  RingStats output;
  std::size_t input_size = 0;
  std::size_t output_size = 0;
  std::uint64_t frames = 0;   // that have run
  std::uint64_t failed = 0;   // of them, that came out as an error
  std::uint64_t batches = 0;  // runs
  std::uint64_t extra_pictures = 0;
};

// A session between two rings, on native threads: frames go in and come out in order, each once, whatever the number
// of streams and the size of the batches. A frame whose run failed comes out with its error, and the engine goes on.
// Thread-safe, but for `close`, which one thread calls.
class Engine {
 public:
  // How long `close` waits for runs to end by themselves, and then for the terminated ones.
  static constexpr auto patience = std::chrono::seconds(1);

  Engine(std::shared_ptr<const ort::Session> session, const EngineOptions& options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) = delete;
  Engine& operator=(Engine&&) = delete;
  ~Engine();

  // The ring to put into and the ring to get from. The output closes by itself after the last frame.
  [[nodiscard]] Ring<JobPtr>& input() noexcept;
  [[nodiscard]] Ring<JobPtr>& output() noexcept;

  // Nothing more will be put. What is there still runs and comes out.
  void finish() noexcept;

  // Stops: what has not come out is dropped. Runs get a second to end, then they are terminated; a thread that is
  // still stuck after another second is left behind, and counted in the result. Idempotent.
  std::size_t close();

  // What broke the engine itself, after which the output is closed early; null: nothing did.
  [[nodiscard]] std::exception_ptr failure() const;

  [[nodiscard]] EngineStats stats() const;
  // One a stream.
  [[nodiscard]] const std::vector<std::shared_ptr<Activity>>& activities() const noexcept;

 private:
  struct Shared;
  static void work(Shared& shared, std::size_t stream);

  // The threads own it too: one that is left behind in foreign code still finds what it needs.
  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace framelane
