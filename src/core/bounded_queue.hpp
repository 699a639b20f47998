#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

namespace framelane {

// Two cache lines: the prefetcher of x86 fetches lines in pairs.
inline constexpr std::size_t cache_line = 128;

// What a step that does not wait came to.
enum class Step : std::uint8_t {
  done,
  done_wake,  // done, and a thread of the other side sleeps: wake it
  blocked,    // full, or empty
  closed,     // for a pop: closed and empty
};

// A bounded first-in-first-out queue for any number of producers and consumers that never waits: the part of
// Ring that touches the items.
//
// Each slot carries the position that may use it next (D. Vyukov's bounded queue): `position` when it is free for
// the push at that position, `position + 1` when it holds that push's item. Two words say where to push and pop.
// A word is position | sleepers | closed, so that one atomic step both claims a position and learns whether
// someone sleeps on the other side or the queue was closed: nothing can fall between the two.
template <class T>
class BoundedQueue {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "an item is moved while its slot is claimed, and must not fail there");

 public:
  explicit BoundedQueue(std::size_t capacity)
      : capacity_(checked(capacity)),
        mask_(std::bit_ceil(capacity + (capacity == 1)) - 1),
        slots_(new Slot[mask_ + 1]) {
    for (std::size_t i = 0; i <= mask_; ++i) {
      slots_[i].turn.store(i, std::memory_order_relaxed);  // relaxed: no other thread has the queue yet
    }
  }
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;
  BoundedQueue(BoundedQueue&&) = delete;
  BoundedQueue& operator=(BoundedQueue&&) = delete;
  ~BoundedQueue() {
    while (pop_with([](T&&) noexcept {}) < Step::blocked) {
    }
  }

