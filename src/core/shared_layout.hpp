#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/cache.hpp"
#include "core/overflow.hpp"
#include "core/shared_event.hpp"
#include "core/shared_slots.hpp"
#include "core/shared_words.hpp"

namespace framelane::shared {

using AtomicWord = std::atomic<Word>;
static_assert(sizeof(AtomicWord) == sizeof(Word) && AtomicWord::is_always_lock_free);

inline constexpr std::size_t schema_bytes = 4096;  // room for what describes the frames

// What a ring is made of: written once, covered by the checksum, and copied by each who opens it. Offsets are from
// the start of the region, sizes in bytes.
struct Plan {
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  std::uint32_t byte_order = 0;
  std::uint64_t region_bytes = 0;
  std::uint64_t slots = 0;
  std::uint64_t cells = 0;
  std::uint64_t meta_bytes = 0;     // of a slot: numbers and strings
  std::uint64_t payload_bytes = 0;  // of a slot: tensors
  std::uint64_t slot_stride = 0;
  std::uint64_t cells_offset = 0;
  std::uint64_t slots_offset = 0;
  std::uint64_t pid_namespace = 0;  // in which the peers' pids mean something
  std::uint32_t overflow = 0;
  std::uint32_t on_reader_death = 0;
  std::uint64_t schema_size = 0;
  std::uint64_t checksum = 0;  // of all before it and of the schema
};

// A process that has the ring open. `identity` tells which, in one word, so that a place is taken in one step.
struct alignas(cache_line) Peer {
  AtomicWord identity;  // pid 0: a free place
  AtomicWord roles;     // with the place's generation, so that what a former owner left does not count
};

// What the ring counted, in all processes.
struct alignas(cache_line) Counters {
  AtomicWord dropped_oldest;
  AtomicWord dropped_newest;
  AtomicWord high_water;
  AtomicWord redelivered;
  AtomicWord reclaimed;
  AtomicWord failed;
  AtomicWord dead_producer;  // pid of the last producer that died; 0 once another came
  AtomicWord dead_consumer;
  AtomicWord put_waits;
  AtomicWord get_waits;
  AtomicWord put_waited;  // nanoseconds
  AtomicWord get_waited;
};

// A frame that failed because its reader died.
struct FailureRecord {
  AtomicWord number;  // from 1; written last
  AtomicWord index;   // of the frame, or no_index
  AtomicWord pid;
};
inline constexpr std::size_t kept_failures = 64;
inline constexpr Word no_index = ~Word{0};

struct RegionHeader {
  Plan plan;
  std::array<char, schema_bytes> schema;
  alignas(cache_line) AtomicWord tail;
  alignas(cache_line) AtomicWord head;
  alignas(cache_line) AtomicWord redelivery;
  AtomicWord closed;
  alignas(cache_line) SharedEvent items;
  alignas(cache_line) SharedEvent room;
  Counters counters;
  std::array<FailureRecord, kept_failures> failures;
  AtomicWord failure_count;
  std::array<Peer, max_peers> peers;
};

// What stands before the bytes of each slot.
struct alignas(64) SlotHeader {
  AtomicWord word;
  AtomicWord sequence;  // position at which it was taken: the order of what is delivered again
  AtomicWord index;     // of the frame, or no_index
  std::atomic<std::uint32_t> meta_size;
};
static_assert(sizeof(SlotHeader) == 64);

struct PlanOptions {
  std::uint64_t slots = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t meta_bytes = 0;
  Overflow overflow = Overflow::block;
  OnReaderDeath on_reader_death = OnReaderDeath::redeliver;
};

// The plan for these options. Throws std::invalid_argument for what no ring can have.
[[nodiscard]] Plan make_plan(const PlanOptions& options, std::string_view schema);

// Checks a plan that came from memory of `region_bytes` which somebody else may have written. Throws RingError that
// says whether it is foreign or damaged, LibraryVersionError when it is another version's.
void check_plan(const Plan& plan, std::string_view schema, std::uint64_t region_bytes);

}  // namespace framelane::shared
