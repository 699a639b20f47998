#pragma once

#include <cstdint>

namespace framelane::shared {

using Word = std::uint64_t;

inline constexpr std::uint32_t max_peers = 128;    // processes that have a ring open at once
inline constexpr std::uint32_t max_slots = 32768;  // of one ring

// A process that has the ring open: its place in the table of peers, and how often that place was taken before. A
// place is given to another only after all that its last owner held was reclaimed.
struct Owner {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const Owner&, const Owner&) = default;
};

enum class SlotState : std::uint8_t {
  free,     // anybody may reserve it
  writing,  // its owner writes it, or wrote and enqueued it: which of the two, the queue says
  queued,   // enqueued by an owner that is gone
  reading,  // its owner has the frame
  again,    // its reader died: to be delivered again
};

// What is known of one slot, in one word: every change of hands is one compare-and-swap.
struct SlotWord {
  SlotState state = SlotState::free;
  std::uint32_t deliveries = 0;  // to readers that died; stops at 7
  Owner owner;                   // of writing and reading
  Word generation = 0;           // goes up with each reservation, so that no word ever comes back

  static constexpr std::uint32_t most_deliveries = 7;
  static constexpr std::uint32_t owner_generations = 1U << 16;

  [[nodiscard]] constexpr Word pack() const noexcept {
    return static_cast<Word>(state) | (Word{deliveries} << 3U) | (Word{owner.index} << 6U) |
           (Word{owner.generation} << 13U) | (generation << 29U);
  }
  [[nodiscard]] static constexpr SlotWord unpack(Word word) noexcept {
    return {.state = static_cast<SlotState>(word & 7U),
            .deliveries = static_cast<std::uint32_t>((word >> 3U) & 7U),
            .owner = {.index = static_cast<std::uint32_t>((word >> 6U) & (max_peers - 1)),
                      .generation = static_cast<std::uint32_t>((word >> 13U) & (owner_generations - 1))},
            .generation = word >> 29U};
  }
  [[nodiscard]] constexpr bool held_by(Owner who) const noexcept {
    return (state == SlotState::writing || state == SlotState::reading) && owner == who;
  }
};
static_assert(SlotWord::unpack(~Word{0}).pack() == ~Word{0});

enum class CellKind : std::uint8_t { empty, full, closed };

// One place of the queue, in one word. Position p of the queue lies in cell p % cells during lap p / cells; the lap
// only ever goes up, so that a word never comes back here either.
struct CellWord {
  CellKind kind = CellKind::empty;
  std::uint32_t slot = 0;  // of full
  Word lap = 0;

  [[nodiscard]] constexpr Word pack() const noexcept {
    return static_cast<Word>(kind) | (Word{slot} << 2U) | (lap << 18U);
  }
  [[nodiscard]] static constexpr CellWord unpack(Word word) noexcept {
    return {.kind = static_cast<CellKind>(word & 3U),
            .slot = static_cast<std::uint32_t>((word >> 2U) & 0xFFFFU),
            .lap = word >> 18U};
  }
};
static_assert(CellWord::unpack(~Word{0}).pack() == ~Word{0} && max_slots <= 0xFFFF);

}  // namespace framelane::shared
