#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "core/error.hpp"
#include "core/shared_words.hpp"

namespace framelane::shared {

// A frame that was taken out, and the word that says so.
struct Claim {
  std::uint32_t slot = 0;
  Word word = 0;
  [[nodiscard]] bool redelivered() const noexcept { return SlotWord::unpack(word).deliveries != 0; }
};

enum class TakeResult : std::uint8_t { done, empty, closed };

// What becomes of a frame whose reader died.
enum class OnReaderDeath : std::uint8_t { redeliver, fail };

// What recovery did with one slot.
enum class Recovered : std::uint8_t { nothing, kept, reclaimed, redelivered, failed };

// The slots of a SharedRing and the order in which they were committed: the part that has to be right whenever any
// of those who use it stops for ever between any two instructions. SHARED_RING.md beside this file explains it.
//
// `Memory` says where the words lie: slot_count(), cell_count() (a power of two above slot_count()), and, as atomics,
// slot(i), cell(i), head(), tail(), redelivery(), and the plain-for-people sequence(i). The search over all
// interleavings puts its own in place of it. All atomics are sequentially consistent: the number of steps is what
// costs here, and sleepers count on that order.
template <class Memory>
class SharedSlots {
 public:
  explicit SharedSlots(Memory memory) noexcept
      : memory_(memory), mask_(memory_.cell_count() - 1), shift_(std::countr_zero(memory_.cell_count())) {}

  // A free slot for `me` to write; nullopt when there is none. `from` is where to look first.
  std::optional<Claim> reserve(Owner me, std::uint32_t from) {
    const std::uint32_t count = memory_.slot_count();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t slot = from + i < count ? from + i : from + i - count;
      Word word = memory_.slot(slot).load();
      if (const SlotWord now = SlotWord::unpack(word); now.state == SlotState::free) {
        const Word mine = SlotWord{SlotState::writing, 0, me, now.generation + 1}.pack();
        if (memory_.slot(slot).compare_exchange_strong(word, mine)) {
          return Claim{slot, mine};
        }
      }
    }
    return std::nullopt;
  }

  // Enqueues a slot that the caller reserved; false once the ring is closed. The step that counts is the one into the
  // cell; moving the tail is left to whoever comes by.
  bool commit(std::uint32_t slot) {
    for (;;) {
      const Word tail = memory_.tail().load();
      Word word = cell(tail).load();
      const CellWord now = CellWord::unpack(word);
      if (now.lap == lap_of(tail) && now.kind == CellKind::empty) {
        if (cell(tail).compare_exchange_strong(word, CellWord{CellKind::full, slot, now.lap}.pack())) {
          advance(memory_.tail(), tail);
          return true;
        }
      } else if (now.lap == lap_of(tail) && now.kind == CellKind::closed) {
        return false;
      } else {
        help(memory_.tail(), tail, now);
      }
    }
  }

  // Gives up a slot that was reserved and not committed.
  void abandon(const Claim& claim) { (void)to_free(claim); }

  // Takes the oldest frame out. Those that a dead reader had come first.
  TakeResult take(Owner me, Claim& claim) {
    if ((memory_.redelivery().load() & pending) != 0 && take_again(me, claim)) {
      return TakeResult::done;
    }
    for (;;) {
      const Word head = memory_.head().load();
      const Word word = cell(head).load();
      const CellWord now = CellWord::unpack(word);
      if (now.lap != lap_of(head)) {
        help(memory_.head(), head, now);
      } else if (now.kind == CellKind::full) {
        if (take_at(head, word, me, claim)) {
          return TakeResult::done;
        }
      } else {
        return now.kind == CellKind::empty ? TakeResult::empty : TakeResult::closed;
      }
    }
  }

