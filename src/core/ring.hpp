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
#include "core/overflow.hpp"
#include "core/wait_side.hpp"

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

// A bounded first-in-first-out queue for any number of producers and consumers, with back-pressure.
//
// close() is final: puts fail from then on, and gets once the remaining items are gone. To destroy a ring, close it
// and join the threads that use it first (or share it among them). Items that are left are destroyed with it.
template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity, Overflow overflow = Overflow::block) : overflow_(overflow), queue_(capacity) {}

  // Puts if that needs no waiting; the item is moved from when the result is `done`. What has to be thrown away is
  // given to `on_drop(T&&)`, which must not throw.
  template <Pace pace = Pace::prompt, class OnDrop>
  PutResult try_put(T& item, OnDrop&& on_drop) noexcept {
    for (;;) {
      switch (queue_.template push<pace>(item)) {
        case Step::done_wake:
          getters_.notify_one();
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
  template <Pace pace = Pace::prompt, class Take>
  GetResult try_get_with(Take&& take) noexcept {
    switch (queue_.template pop_with<pace>(take)) {
      case Step::done_wake:
        putters_.notify_one();
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

  // Waits for room as the overflow says, until the deadline. Throws RingClosed, RingFull, RingTimeout, and what the
  // interrupt throws; then the item is not put.
  template <class OnDrop>
  PutResult put(T item, const Deadline& deadline, const Interrupt& interrupt, OnDrop&& on_drop) {
    const PutResult result = try_put<Pace::gathering>(item, on_drop);
    return result < PutResult::full ? result : put_late(result, item, deadline, interrupt, on_drop);
  }
  PutResult put(T item, const Deadline& deadline = no_deadline, const Interrupt& interrupt = no_interrupt) {
    return put(std::move(item), deadline, interrupt, [](T&&) noexcept {});
  }

  // The oldest item; nullopt once the ring is closed and empty. Throws RingTimeout and what the interrupt throws.
  std::optional<T> next(const Deadline& deadline = no_deadline, const Interrupt& interrupt = no_interrupt) {
    std::optional<T> item;
    const auto take = [&](T&& oldest) noexcept { item.emplace(std::move(oldest)); };
    if (try_get_with<Pace::gathering>(take) == GetResult::empty) {
      get_late(take, deadline, interrupt);
    }
    return item;
  }
  // The same, but throws RingClosed once the ring is closed and empty.
  T get(const Deadline& deadline = no_deadline, const Interrupt& interrupt = no_interrupt) {
    if (auto item = next(deadline, interrupt)) {
      return std::move(*item);
    }
    throw RingClosed(drained_text);
  }

  // Return when a put (a get) is worth trying, which another thread may have made futile by then, or when the deadline
  // has passed.
  Wake wait_for_room(const Deadline& deadline, const Interrupt& interrupt = no_interrupt,
                     Manner manner = Manner::eager) {
    return putters_.wait(getters_, Room{queue_}, deadline, interrupt, manner);
  }
  Wake wait_for_item(const Deadline& deadline, const Interrupt& interrupt = no_interrupt,
                     Manner manner = Manner::eager) {
    return getters_.wait(putters_, Item{queue_}, deadline, interrupt, manner);
  }

  // Puts fail from now on, gets once the ring is empty. Wakes all that wait. Returns false when already closed.
  bool close() noexcept {
    const bool first = queue_.close();
    putters_.notify_all();
    getters_.notify_all();
    return first;
  }

  [[nodiscard]] bool closed() const noexcept { return queue_.closed(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return queue_.capacity(); }
  [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
  [[nodiscard]] Overflow overflow() const noexcept { return overflow_; }

  [[nodiscard]] RingStats stats() const noexcept {
    // Of each pair first what can only be smaller, so that nothing seems to have come out that did not go in.
    const auto dropped_oldest = dropped_oldest_.load(std::memory_order_acquire);
    const auto dropped_newest = dropped_newest_.load(std::memory_order_acquire);
    const auto popped = queue_.popped();
    return {.put = queue_.pushed() + dropped_newest,
            .got = popped - dropped_oldest,
            .dropped = dropped_oldest + dropped_newest,
            .put_waits = putters_.waits(),
            .get_waits = getters_.waits(),
            .put_waited = putters_.waited(),
            .get_waited = getters_.waited(),
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

  // In the child after a fork, before it starts a thread: those that waited in the parent do not exist here.
  void forget_waiting() noexcept {
    queue_.forget_sleepers();
    putters_.forget_waiting();
    getters_.forget_waiting();
  }

 private:
  // The rest of put and next, for when the first try came to nothing. Not inlined: the way without a wait stays short.
  template <class OnDrop>
  [[gnu::noinline]] PutResult put_late(PutResult result, T& item, const Deadline& deadline, const Interrupt& interrupt,
                                       OnDrop& on_drop) {
    for (bool late = false;;) {
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
      result = try_put<Pace::gathering>(item, on_drop);
    }
  }
  template <class Take>
  [[gnu::noinline]] void get_late(Take& take, const Deadline& deadline, const Interrupt& interrupt) {
    for (bool late = false; !late;) {
      late = wait_for_item(deadline, interrupt) == Wake::timed_out;
      if (try_get_with<Pace::gathering>(take) != GetResult::empty) {
        return;
      }
    }
    throw RingTimeout(still_empty_text);
  }

  // What the two sides wait for.
  struct Room {
    BoundedQueue<T>& queue;
    [[nodiscard]] bool closed() const noexcept { return queue.closed(); }
    [[nodiscard]] bool ready() const noexcept { return queue.size() < queue.capacity() || queue.closed(); }
    [[nodiscard]] bool enter_sleep() const noexcept { return queue.enter_sleep_for_room(); }
    void leave_sleep() const noexcept { queue.leave_sleep_for_room(); }
  };
  struct Item {
    BoundedQueue<T>& queue;
    [[nodiscard]] bool closed() const noexcept { return queue.closed(); }
    [[nodiscard]] bool ready() const noexcept { return queue.size() > 0 || queue.closed(); }
    [[nodiscard]] bool enter_sleep() const noexcept { return queue.enter_sleep_for_item(); }
    void leave_sleep() const noexcept { queue.leave_sleep_for_item(); }
  };

  const Overflow overflow_;
  BoundedQueue<T> queue_;
  WaitSide putters_;
  WaitSide getters_;
  std::atomic<std::uint64_t> dropped_oldest_{0};
  std::atomic<std::uint64_t> dropped_newest_{0};
};

}  // namespace framelane
