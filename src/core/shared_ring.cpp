#include "core/shared_ring.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "core/error.hpp"

namespace framelane {

using shared::RegionHeader;
using shared::Role;
using shared::SlotState;
using shared::SlotWord;
using shared::TakeResult;
using shared::Word;

SharedRing::Memory SharedRing::memory_of(const shared::Region& region, const shared::Plan& plan) noexcept {
  return {.header = reinterpret_cast<RegionHeader*>(region.data()),
          .cells = reinterpret_cast<shared::AtomicWord*>(region.data() + plan.cells_offset),
          .slots = region.data() + plan.slots_offset,
          .stride = plan.slot_stride,
          .slots_in_all = static_cast<std::uint32_t>(plan.slots),
          .cells_in_all = static_cast<std::uint32_t>(plan.cells)};
}

SharedRing::SharedRing(std::shared_ptr<shared::Region> region, const shared::Plan& plan)
    : region_(std::move(region)),
      plan_(plan),
      header_(reinterpret_cast<RegionHeader*>(region_->data())),
      memory_(memory_of(*region_, plan_)),
      slots_(memory_),
      peers_(header_->peers),
      putters_{.event = header_->room,
               .waits = header_->counters.put_waits,
               .waited = header_->counters.put_waited,
               .needed = Role::consumer},
      getters_{.event = header_->items,
               .waits = header_->counters.get_waits,
               .waited = header_->counters.get_waited,
               .needed = Role::producer} {
  const ProcessIdentity process = this_process();
  me_ = peers_.join(process);
  joined_pid_ = process.pid;
}

std::shared_ptr<SharedRing> SharedRing::create(const SharedRingOptions& options) {
  const shared::Plan plan = shared::make_plan({.slots = options.capacity,
                                               .payload_bytes = options.payload_bytes,
                                               .meta_bytes = options.meta_bytes,
                                               .overflow = options.overflow,
                                               .on_reader_death = options.on_reader_death},
                                              options.schema);
  auto region = shared::Region::create(plan.region_bytes, options.huge_pages);
  // Zeroed memory is an empty ring; only the plan is to be written.
  auto* header = new (region->data()) RegionHeader;
  std::memcpy(header->schema.data(), options.schema.data(), options.schema.size());
  header->plan = plan;
  std::shared_ptr<SharedRing> ring(new SharedRing(std::move(region), plan));
  ring->schema_ = options.schema;
  return ring;
}

std::shared_ptr<SharedRing> SharedRing::open(int descriptor) {
  auto region = shared::Region::open(descriptor, sizeof(RegionHeader));
  const auto* header = reinterpret_cast<const RegionHeader*>(region->data());
  const shared::Plan plan = header->plan;  // from here on nothing of it is read again
  const std::string schema(header->schema.data(), std::min<std::size_t>(plan.schema_size, shared::schema_bytes));
  shared::check_plan(plan, schema, region->size());
  std::shared_ptr<SharedRing> ring(new SharedRing(std::move(region), plan));
  ring->schema_ = schema;
  return ring;
}

SharedRing::~SharedRing() {
  if (getpid() == joined_pid_) {  // a fork's copy of this has no place of its own
    peers_.park(me_);
  }
}

shared::SlotHeader& SharedRing::slot(std::uint32_t index) const noexcept { return memory_.at(index); }

std::span<std::byte> SharedRing::meta(std::uint32_t index) const noexcept {
  return {memory_.slots + index * memory_.stride + sizeof(shared::SlotHeader), plan_.meta_bytes};
}

std::span<std::byte> SharedRing::payload(std::uint32_t index) const noexcept {
  return {memory_.slots + (index + 1) * memory_.stride - plan_.payload_bytes, plan_.payload_bytes};
}

void SharedRing::play(Role role) {
  if ((roles_.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(role)) != 0) {
    return;
  }
  peers_.add_role(me_, role);
  (role == Role::producer ? header_->counters.dead_producer : header_->counters.dead_consumer).store(0);
  roles_.fetch_or(static_cast<std::uint32_t>(role));
}

PutResult SharedRing::try_reserve(Claim& claim) {
  play(Role::producer);
  look_after_peers_now_and_then();
  if (closed()) {
    return PutResult::closed;
  }
  if (const auto found = slots_.reserve(me_, next_slot_.load(std::memory_order_relaxed))) {
    claim = *found;
  } else if (overflow() != Overflow::drop_oldest || !drop_oldest(claim)) {
    if (overflow() == Overflow::block || overflow() == Overflow::raise) {
      return PutResult::full;
    }
    header_->counters.dropped_newest.fetch_add(1);  // also when all that is in the ring is being read
    return PutResult::dropped;
  }
  next_slot_.store(claim.slot + 1 == plan_.slots ? 0 : claim.slot + 1, std::memory_order_relaxed);
  return PutResult::done;
}

bool SharedRing::drop_oldest(Claim& claim) {
  Claim oldest;
  if (slots_.take(me_, oldest) != TakeResult::done) {
    return false;
  }
  const auto reused = slots_.reuse(oldest);
  if (!reused) {
    throw RingError("a slot of the ring was taken from this process, which others took for dead");
  }
  claim = *reused;
  header_->counters.dropped_oldest.fetch_add(1);
  return true;
}

bool SharedRing::commit(const Claim& claim) {
  if (!slots_.commit(claim.slot)) {
    abandon(claim);
    return false;
  }
  note_level();
  getters_.event.notify_one();
  return true;
}

void SharedRing::abandon(const Claim& claim) {
  slots_.abandon(claim);
  putters_.event.notify_one();
}

GetResult SharedRing::try_take(Claim& claim) {
  play(Role::consumer);
  look_after_peers_now_and_then();
  const TakeResult result = slots_.take(me_, claim);
  if (result == TakeResult::closed && slots_.take_again(me_, claim)) {
    return GetResult::done;
  }
  if (result == TakeResult::closed) {
    return others_read() ? GetResult::empty : GetResult::closed;
  }
  return result == TakeResult::done ? GetResult::done : GetResult::empty;
}

// Whether another process has a frame, which comes back if it dies.
bool SharedRing::others_read() const {
  for (std::uint32_t i = 0; i < memory_.slot_count(); ++i) {
    const SlotWord now = slots_.state_of(i);
    if (now.state == SlotState::again || (now.state == SlotState::reading && now.owner != me_)) {
      return true;
    }
  }
  return false;
}

void SharedRing::release(const Claim& claim) {
  if (!slots_.release(claim)) {
    throw RingError("the frame was taken from this process, which others took for dead");
  }
  putters_.event.notify_one();
  if (closed()) {
    getters_.event.notify_all();  // this may have been what they wait for
  }
}

bool SharedRing::close() {
  const bool first = slots_.close();
  header_->closed.store(1);
  putters_.event.notify_all();
  getters_.event.notify_all();
  return first;
}

// The head is looked at only when the level could be a new high: its cache line belongs to the consumers.
void SharedRing::note_level() {
  const Word tail = header_->tail.load(std::memory_order_relaxed);
  shared::AtomicWord& high_water = header_->counters.high_water;
  Word known = high_water.load(std::memory_order_relaxed);
  if (tail - head_seen_.load(std::memory_order_relaxed) <= known) {
    return;
  }
  const Word head = header_->head.load(std::memory_order_relaxed);
  head_seen_.store(head, std::memory_order_relaxed);
  const Word level = tail > head ? std::min<Word>(tail - head, plan_.slots) : 0;
  while (level > known && !high_water.compare_exchange_weak(known, level)) {
  }
}

std::size_t SharedRing::size() const {
  const Word head = header_->head.load();
  const Word tail = header_->tail.load();
  std::size_t again = 0;
  for (std::uint32_t i = 0; header_->redelivery.load() != 0 && i < memory_.slot_count(); ++i) {
    again += slots_.state_of(i).state == SlotState::again ? 1 : 0;
  }
  return std::min<std::size_t>((tail > head ? tail - head : 0) + again, plan_.slots);
}

std::string SharedRing::still_full_text() const {
  return "the ring stayed full (capacity " + std::to_string(capacity()) +
         ", frames that are being written or read included) until the timeout: no slot came free";
}

std::string SharedRing::full_text() const {
  return "the ring is full (capacity " + std::to_string(capacity()) + ") and its overflow is '" +
         std::string(name_of(overflow())) + "': take frames out faster, or use a larger capacity or overflow='block'";
}

}  // namespace framelane
