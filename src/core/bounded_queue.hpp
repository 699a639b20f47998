#pragma once

#include <algorithm>
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

#include "core/cache.hpp"

namespace framelane {

// What a step that does not wait came to.
enum class Step : std::uint8_t {
  done,
  done_wake,  // done, and a thread of the other side sleeps: wake it
  blocked,    // full, or empty
  closed,     // for a pop: closed and empty
};

// Whether a thread that catches up with the other end looks for more at once. At its own pace it lets some gather first
// (for half a microsecond, where that helps): two threads that run side by side would else fight for a cache line over
// each item.
enum class Pace : std::uint8_t { prompt, gathering };

// A bounded first-in-first-out queue for any number of producers and consumers that never waits: the part of Ring
// that touches the items.
//
// Each end has two positions. A thread takes the next one by moving `claimed`, moves its item, and says so by moving
// `done`, in order of position. Slots between the consumers' and the producers' `done` hold items. Each end keeps
// what it last saw of the other's `done`: while that suffices the cache lines of the other end stay where they are,
// and so an item costs a fraction of what a line costs to travel.
//
// `claimed` is position | sleepers | closed in one word, so that one atomic step takes a position and learns whether
// someone sleeps on the other side or the queue was closed: nothing can fall between the two.
template <class T>
class BoundedQueue {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "an item is moved while its position is claimed, and must not fail there");

 public:
  explicit BoundedQueue(std::size_t capacity)
      : capacity_(checked(capacity)), mask_(std::bit_ceil(capacity) - 1), slots_(new Slot[mask_ + 1]()) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;
  BoundedQueue(BoundedQueue&&) = delete;
  BoundedQueue& operator=(BoundedQueue&&) = delete;
  ~BoundedQueue() {
    while (pop_with([](T&&) noexcept {}) < Step::blocked) {
    }
  }

