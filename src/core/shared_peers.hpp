#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/process_identity.hpp"
#include "core/shared_layout.hpp"
#include "core/shared_words.hpp"

namespace framelane::shared {

enum class Role : std::uint8_t { producer = 1, consumer = 2 };

// A process in the table, as its identity word has it.
struct PeerWord {
  std::uint32_t pid = 0;         // 22 bits: Linux has no more pids
  std::uint32_t start_time = 0;  // the low 24 bits: a pid comes back with the same ones after 46 hours to the tick
  std::uint32_t generation = 0;  // 16 bits
  bool parked = false;           // the process lives, but does not have the ring open now

  [[nodiscard]] constexpr Word pack() const noexcept {
    return Word{pid} | (Word{start_time} << 22U) | (Word{generation} << 46U) | (Word{parked ? 1U : 0U} << 62U);
  }
  [[nodiscard]] static constexpr PeerWord unpack(Word word) noexcept {
    return {.pid = static_cast<std::uint32_t>(word & 0x3FFFFFU),
            .start_time = static_cast<std::uint32_t>((word >> 22U) & 0xFFFFFFU),
            .generation = static_cast<std::uint32_t>((word >> 46U) & 0xFFFFU),
            .parked = ((word >> 62U) & 1U) != 0};
  }
};

// The table of processes that have a ring open. Any function may be called by any of them at any time.
class Peers {
 public:
  explicit Peers(std::span<Peer, max_peers> places) noexcept : places_(places) {}

  // Takes a place for this process: the one that it parked, or a free one. Throws RingError when all are taken.
  [[nodiscard]] Owner join(const ProcessIdentity& process);
  // Keeps the place for the process, which is still the producer or consumer that it was: only its end is an end.
  void park(Owner owner);
  // Makes the place of a peer that left, or died and was recovered, free for others. False when another did.
  bool vacate(Owner owner);

  void add_role(Owner owner, Role role);
  [[nodiscard]] bool has_role(Owner owner, Role role) const;
  [[nodiscard]] bool any_with(Role role) const;
  [[nodiscard]] std::uint32_t count() const;

  // Calls died(Owner, pid) with each peer that does not run any more.
  template <class Died>
  void for_each_dead(Owner me, Died&& died) const {
    for (std::uint32_t i = 0; i < max_peers; ++i) {
      const PeerWord peer = PeerWord::unpack(places_[i].identity.load());
      const Owner owner{.index = i, .generation = peer.generation};
      if (peer.pid != 0 && owner != me && is_dead(peer)) {
        died(owner, peer.pid);
      }
    }
  }

 private:
  [[nodiscard]] bool unpark(std::uint32_t place, const PeerWord& mine);
  [[nodiscard]] static bool is_dead(const PeerWord& peer);

  std::span<Peer, max_peers> places_;
};

}  // namespace framelane::shared
