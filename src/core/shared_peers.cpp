#include "core/shared_peers.hpp"

#include <string>

#include "core/error.hpp"

namespace framelane::shared {
namespace {

constexpr unsigned roles_shift = 8;

Word roles_in(Word roles, std::uint32_t generation) noexcept {
  return (roles >> roles_shift) == generation ? roles & 0xFFU : 0;
}

}  // namespace

Owner Peers::join(const ProcessIdentity& process) {
  PeerWord mine{.pid = static_cast<std::uint32_t>(process.pid),
                .start_time = static_cast<std::uint32_t>(process.start_time & 0xFFFFFFU)};
  for (std::uint32_t i = 0; i < max_peers; ++i) {
    if (const PeerWord last = PeerWord::unpack(places_[i].identity.load());
        last.pid == mine.pid && last.start_time == mine.start_time && last.parked) {
      mine.generation = last.generation;
      if (unpark(i, mine)) {
        return {.index = i, .generation = mine.generation};
      }
    }
  }
  for (std::uint32_t i = 0; i < max_peers; ++i) {
    Word word = places_[i].identity.load();
    const PeerWord last = PeerWord::unpack(word);
    mine.generation = (last.generation + 1) & 0xFFFFU;
    if (last.pid == 0 && places_[i].identity.compare_exchange_strong(word, mine.pack())) {
      return {.index = i, .generation = mine.generation};
    }
  }
  throw RingError("the ring is open " + std::to_string(max_peers) +
                  " times already, which is the most: close it in processes that do not use it");
}

bool Peers::unpark(std::uint32_t place, const PeerWord& mine) {
  PeerWord parked = mine;
  parked.parked = true;
  Word word = parked.pack();
  return places_[place].identity.compare_exchange_strong(word, mine.pack());
}

void Peers::park(Owner owner) {
  Word word = places_[owner.index].identity.load();
  PeerWord peer = PeerWord::unpack(word);
  if (peer.pid != 0 && peer.generation == owner.generation) {
    peer.parked = true;
    places_[owner.index].identity.compare_exchange_strong(word, peer.pack());
  }
}

bool Peers::vacate(Owner owner) {
  Word word = places_[owner.index].identity.load();
  const PeerWord peer = PeerWord::unpack(word);
  return peer.pid != 0 && peer.generation == owner.generation &&
         places_[owner.index].identity.compare_exchange_strong(word, PeerWord{.generation = owner.generation}.pack());
}

void Peers::add_role(Owner owner, Role role) {
  AtomicWord& roles = places_[owner.index].roles;
  Word word = roles.load();
  Word next = 0;
  do {
    next = (Word{owner.generation} << roles_shift) | roles_in(word, owner.generation) | static_cast<Word>(role);
  } while (!roles.compare_exchange_strong(word, next));
}

bool Peers::has_role(Owner owner, Role role) const {
  return (roles_in(places_[owner.index].roles.load(), owner.generation) & static_cast<Word>(role)) != 0;
}

bool Peers::any_with(Role role) const {
  for (std::uint32_t i = 0; i < max_peers; ++i) {
    const PeerWord peer = PeerWord::unpack(places_[i].identity.load());
    if (peer.pid != 0 && has_role({.index = i, .generation = peer.generation}, role)) {
      return true;
    }
  }
  return false;
}

std::uint32_t Peers::count() const {
  std::uint32_t count = 0;
  for (const Peer& place : places_) {
    const PeerWord peer = PeerWord::unpack(place.identity.load());
    count += peer.pid != 0 && !peer.parked ? 1 : 0;
  }
  return count;
}

bool Peers::is_dead(const PeerWord& peer) {
  const Liveness now = liveness_of(static_cast<pid_t>(peer.pid));
  return !now.runs || (now.start_time && (*now.start_time & 0xFFFFFFU) != peer.start_time);
}

}  // namespace framelane::shared