  // Takes a frame that a dead reader had; false when there is none.
  bool take_again(Owner me, Claim& claim) {
    for (;;) {
      Word hint = memory_.redelivery().load();
      const auto oldest = oldest_again();
      if (!oldest) {
        // Whoever has put one back since then has changed the hint.
        memory_.redelivery().compare_exchange_strong(hint, hint & ~pending);
        return false;
      }
      Word word = oldest->word;
      SlotWord next = SlotWord::unpack(word);
      next.state = SlotState::reading;
      next.owner = me;
      if (memory_.slot(oldest->slot).compare_exchange_strong(word, next.pack())) {
        claim = {oldest->slot, next.pack()};
        return true;
      }
    }
  }

  // Ends the reading of a frame; false when it was no longer the caller's.
  bool release(const Claim& claim) { return to_free(claim); }

  // Throws a frame away that the caller has taken, and reserves its slot.
  std::optional<Claim> reuse(const Claim& claim) {
    SlotWord next = SlotWord::unpack(claim.word);
    next.state = SlotState::writing;
    next.deliveries = 0;
    ++next.generation;
    Word word = claim.word;
    if (!memory_.slot(claim.slot).compare_exchange_strong(word, next.pack())) {
      return std::nullopt;
    }
    return Claim{claim.slot, next.pack()};
  }

  // Nothing can be committed after this. False when it was closed before.
  bool close() {
    for (;;) {
      const Word tail = memory_.tail().load();
      Word word = cell(tail).load();
      const CellWord now = CellWord::unpack(word);
      if (now.lap == lap_of(tail) && now.kind == CellKind::empty) {
        if (cell(tail).compare_exchange_strong(word, CellWord{CellKind::closed, 0, now.lap}.pack())) {
          return true;
        }
      } else if (now.lap == lap_of(tail) && now.kind == CellKind::closed) {
        return false;
      } else {
        help(memory_.tail(), tail, now);
      }
    }
  }

  // Takes back the slot if `dead` holds it. Sound only for an owner that will never take a step again; any number of
  // threads may do it at once, and each may die in the middle.
  Recovered recover(std::uint32_t slot, Owner dead, OnReaderDeath on_reader_death) {
    Word word = memory_.slot(slot).load();
    SlotWord next = SlotWord::unpack(word);
    if (!next.held_by(dead)) {
      return Recovered::nothing;
    }
    next.owner = {};
    Recovered result = Recovered::nothing;
    if (next.state == SlotState::writing) {
      const bool committed = in_queue(slot);  // the dead one will not change that any more
      next.state = committed ? SlotState::queued : SlotState::free;
      result = committed ? Recovered::kept : Recovered::reclaimed;
    } else {
      clear_cells(slot, word);
      const bool again = on_reader_death == OnReaderDeath::redeliver;
      next.state = again ? SlotState::again : SlotState::free;
      next.deliveries = again ? next.deliveries + (next.deliveries < SlotWord::most_deliveries ? 1 : 0) : 0;
      result = again ? Recovered::redelivered : Recovered::failed;
    }
    if (!memory_.slot(slot).compare_exchange_strong(word, next.pack())) {
      return Recovered::nothing;  // another was faster
    }
    if (result == Recovered::redelivered) {
      announce_redelivery();
    }
    return result;
  }

  // Does what a recoverer left undone that died before it could announce. To be called now and then.
  void repair_announcement() {
    if ((memory_.redelivery().load() & pending) == 0 && oldest_again()) {
      announce_redelivery();
    }
  }

  // Makes takers look for frames to be delivered again.
  void announce_redelivery() {
    Word hint = memory_.redelivery().load();
    while (!memory_.redelivery().compare_exchange_strong(hint, (hint + one_announcement) | pending)) {
    }
  }

  [[nodiscard]] SlotWord state_of(std::uint32_t slot) const { return SlotWord::unpack(memory_.slot(slot).load()); }

  // Whether a take might find something other than emptiness: a guess for those who wait.
  [[nodiscard]] bool worth_taking() const {
    const Word head = memory_.head().load();
    const CellWord now = CellWord::unpack(cell(head).load());
    return now.lap != lap_of(head) || now.kind != CellKind::empty || (memory_.redelivery().load() & pending) != 0;
  }

