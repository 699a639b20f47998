#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/bounded_queue.hpp"
#include "core/error.hpp"
#include "core/event_count.hpp"
#include "core/overflow.hpp"
#include "core/spin.hpp"
#include "core/wait_clock.hpp"

namespace framelane {

// put == got + dropped + size, once all threads have left the ring.
struct RingStats {
  std::uint64_t put = 0;      // items that the ring took over
  std::uint64_t got = 0;      // items handed out
  std::uint64_t dropped = 0;  // items thrown away because the ring was full
  std::uint64_t put_waits = 0;
  std::uint64_t get_waits = 0;
  std::chrono::duration<double> put_waited{};  // of all threads together, waits that still last included
  std::chrono::duration<double> get_waited{};
  std::size_t high_water = 0;
};

enum class PutResult : std::uint8_t { done, dropped, full, closed };
enum class GetResult : std::uint8_t { done, empty, closed };

// For a thread that no signal concerns. Any other callable in its place is run after a signal, and may throw.
struct NoInterrupt {
  void operator()() const noexcept {}
};

// A bounded first-in-first-out queue for any number of producers and consumers, with back-pressure.
//
// close() is final: puts fail from then on, and gets once the remaining items are gone. Threads may sleep in a
// ring only while someone owns it: close it, join them, then destroy it.
template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity, Overflow overflow = Overflow::block) : overflow_(overflow), queue_(capacity) {}

  // Puts if that needs no waiting; the item is moved from when the result is `done`. What has to be thrown away
  // is given to `on_drop(T&&)`, which must not throw.
  template <class OnDrop>
  PutResult try_put(T& item, OnDrop&& on_drop) noexcept {
    for (;;) {
      switch (queue_.push(item)) {
        case Step::done_wake:
          getters_.events.notify_one();
          [[fallthrough]];
        case Step::done:
          return PutResult::done;
        case Step::closed:
          return PutResult::closed;
        case Step::blocked:
          break;
      }
      if (overflow_ == Overflow::drop_newest) {
        dropped_newest_.fetch_add(1, std::memory_order_relaxed);
        on_drop(std::move(item));
        return PutResult::dropped;
      }
      if (overflow_ != Overflow::drop_oldest) {
        return PutResult::full;
      }
      if (queue_.pop_with(on_drop) < Step::blocked) {
        dropped_oldest_.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }
  PutResult try_put(T& item) noexcept {
    return try_put(item, [](T&&) noexcept {});
  }

  // Calls take(T&&), which must not throw, with the oldest item if there is one.
  template <class Take>
  GetResult try_get_with(Take&& take) noexcept {
    switch (queue_.pop_with(take)) {
      case Step::done_wake:
        putters_.events.notify_one();
        [[fallthrough]];
      case Step::done:
        return GetResult::done;
      case Step::blocked:
        return GetResult::empty;
      case Step::closed:
        break;
    }
    return GetResult::closed;
  }
  std::optional<T> try_get() noexcept {
    std::optional<T> item;
    try_get_with([&](T&& oldest) noexcept { item.emplace(std::move(oldest)); });
    return item;
  }

  // Waits for room as the overflow says, until the deadline. `interrupt()` runs after a signal, and may throw.
  // Throws RingClosed, RingFull, RingTimeout.
  template <class Interrupt, class OnDrop>
  PutResult put(T item, const Deadline& deadline, Interrupt&& interrupt, OnDrop&& on_drop) {
    for (bool late = false;;) {
      const PutResult result = try_put(item, on_drop);
      if (result == PutResult::closed) {
        throw RingClosed(closed_text);
      }
      if (result != PutResult::full) {
        return result;
      }
      if (overflow_ == Overflow::raise) {
        throw RingFull(full_text());
      }
      if (late) {
        throw RingTimeout(still_full_text());
      }
      late = wait_for_room(deadline, interrupt) == Wake::timed_out;
    }
  }
  PutResult put(T item, const Deadline& deadline = {}) {
    return put(std::move(item), deadline, NoInterrupt{}, [](T&&) noexcept {});
  }

  // The oldest item; nullopt once the ring is closed and empty. Throws RingTimeout.
  template <class Interrupt>
  std::optional<T> next(const Deadline& deadline, Interrupt&& interrupt) {
    std::optional<T> item;
    const auto take = [&](T&& oldest) noexcept { item.emplace(std::move(oldest)); };
    for (bool late = false;;) {
      if (try_get_with(take) != GetResult::empty) {
        return item;
      }
      if (late) {
        throw RingTimeout(still_empty_text);
      }
      late = wait_for_item(deadline, interrupt) == Wake::timed_out;
    }
  }
  std::optional<T> next(const Deadline& deadline = {}) { return next(deadline, NoInterrupt{}); }
  // The same, but throws RingClosed once the ring is closed and empty.
  T get(const Deadline& deadline = {}) {
    if (auto item = next(deadline)) {
      return std::move(*item);
    }
    throw RingClosed(drained_text);
  }

  // Returns when a put (a get) is worth trying, which another thread may have made futile by then, or when the
  // deadline has passed. With a `linger`, goes on waiting for about that long while the other side is at work, so
  // that more can be moved at once: for threads that need something that the other side holds.
  template <class Interrupt>
  Wake wait_for_room(const Deadline& deadline, Interrupt&& interrupt, std::chrono::nanoseconds linger = {}) {
    return wait_on(putters_, getters_, deadline, interrupt, linger, Room{queue_});
  }
  template <class Interrupt>
  Wake wait_for_item(const Deadline& deadline, Interrupt&& interrupt, std::chrono::nanoseconds linger = {}) {
    return wait_on(getters_, putters_, deadline, interrupt, linger, Item{queue_});
  }

  // Puts fail from now on, gets once the ring is empty. Wakes all that wait. Returns false when already closed.
  bool close() noexcept {
    const bool first = queue_.close();
    putters_.events.notify_all();
    getters_.events.notify_all();
    return first;
  }

  [[nodiscard]] bool closed() const noexcept { return queue_.closed(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return queue_.capacity(); }
  [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
  [[nodiscard]] Overflow overflow() const noexcept { return overflow_; }
  [[nodiscard]] RingStats stats() const noexcept {
    // Of each pair first what can only be smaller, so that no sum is ever short.
    const auto dropped_oldest = dropped_oldest_.load(std::memory_order_acquire);
    const auto dropped_newest = dropped_newest_.load(std::memory_order_acquire);
    const auto popped = queue_.popped();
    return {.put = queue_.pushed() + dropped_newest,
            .got = popped - dropped_oldest,
            .dropped = dropped_oldest + dropped_newest,
            .put_waits = putters_.waits.load(std::memory_order_relaxed),
            .get_waits = getters_.waits.load(std::memory_order_relaxed),
            .put_waited = putters_.clock.waited(),
            .get_waited = getters_.clock.waited(),
            .high_water = queue_.high_water()};
  }

  // What the errors say.
  static constexpr const char* closed_text = "the ring is closed: nothing can be put any more";
  static constexpr const char* drained_text = "the ring is closed and empty: nothing is left to get";
  static constexpr const char* still_empty_text = "the ring stayed empty until the timeout: no item was put";
  [[nodiscard]] std::string still_full_text() const {
    return "the ring stayed full (capacity " + std::to_string(capacity()) + ") until the timeout: no item was taken";
  }
  [[nodiscard]] std::string full_text() const {
    return "the ring is full (capacity " + std::to_string(capacity()) +
           ") and its overflow is 'raise': take items out faster, or use a larger capacity or overflow='block'";
  }

  // Calls visit(const T&) with each item. Nothing may be put or taken meanwhile.
  template <class Visit>
  void for_each(Visit&& visit) const {
    queue_.for_each(visit);
  }
  // To be called in the child after a fork, before its first thread is started: those that waited in the parent
  // do not exist here.
  void forget_waiting() noexcept {
    queue_.forget_sleepers();
    putters_.clock.forget_waiting();
    getters_.clock.forget_waiting();
  }

 private:
  using Clock = std::chrono::steady_clock;
  // A signal that arrives just before a thread falls asleep does not wake it: it looks again this often.
  static constexpr auto signal_interval = std::chrono::milliseconds(50);

  struct alignas(cache_line) Side {
    EventCount events;
    WaitClock clock;
    SpinBudget spin;
    std::atomic<std::uint64_t> waits{0};
  };
  // What the two sides wait for.
  struct Room {
    BoundedQueue<T>& queue;
    [[nodiscard]] bool ready() const noexcept { return queue.size() < queue.capacity() || queue.closed(); }
    [[nodiscard]] bool all() const noexcept { return queue.size() == 0 || queue.closed(); }
    [[nodiscard]] bool enter_sleep() const noexcept { return queue.enter_sleep_for_room(); }
    void leave_sleep() const noexcept { queue.leave_sleep_for_room(); }
  };
  struct Item {
    BoundedQueue<T>& queue;
    [[nodiscard]] bool ready() const noexcept { return queue.size() > 0 || queue.closed(); }
    [[nodiscard]] bool all() const noexcept { return queue.size() == queue.capacity() || queue.closed(); }
    [[nodiscard]] bool enter_sleep() const noexcept { return queue.enter_sleep_for_item(); }
    void leave_sleep() const noexcept { queue.leave_sleep_for_item(); }
  };

  // One thread's wait, from its first look to its last.
  class Waiting {
   public:
    explicit Waiting(Side& side) noexcept : side_(side) {
      side_.waits.fetch_add(1, std::memory_order_relaxed);
      side_.clock.begin();
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Waiting(Waiting&&) = delete;
    Waiting& operator=(Waiting&&) = delete;
    ~Waiting() {
      side_.spin.learn(Clock::now() - start_);
      side_.clock.end();
      if (!finished_) {
        side_.events.notify_one();  // an exception: the wake-up that this thread may have had is for another
      }
    }
    [[nodiscard]] Clock::time_point start() const noexcept { return start_; }
    void finish() noexcept { finished_ = true; }

   private:
    Side& side_;
    Clock::time_point start_ = Clock::now();
    bool finished_ = false;
  };

  template <class Interrupt, class What>
  Wake wait_on(Side& mine, const Side& other, const Deadline& deadline, Interrupt&& interrupt,
               std::chrono::nanoseconds linger, const What& what) {
    constexpr bool signals = !std::is_same_v<std::decay_t<Interrupt>, NoInterrupt>;
    Waiting waiting(mine);
    Wake wake = spin(mine, deadline, waiting.start(), what) ? Wake::notified : Wake::interrupted;
    while (wake == Wake::interrupted) {
      wake = sleep(mine, deadline, signals, what);
      if (wake == Wake::interrupted) {
        interrupt();
      }
    }
    if (wake == Wake::notified && linger.count() > 0) {
      linger_on(other, linger, what);
    }
    waiting.finish();
    return wake;
  }

  template <class What>
  bool spin(const Side& mine, const Deadline& deadline, Clock::time_point start, const What& what) const noexcept {
    const auto until = start + mine.spin.get();
    const auto end = deadline && *deadline < until ? *deadline : until;
    do {
      for (int i = 0; i < 16; ++i) {
        if (what.ready()) {
          return true;
        }
        pause();
      }
    } while (Clock::now() < end);
    return false;
  }

  template <class What>
  Wake sleep(Side& mine, const Deadline& deadline, bool signals, const What& what) noexcept {
    Deadline until = deadline;
    if (const auto look_again = Clock::now() + signal_interval; signals && (!deadline || look_again < *deadline)) {
      until = look_again;
    }
    const auto ticket = mine.events.prepare();
    Wake wake = Wake::notified;
    if (what.enter_sleep()) {
      wake = mine.events.wait(ticket, until);
    } else {
      mine.events.cancel();
    }
    what.leave_sleep();
    return wake == Wake::timed_out && until != deadline ? Wake::interrupted : wake;
  }

  template <class What>
  void linger_on(const Side& other, std::chrono::nanoseconds linger, const What& what) const noexcept {
    const auto end = Clock::now() + linger;
    do {
      for (int i = 0; i < 16; ++i) {
        if (other.clock.waiting() != 0 || what.all()) {
          return;
        }
        pause();
      }
    } while (Clock::now() < end);
  }

  const Overflow overflow_;
  BoundedQueue<T> queue_;
  Side putters_;
  Side getters_;
  std::atomic<std::uint64_t> dropped_oldest_{0};
  std::atomic<std::uint64_t> dropped_newest_{0};
};

}  // namespace framelane