  // Moves the item in; leaves it alone unless done.
  Step push(T& item) noexcept {
    // relaxed: a guess, which the compare-exchange checks
    Word word = tail_.word.load(std::memory_order_relaxed);
    for (;;) {
      if ((word & closed_bit) != 0) {
        return Step::closed;
      }
      const Word position = position_of(word);
      Slot& slot = slots_[position & mask_];
      // acquire: the consumer's move out of the slot comes before our move into it
      const bool free = slot.turn.load(std::memory_order_acquire) == position;
      if (Word level = 0; free && has_room(position, level)) {
        // acquire: see the sleepers' EventCount; the item is published by the slot's turn
        if (tail_.word.compare_exchange_weak(word, word + one_position, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
          ::new (slot.storage) T(std::move(item));
          slot.turn.store((position + 1) & position_mask, std::memory_order_release);  // publishes the item
          note_level(level + 1);
          return (word & sleepers_mask) != 0 ? Step::done_wake : Step::done;
        }
        continue;
      }
      if (const Word seen = tail_.word.load(std::memory_order_relaxed); seen != word) {
        word = seen;
      } else if (is_full(position)) {
        return Step::blocked;
      } else {
        std::this_thread::yield();  // a consumer has claimed the slot and is moving the item out
      }
    }
  }

  // Calls take(T&&), which must not throw, with the oldest item.
  template <class Take>
  Step pop_with(Take&& take) noexcept {
    Word word = head_.word.load(std::memory_order_relaxed);
    for (;;) {
      const Word position = position_of(word);
      Slot& slot = slots_[position & mask_];
      // acquire: the producer's move into the slot comes before our move out of it
      if (slot.turn.load(std::memory_order_acquire) == ((position + 1) & position_mask)) {
        if (head_.word.compare_exchange_weak(word, word + one_position, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
          T& item = slot.item();
          take(std::move(item));
          item.~T();
          slot.turn.store((position + mask_ + 1) & position_mask, std::memory_order_release);  // frees the slot
          return (word & sleepers_mask) != 0 ? Step::done_wake : Step::done;
        }
        continue;
      }
      if (const Word seen = head_.word.load(std::memory_order_relaxed); seen != word) {
        word = seen;
      } else if (const Word tail = tail_.word.load(std::memory_order_acquire); position_of(tail) == position) {
        return (tail & closed_bit) != 0 ? Step::closed : Step::blocked;
      } else {
        std::this_thread::yield();  // a producer has claimed the slot and is moving the item in
      }
    }
  }

  // Returns false when it was closed before.
  bool close() noexcept { return (tail_.word.fetch_or(closed_bit) & closed_bit) == 0; }
  [[nodiscard]] bool closed() const noexcept { return (tail_.word.load() & closed_bit) != 0; }

  // Between enter and leave the other side answers done_wake, and `true` from enter means that it is worth
  // sleeping: whatever changes that from now on, changes it with done_wake or close.
  // seq_cst: close writes tail_ and then looks for sleepers, a sleeping producer writes head_ and then looks at
  // tail_, and one of the two has to see the other.
  bool enter_sleep_for_item() noexcept {
    const Word tail = tail_.word.fetch_add(one_sleeper);
    return (tail & closed_bit) == 0 && position_of(tail) == position_of(head_.word.load());
  }
  void leave_sleep_for_item() noexcept { tail_.word.fetch_sub(one_sleeper); }
  bool enter_sleep_for_room() noexcept {
    const Word head = head_.word.fetch_add(one_sleeper);
    const Word tail = tail_.word.load();
    return (tail & closed_bit) == 0 && distance(position_of(head), position_of(tail)) >= capacity_;
  }
  void leave_sleep_for_room() noexcept { head_.word.fetch_sub(one_sleeper); }

  // After a fork only the forking thread is left, and it does not sleep.
  void forget_sleepers() noexcept {
    tail_.word.fetch_and(~sleepers_mask);
    head_.word.fetch_and(~sleepers_mask);
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint64_t pushed() const noexcept {
    return position_of(tail_.word.load(std::memory_order_acquire));
  }
  [[nodiscard]] std::uint64_t popped() const noexcept {
    return position_of(head_.word.load(std::memory_order_acquire));
  }
  // Head first: it cannot pass the tail that is read after it.
  [[nodiscard]] std::size_t size() const noexcept {
    const std::uint64_t head = popped();
    const std::uint64_t level = distance(head, pushed());
    return level < capacity_ ? level : capacity_;
  }
  // The most items that were in the queue at once.
  [[nodiscard]] std::size_t high_water() const noexcept { return tail_.high_water.load(std::memory_order_relaxed); }

  // Calls visit(const T&) with each item. Nothing may be pushed or popped meanwhile.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Word position = popped(); position != pushed(); position = (position + 1) & position_mask) {
      visit(slots_[position & mask_].item());
    }
  }

 private:
  using Word = std::uint64_t;
  // Positions wrap after 2^47, which is a multiple of the number of slots: nothing notices.
  static constexpr Word closed_bit = 1;
  static constexpr Word one_sleeper = 2;
  static constexpr int position_shift = 17;
  static constexpr Word one_position = Word{1} << position_shift;
  static constexpr Word sleepers_mask = one_position - one_sleeper;
  static constexpr Word position_mask = ~Word{0} >> position_shift;
  static constexpr std::size_t max_capacity = std::size_t{1} << 40;

  struct Slot {
    std::atomic<Word> turn;
    alignas(T) std::byte storage[sizeof(T)];
    T& item() noexcept { return *std::launder(reinterpret_cast<T*>(storage)); }
    const T& item() const noexcept { return *std::launder(reinterpret_cast<const T*>(storage)); }
  };
  // The word that consumers write, and the one that producers write with what only producers use.
  struct alignas(cache_line) Head {
    std::atomic<Word> word{0};
  };
  struct alignas(cache_line) Tail {
    std::atomic<Word> word{0};
    std::atomic<Word> head_seen{0};  // an old head: enough to know that there is room, without fetching its line
    std::atomic<Word> high_water{0};
  };
  static_assert(sizeof(Head) == cache_line && sizeof(Tail) == cache_line);
  static_assert(std::atomic<Word>::is_always_lock_free);

  static std::size_t checked(std::size_t capacity) {
    if (capacity < 1 || capacity > max_capacity) {
      throw std::invalid_argument("capacity must be at least 1, not " + std::to_string(capacity));
    }
    return capacity;
  }
  static Word position_of(Word word) noexcept { return word >> position_shift; }
  static Word distance(Word from, Word to) noexcept { return (to - from) & position_mask; }

  // relaxed: an old head only makes the queue look fuller, and then the true one is read
  bool has_room(Word position, Word& level) noexcept {
    level = distance(tail_.head_seen.load(std::memory_order_relaxed), position);
    if (level >= tail_.high_water.load(std::memory_order_relaxed)) {
      const Word head = popped();
      tail_.head_seen.store(head, std::memory_order_relaxed);
      level = distance(head, position);
    }
    return level < capacity_;
  }
  void note_level(Word level) noexcept {
    Word known = tail_.high_water.load(std::memory_order_relaxed);  // relaxed: a figure for people
    while (level > known && !tail_.high_water.compare_exchange_weak(known, level, std::memory_order_relaxed)) {
    }
  }
  bool is_full(Word position) const noexcept { return distance(popped(), position) >= capacity_; }

  const std::size_t capacity_;
  const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
  Head head_;
  Tail tail_;
};

}  // namespace framelane