 private:
  static constexpr Word pending = 1;
  static constexpr Word one_announcement = 2;

  [[nodiscard]] auto& cell(Word position) const { return memory_.cell(static_cast<std::uint32_t>(position) & mask_); }
  [[nodiscard]] Word lap_of(Word position) const noexcept { return position >> static_cast<unsigned>(shift_); }

  template <class Atomic>
  static void advance(Atomic& end, Word position) {
    end.compare_exchange_strong(position, position + 1);
  }

  // The cell is done with `position`, so `end` is behind, or our view of it is old.
  template <class Atomic>
  void help(Atomic& end, Word position, const CellWord& seen) {
    const Word ahead = seen.lap - lap_of(position);
    if (ahead > 1 || (ahead == 0 && seen.kind != CellKind::full)) {
      if (end.load() == position) {  // a word that is up to date is at most a lap away
        throw RingError(corrupt_text);
      }
      return;
    }
    advance(end, position);
  }

  bool take_at(Word head, Word seen, Owner me, Claim& claim) {
    const std::uint32_t slot = CellWord::unpack(seen).slot;
    if (slot >= memory_.slot_count()) {
      throw RingError(corrupt_text);
    }
    Word word = memory_.slot(slot).load();
    if (cell(head).load() != seen) {
      return false;  // then `word` may be of a later use of the slot
    }
    SlotWord next = SlotWord::unpack(word);
    const bool ours = next.state == SlotState::writing || next.state == SlotState::queued;
    if (ours) {
      next.state = SlotState::reading;
      next.owner = me;
      if (!memory_.slot(slot).compare_exchange_strong(word, next.pack())) {
        return false;
      }
      claim = {slot, next.pack()};
    } else if (next.state != SlotState::reading) {
      throw RingError(corrupt_text);
    }
    // The frame is taken, be it by another: the cell can go, and then the head.
    clear(head, seen);
    advance(memory_.head(), head);
    if (ours) {
      memory_.sequence(slot).store(head);
    }
    return ours;
  }

  void clear(Word position, Word seen) {
    cell(position).compare_exchange_strong(seen, CellWord{CellKind::empty, 0, CellWord::unpack(seen).lap + 1}.pack());
  }

  [[nodiscard]] bool in_queue(std::uint32_t slot) const {
    for (std::uint32_t i = 0; i <= mask_; ++i) {
      const CellWord now = CellWord::unpack(memory_.cell(i).load());
      if (now.kind == CellKind::full && now.slot == slot) {
        return true;
      }
    }
    return false;
  }

  // Removes the entry of a slot that was taken from the queue; `word` says by whom.
  void clear_cells(std::uint32_t slot, Word word) {
    for (std::uint32_t i = 0; i <= mask_; ++i) {
      const Word seen = memory_.cell(i).load();
      const CellWord now = CellWord::unpack(seen);
      if (now.kind == CellKind::full && now.slot == slot && memory_.slot(slot).load() == word) {
        clear(i, seen);
      }
    }
  }

  [[nodiscard]] std::optional<Claim> oldest_again() const {
    std::optional<Claim> oldest;
    Word first = 0;
    for (std::uint32_t slot = 0; slot < memory_.slot_count(); ++slot) {
      const Word word = memory_.slot(slot).load();
      if (SlotWord::unpack(word).state != SlotState::again) {
        continue;
      }
      if (const Word sequence = memory_.sequence(slot).load(); !oldest || sequence < first) {
        oldest = Claim{slot, word};
        first = sequence;
      }
    }
    return oldest;
  }

  bool to_free(const Claim& claim) {
    Word word = claim.word;
    const Word free = SlotWord{SlotState::free, 0, {}, SlotWord::unpack(word).generation}.pack();
    return memory_.slot(claim.slot).compare_exchange_strong(word, free);
  }

  static constexpr const char* corrupt_text =
      "the shared memory of the ring is damaged: something else has written into it; create a new ring";

  Memory memory_;
  std::uint32_t mask_;
  int shift_;
};

}  // namespace framelane::shared
