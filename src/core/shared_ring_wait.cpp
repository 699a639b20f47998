// How a SharedRing waits, and what it does for those who died.
#include <ctime>

#include "core/error.hpp"
#include "core/shared_ring.hpp"

namespace framelane {

using shared::Owner;
using shared::Role;
using shared::SlotState;
using Clock = std::chrono::steady_clock;

namespace {

// How often who waits looks at things by himself: for what a notifier that died could not tell, and for deaths.
constexpr auto look_period = std::chrono::milliseconds(100);

void pause_for_a_moment() noexcept {
  for (int i = 0; i < 16; ++i) {
    pause();
  }
}

// To 4 ms, in 5 ns.
std::int64_t coarse_nanoseconds() noexcept {
  std::timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

PutResult SharedRing::reserve(Claim& claim, const Deadline& deadline, const Interrupt& interrupt) {
  PutResult result = PutResult::full;
  const auto attempt = [&] { return (result = try_reserve(claim)) != PutResult::full; };
  if (!attempt() && overflow() == Overflow::block) {
    if (wait(putters_, deadline, interrupt, attempt, [&] { return slot_may_be_free(); }) == Wake::timed_out) {
      require_peers(putters_.needed);
      throw RingTimeout(still_full_text());
    }
  }
  if (result == PutResult::closed) {
    throw RingClosed(Ring<int>::closed_text);
  }
  if (result == PutResult::full) {
    throw RingFull(full_text());
  }
  return result;
}

bool SharedRing::take(Claim& claim, const Deadline& deadline, const Interrupt& interrupt) {
  GetResult result = GetResult::empty;
  const auto attempt = [&] { return (result = try_take(claim)) != GetResult::empty; };
  if (!attempt() &&
      wait(getters_, deadline, interrupt, attempt, [&] { return slots_.worth_taking(); }) == Wake::timed_out) {
    require_peers(getters_.needed);
    throw RingTimeout(Ring<int>::still_empty_text);
  }
  return result == GetResult::done;
}

// Frames are freed in the order in which they were reserved, nearly always.
bool SharedRing::slot_may_be_free() {
  return closed() || slots_.state_of(next_slot_.load(std::memory_order_relaxed)).state == SlotState::free;
}

// Waits until attempt() is true: spins while worth() says that it is of no use, then sleeps.
template <class Attempt, class Worth>
Wake SharedRing::wait(Side& side, const Deadline& deadline, const Interrupt& interrupt, Attempt&& attempt,
                      Worth&& worth) {
  const auto start = Clock::now();
  if (deadline && start >= *deadline) {
    return Wake::timed_out;
  }
  const auto longest = start + side.patience.next();
  const auto end = deadline && *deadline < longest ? *deadline : longest;
  for (auto now = start; now < end; now = Clock::now()) {
    if (worth() && attempt()) {
      side.patience.learn(true);
      return Wake::notified;
    }
    pause_for_a_moment();
  }
  side.patience.learn(false);
  return attempt() ? Wake::notified : sleep(side, deadline, interrupt, attempt);
}

template <class Attempt>
Wake SharedRing::sleep(Side& side, const Deadline& deadline, const Interrupt& interrupt, Attempt&& attempt) {
  side.waits.fetch_add(1);
  for (;;) {
    const auto ticket = side.event.prepare();
    if (attempt()) {
      return Wake::notified;
    }
    if (is_deserted(side.needed)) {
      look_after_peers();  // what the dead had may have to come first
      if (attempt()) {
        return Wake::notified;
      }
      require_peers(side.needed);
    }
    const auto begun = Clock::now();
    if (deadline && begun >= *deadline) {
      return Wake::timed_out;
    }
    const auto look = begun + look_period;
    side.clock.begin();
    const Wake wake = side.event.wait(ticket, deadline && *deadline < look ? deadline : Deadline(look));
    side.clock.end();
    const auto waited = static_cast<std::uint64_t>((Clock::now() - begun).count());
    side.told.fetch_add(waited);
    side.waited.fetch_add(waited);
    if (wake != Wake::notified && interrupt.check) {
      interrupt.check();
    }
  }
}

void SharedRing::look_after_peers_now_and_then() {
  const std::int64_t now = coarse_nanoseconds();
  std::int64_t next = next_look_.load(std::memory_order_relaxed);
  if (now < next) {
    return;
  }
  constexpr std::int64_t period = std::chrono::nanoseconds(look_period).count();
  if (next_look_.compare_exchange_strong(next, now + period) && next != 0) {
    look_after_peers();
  }
}

void SharedRing::look_after_peers() {
  peers_.for_each_dead(me_, [&](Owner dead, std::uint32_t pid) { recover(dead, pid); });
  slots_.repair_announcement();
}

// Others may do the same at the same time, and whoever does it may die in the middle: the place is given free last.
void SharedRing::recover(Owner dead, std::uint32_t pid) {
  for (const Role role : {Role::producer, Role::consumer}) {
    if (peers_.has_role(dead, role)) {
      (role == Role::producer ? header_->counters.dead_producer : header_->counters.dead_consumer).store(pid);
    }
  }
  auto& counters = header_->counters;
  for (std::uint32_t i = 0; i < memory_.slot_count(); ++i) {
    const auto index = memory_.at(i).index.load();  // before the slot is anybody else's
    switch (slots_.recover(i, dead, on_reader_death())) {
      case shared::Recovered::redelivered:
        counters.redelivered.fetch_add(1);
        break;
      case shared::Recovered::reclaimed:
        counters.reclaimed.fetch_add(1);
        break;
      case shared::Recovered::failed:
        note_failure(index, pid);
        break;
      case shared::Recovered::nothing:
      case shared::Recovered::kept:
        break;
    }
  }
  peers_.vacate(dead);
  putters_.event.notify_all();
  getters_.event.notify_all();
}

void SharedRing::note_failure(std::uint64_t index, std::uint32_t pid) {
  const auto number = header_->failure_count.fetch_add(1) + 1;
  auto& record = header_->failures[(number - 1) % shared::kept_failures];
  record.number.store(0);
  record.index.store(index);
  record.pid.store(pid);
  record.number.store(number);
  header_->counters.failed.fetch_add(1);
}

std::vector<FrameFailure> SharedRing::failures() const {
  std::vector<FrameFailure> found;
  const auto last = header_->failure_count.load();
  const auto first = last > shared::kept_failures ? last - shared::kept_failures : 0;
  for (auto number = first + 1; number <= last; ++number) {
    const auto& record = header_->failures[(number - 1) % shared::kept_failures];
    if (record.number.load() == number) {
      found.push_back({number, record.index.load(), static_cast<std::uint32_t>(record.pid.load())});
    }
  }
  return found;
}

// Whether nobody of this role is left, and the last one ended without closing the ring.
bool SharedRing::is_deserted(Role role) const {
  const auto& counters = header_->counters;
  const auto pid = (role == Role::producer ? counters.dead_producer : counters.dead_consumer).load();
  return pid != 0 && !closed() && !peers_.any_with(role);
}

void SharedRing::require_peers(Role role) const {
  if (!is_deserted(role)) {
    return;
  }
  if (role == Role::consumer) {
    throw PeerDied("the last consumer of the ring (process " + std::to_string(header_->counters.dead_consumer.load()) +
                   ") ended without close(): nothing is taken out any more");
  }
  if (!others_read()) {  // else a frame may still come back
    throw PeerDied("the last producer of the ring (process " + std::to_string(header_->counters.dead_producer.load()) +
                   ") ended without close(): nothing will come any more");
  }
}

SharedRingStats SharedRing::stats() const {
  const auto& counters = header_->counters;
  const auto dropped_oldest = counters.dropped_oldest.load();
  const auto dropped_newest = counters.dropped_newest.load();
  const auto head = header_->head.load();
  SharedRingStats stats;
  stats.put = header_->tail.load() + dropped_newest;
  stats.got = head > dropped_oldest ? head - dropped_oldest : 0;
  stats.dropped = dropped_oldest + dropped_newest;
  stats.put_waits = counters.put_waits.load();
  stats.get_waits = counters.get_waits.load();
  // What this process waits for right now is not in the counters yet.
  const auto waited = [](const Side& side) {
    const std::chrono::duration<double> own = side.clock.waited();
    const auto told = std::chrono::duration<double>(static_cast<double>(side.told.load()) * 1e-9);
    return std::chrono::duration<double>(static_cast<double>(side.waited.load()) * 1e-9) +
           std::max(own - told, std::chrono::duration<double>(0));
  };
  stats.put_waited = waited(putters_);
  stats.get_waited = waited(getters_);
  stats.high_water = counters.high_water.load();
  stats.redelivered = counters.redelivered.load();
  stats.reclaimed = counters.reclaimed.load();
  stats.failed = counters.failed.load();
  for (std::uint32_t i = 0; i < memory_.slot_count(); ++i) {
    const SlotState state = slots_.state_of(i).state;
    stats.reading += state == SlotState::reading ? 1 : 0;
    stats.again += state == SlotState::again ? 1 : 0;
    stats.free += state == SlotState::free ? 1 : 0;
  }
  stats.peers = peers_.count();
  return stats;
}

}  // namespace framelane