  // Moves the item in; leaves it alone unless done.
  template <Pace pace = Pace::prompt>
  Step push(T& item) noexcept {
    Word word = tail_.claimed.load(std::memory_order_relaxed);  // relaxed: a guess, which the exchange checks
    for (;;) {
      if ((word & closed_bit) != 0) {
        return Step::closed;
      }
      const Word position = position_of(word);
      // acquire: a consumer's move out of the slot comes before our move into it
      Word level = distance(tail_.other_seen.load(std::memory_order_acquire), position);
      if (level >= tail_.high_water.load(std::memory_order_relaxed)) {  // that is, also when there may be no room
        if (pace == Pace::gathering && level >= capacity_) {
          let_gather(tail_);
        }
        level = distance(look_at(head_, tail_), position);
      }
      if (level >= capacity_) {
        if (const Word now = tail_.claimed.load(std::memory_order_relaxed); now != word) {
          word = now;
        } else if (distance(position_of(head_.claimed.load(std::memory_order_acquire)), position) >= capacity_) {
          return Step::blocked;
        } else {
          std::this_thread::yield();  // a consumer has claimed an item and is moving it out
        }
        continue;
      }
      prefetch_to_write(&slots_[(position + write_ahead_) & mask_]);
      // acquire: whoever counted as a sleeper is seen to sleep
      if (tail_.claimed.compare_exchange_weak(word, word + one_position, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
        ::new (slots_[position & mask_].storage) T(std::move(item));
        finish(tail_, position);
        note_level(level + 1);
        return (word & sleepers_mask) != 0 ? Step::done_wake : Step::done;
      }
    }
  }

  // Calls take(T&&), which must not throw, with the oldest item.
  template <Pace pace = Pace::prompt, class Take>
  Step pop_with(Take&& take) noexcept {
    Word word = head_.claimed.load(std::memory_order_relaxed);
    for (;;) {
      const Word position = position_of(word);
      // acquire: a producer's move into the slot comes before our move out of it
      if (!between(position, head_.other_seen.load(std::memory_order_acquire)) && !look_for_item<pace>(position)) {
        const Word tail = tail_.claimed.load(std::memory_order_acquire);
        if (const Word now = head_.claimed.load(std::memory_order_relaxed); now != word) {
          word = now;
        } else if (position_of(tail) == position) {
          return (tail & closed_bit) != 0 ? Step::closed : Step::blocked;
        } else {
          std::this_thread::yield();  // a producer has claimed a slot and is moving its item in
        }
        continue;
      }
      if (head_.claimed.compare_exchange_weak(word, word + one_position, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
        prefetch_to_read(&slots_[(position + read_ahead) & mask_]);
        T& item = slots_[position & mask_].item();
        take(std::move(item));
        item.~T();
        finish(head_, position);
        return (word & sleepers_mask) != 0 ? Step::done_wake : Step::done;
      }
    }
  }

  // Returns false when it was closed before.
  bool close() noexcept { return (tail_.claimed.fetch_or(closed_bit) & closed_bit) == 0; }
  [[nodiscard]] bool closed() const noexcept { return (tail_.claimed.load() & closed_bit) != 0; }

  // Between enter and leave the other side answers done_wake, and `true` from enter means that it is worth sleeping:
  // whatever changes that from now on, changes it with done_wake or close.
  // seq_cst: close writes the tail and then looks for sleepers, a sleeping producer writes the head and then looks at
  // the tail, and one of the two has to see the other.
  bool enter_sleep_for_item() noexcept {
    const Word tail = tail_.claimed.fetch_add(one_sleeper);
    return (tail & closed_bit) == 0 && position_of(tail) == position_of(head_.claimed.load());
  }
  void leave_sleep_for_item() noexcept { tail_.claimed.fetch_sub(one_sleeper); }
  bool enter_sleep_for_room() noexcept {
    const Word head = head_.claimed.fetch_add(one_sleeper);
    const Word tail = tail_.claimed.load();
    return (tail & closed_bit) == 0 && distance(position_of(head), position_of(tail)) >= capacity_;
  }
  void leave_sleep_for_room() noexcept { head_.claimed.fetch_sub(one_sleeper); }

  // After a fork only the forking thread is left, and it does not sleep.
  void forget_sleepers() noexcept {
    tail_.claimed.fetch_and(~sleepers_mask);
    head_.claimed.fetch_and(~sleepers_mask);
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint64_t pushed() const noexcept { return tail_.done.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t popped() const noexcept { return head_.done.load(std::memory_order_acquire); }
  // Head first: it cannot pass the tail that is read after it. By then the tail may be more than a lap ahead of it.
  [[nodiscard]] std::size_t size() const noexcept {
    const Word head = popped();
    return std::min<std::size_t>(distance(head, pushed()), capacity_);
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
  static constexpr Word read_ahead = 16;  // slots that are fetched before their turn: two lines of pointers

  struct Slot {
    alignas(T) std::byte storage[sizeof(T)];
    T& item() noexcept { return *std::launder(reinterpret_cast<T*>(storage)); }
    [[nodiscard]] const T& item() const noexcept { return *std::launder(reinterpret_cast<const T*>(storage)); }
  };
  // What one side writes: head_ the consumers, tail_ the producers.
  struct alignas(cache_line) End {
    std::atomic<Word> claimed{0};
    std::atomic<Word> other_seen{0};  // an old `done` of the other end
    std::atomic<Word> gathered{0};    // how much newer it was than the one before
    std::atomic<Word> looks{0};       // that found next to nothing
    std::atomic<Word> high_water{0};  // of the tail only
    // What the other side looks at, apart from the rest: else a look would hold up the next claim.
    alignas(cache_line) std::atomic<Word> done{0};
  };
  static_assert(sizeof(End) == 2 * cache_line && std::atomic<Word>::is_always_lock_free);

  static std::size_t checked(std::size_t capacity) {
    if (capacity < 1 || capacity > max_capacity) {
      throw std::invalid_argument("capacity must be at least 1, not " + std::to_string(capacity));
    }
    return capacity;
  }
  static Word position_of(Word word) noexcept { return word >> position_shift; }
  static Word distance(Word from, Word to) noexcept { return (to - from) & position_mask; }

  // Whether `position` holds an item when producers are done up to `tail`, which may be old and so behind it.
  [[nodiscard]] bool between(Word position, Word tail) const noexcept {
    return distance(position, tail) - 1 < capacity_;
  }

  template <Pace pace>
  bool look_for_item(Word position) noexcept {
    if constexpr (pace == Pace::gathering) {
      let_gather(head_);
    }
    return between(position, look_at(tail_, head_));
  }
  // Pays when the other side works at the same time and is fast. Where the last look found next to nothing it probably
  // does not, and so it is only tried now and then.
  static void let_gather(End& mine) noexcept {
    constexpr Word enough = 32;  // items found at the last look: then the cost of looking is spread well
    constexpr Word next_to_nothing = 4;
    constexpr Word seldom = 64;
    const Word found = mine.gathered.load(std::memory_order_relaxed);
    if (found >= enough) {
      return;
    }
    if (found < next_to_nothing) {
      const Word looks = mine.looks.load(std::memory_order_relaxed) + 1;  // relaxed: about so many will do
      mine.looks.store(looks, std::memory_order_relaxed);
      if (looks % seldom != 0) {
        return;
      }
    }
    for (int i = 0; i < 20; ++i) {
      pause();
    }
  }
  static Word look_at(const End& other, End& mine) noexcept {
    const Word done = other.done.load(std::memory_order_acquire);
    const Word seen = mine.other_seen.load(std::memory_order_relaxed);
    if (done != seen) {
      mine.gathered.store(distance(seen, done), std::memory_order_relaxed);  // relaxed: a guide, which may be wrong
      // release: who goes by other_seen is as if it had looked itself
      mine.other_seen.store(done, std::memory_order_release);
    }
    return done;
  }

  // acquire and release: `done` speaks for all positions before it, whoever moved those items
  static void finish(End& end, Word position) noexcept {
    while (end.done.load(std::memory_order_acquire) != position) {
      std::this_thread::yield();  // the thread before us has claimed its position and is moving its item
    }
    end.done.store((position + 1) & position_mask, std::memory_order_release);
  }

  void note_level(Word level) noexcept {
    Word known = tail_.high_water.load(std::memory_order_relaxed);  // relaxed: a figure for people
    while (level > known && !tail_.high_water.compare_exchange_weak(known, level, std::memory_order_relaxed)) {
    }
  }

  const std::size_t capacity_;
  const std::size_t mask_;
  // Far enough to hide the way of a line, and never into what the consumers have yet to read of a short ring.
  const std::size_t write_ahead_ = std::min<std::size_t>((mask_ + 1) / 4, 64);
  const std::unique_ptr<Slot[]> slots_;
  End head_;
  End tail_;
};

}  // namespace framelane
