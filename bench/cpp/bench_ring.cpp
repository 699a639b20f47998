// What an item costs in core/ring.hpp: build/release/bench/cpp/bench_ring
#include <benchmark/benchmark.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/ring.hpp"

namespace {

using framelane::Ring;

// Put and get in one thread: the cost of the instructions alone.
void put_and_get(benchmark::State& state) {
  Ring<std::uint64_t> ring(static_cast<std::size_t>(state.range(0)));
  std::uint64_t sent = 0;
  for (auto _ : state) {
    ring.put(sent);
    if (*ring.next() != sent++) {
      state.SkipWithError("an item was lost");
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(put_and_get)->Arg(64);

// The time of each pass from the first put to the last get, by item. On a machine that does other things too, the best
// one tells what the ring costs.
class Passes {
 public:
  void begin() { begun_ = Clock::now(); }
  void end() { best_ = std::min(best_, std::chrono::duration<double>(Clock::now() - begun_).count()); }
  void report(benchmark::State& state, std::uint64_t items) const {
    state.counters["best"] = best_ / static_cast<double>(items);  // seconds an item: 8n are 8 ns
    state.counters["mean"] = benchmark::Counter(static_cast<double>(state.iterations() * items),
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begun_;
  double best_ = 1e9;
};

constexpr std::uint64_t items = 100'000;

// One producer, one consumer, as fast as they can.
void through(benchmark::State& state) {
  double waits = 0;
  Passes passes;
  for (auto _ : state) {
    Ring<std::uint64_t> ring(static_cast<std::size_t>(state.range(0)));
    std::thread producer([&] {
      passes.begin();
      for (std::uint64_t i = 0; i < items; ++i) {
        ring.put(i);
      }
      ring.close();
    });
    std::uint64_t expected = 0;
    while (const auto item = ring.next()) {
      if (*item != expected++) {
        state.SkipWithError("an item came out of order");
        break;
      }
    }
    passes.end();
    producer.join();
    const auto stats = ring.stats();
    waits += static_cast<double>(stats.put_waits + stats.get_waits);
    if (expected != items) {
      state.SkipWithError("an item was lost");
    }
  }
  state.counters["waits"] = benchmark::Counter(waits, benchmark::Counter::kAvgIterations);
  passes.report(state, items);
}
BENCHMARK(through)->Arg(64)->Arg(1024)->Arg(65536)->UseRealTime()->Unit(benchmark::kMillisecond);

// The least that any queue does: one producer, one consumer, no waiting but spinning. The limit of the machine.
class Spsc {
 public:
  explicit Spsc(std::size_t capacity) : slots_(capacity), mask_(capacity - 1) {}
  void put(std::uint64_t item) noexcept {
    const auto tail = tail_.load(std::memory_order_relaxed);
    while (tail - head_seen_ > mask_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      put_spins_.relax();
    }
    slots_[tail & mask_] = item;
    tail_.store(tail + 1, std::memory_order_release);
  }
  std::uint64_t get() noexcept {
    const auto head = head_.load(std::memory_order_relaxed);
    while (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      get_spins_.relax();
    }
    const auto item = slots_[head & mask_];
    head_.store(head + 1, std::memory_order_release);
    return item;
  }

 private:
  // Lets the other thread run where there is one processor for both.
  struct Spins {
    unsigned count = 0;
    void relax() noexcept {
      if (++count % 4096 == 0) {
        sched_yield();
      }
    }
  };

  std::vector<std::uint64_t> slots_;
  std::size_t mask_;
  alignas(framelane::cache_line) std::atomic<std::uint64_t> head_{0};
  alignas(framelane::cache_line) std::uint64_t tail_seen_ = 0;
  Spins get_spins_;
  alignas(framelane::cache_line) std::atomic<std::uint64_t> tail_{0};
  alignas(framelane::cache_line) std::uint64_t head_seen_ = 0;
  Spins put_spins_;
};

void through_spsc(benchmark::State& state) {
  Passes passes;
  for (auto _ : state) {
    Spsc ring(static_cast<std::size_t>(state.range(0)));
    std::thread producer([&] {
      passes.begin();
      for (std::uint64_t i = 0; i < items; ++i) {
        ring.put(i);
      }
    });
    for (std::uint64_t i = 0; i < items; ++i) {
      if (ring.get() != i) {
        state.SkipWithError("an item came out of order");
        break;
      }
    }
    passes.end();
    producer.join();
  }
  passes.report(state, items);
}
BENCHMARK(through_spsc)->Arg(64)->Arg(1024)->Arg(65536)->UseRealTime()->Unit(benchmark::kMillisecond);

// A line that two cores hand to and fro: what all of these are made of.
void ping_pong(benchmark::State& state) {
  alignas(framelane::cache_line) std::atomic<int> ball{0};
  std::thread other([&] {
    for (int seen = 0; seen >= 0;) {
      seen = ball.load(std::memory_order_acquire);
      if (seen == 1) ball.store(0, std::memory_order_release);
    }
  });
  for (auto _ : state) {
    ball.store(1, std::memory_order_release);
    while (ball.load(std::memory_order_acquire) != 0) {
    }
  }
  ball.store(-1);
  other.join();
}
BENCHMARK(ping_pong)->UseRealTime();

}  // namespace
