#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace framelane {

// A lock-free stack of the numbers from 0 to count - 1, each on it at most once: the free slots of a pool. What was
// pushed last, and is still in the cache, is popped first. `between` runs inside of pop, where another thread may come
// between its reading and its writing: for tests.
class SlotStack {
 public:
  using Slot = std::uint32_t;
  static constexpr Slot none = std::numeric_limits<Slot>::max();

  // With all slots on it, 0 on top.
  explicit SlotStack(std::size_t count) : below_(count), head_(count == 0 ? none : 0) {
    for (std::size_t slot = 0; slot < count; ++slot) {
      below_[slot] = slot + 1 < count ? static_cast<Slot>(slot + 1) : none;
    }
  }

  [[nodiscard]] std::size_t count() const noexcept { return below_.size(); }

  // `none` when it is empty.
  template <class Between>
  [[nodiscard]] Slot pop(Between&& between) noexcept {
    std::uint64_t head = head_.load();
    while (true) {
      const Slot top = slot_of(head);
      if (top == none) {
        return none;
      }
      // Another thread may pop `top` right now and change this link: then the exchange fails, for the count of
      // changes has moved on, even when `top` is on top again by then.
      const Slot next = below_[top].load(std::memory_order_relaxed);
      between();
      if (head_.compare_exchange_weak(head, changed(head, next))) {
        return top;
      }
    }
  }
  [[nodiscard]] Slot pop() noexcept {
    return pop([] {});
  }

  void push(Slot slot) noexcept {
    std::uint64_t head = head_.load();
    do {
      below_[slot].store(slot_of(head), std::memory_order_relaxed);
    } while (!head_.compare_exchange_weak(head, changed(head, slot)));
  }

 private:
  // The head's low half is the slot on top, its high half counts changes.
  static Slot slot_of(std::uint64_t head) noexcept { return static_cast<Slot>(head); }
  static std::uint64_t changed(std::uint64_t head, Slot top) noexcept { return (((head >> 32U) + 1) << 32U) | top; }

  std::vector<std::atomic<Slot>> below_;
  // seq_cst: after a push the pusher reads whether somebody waits, and a waiter says so before it pops (EventCount).
  std::atomic<std::uint64_t> head_;
};

}  // namespace framelane
