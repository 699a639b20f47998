#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/patience.hpp"
#include "core/ring.hpp"
#include "core/shared_layout.hpp"
#include "core/shared_peers.hpp"
#include "core/shared_region.hpp"
#include "core/shared_slots.hpp"
#include "core/wait_clock.hpp"

namespace framelane {

struct SharedRingOptions {
  std::uint64_t capacity = 0;
  std::uint64_t payload_bytes = 0;  // of each slot: tensors
  std::uint64_t meta_bytes = 0;     // of each slot: numbers and strings
  Overflow overflow = Overflow::block;
  shared::OnReaderDeath on_reader_death = shared::OnReaderDeath::redeliver;
  bool huge_pages = false;
  std::string schema;  // what the frames look like: kept for those who open the ring, not read here
};

struct SharedRingStats : RingStats {
  std::uint64_t redelivered = 0;  // frames of readers that died, delivered again
  std::uint64_t reclaimed = 0;    // slots of writers that died
  std::uint64_t failed = 0;       // frames of readers that died, given up
  std::size_t reading = 0;        // slots that somebody reads now
  std::size_t again = 0;          // slots whose frame waits to be delivered again
  std::size_t free = 0;           // slots that anybody may reserve
  std::size_t peers = 0;          // processes that have the ring open
};

// A frame that failed because its reader died.
struct FrameFailure {
  std::uint64_t number = 0;  // from 1
  std::uint64_t index = 0;   // what its writer called it; shared::no_index when it did not
  std::uint32_t pid = 0;
};

// A bounded first-in-first-out queue between processes: a Ring whose items are frames in shared memory, written and
// read in place. FIFO is the order of commit; a slot that is held delays nobody. A process that dies at any
// instruction takes nothing with it: see SHARED_RING.md. Any thread may call any function; a slot is the business of
// one thread at a time.
class SharedRing {
 public:
  using Claim = shared::Claim;

  [[nodiscard]] static std::shared_ptr<SharedRing> create(const SharedRingOptions& options);
  // What `descriptor` refers to, which may be anything. Throws RingError, LibraryVersionError.
  [[nodiscard]] static std::shared_ptr<SharedRing> open(int descriptor);

  SharedRing(const SharedRing&) = delete;
  SharedRing& operator=(const SharedRing&) = delete;
  SharedRing(SharedRing&&) = delete;
  SharedRing& operator=(SharedRing&&) = delete;
  ~SharedRing();

  // A slot to write, if that needs no waiting; `dropped` when the frame to be written should be thrown away, and was
  // counted so.
  PutResult try_reserve(Claim& claim);
  // Waits for a slot as the overflow says. Throws RingClosed, RingFull, RingTimeout, PeerDied, what the interrupt
  // throws.
  PutResult reserve(Claim& claim, const Deadline& deadline = {}, const Interrupt& interrupt = {});
  // False once the ring is closed; the slot is given up then.
  bool commit(const Claim& claim);
  void abandon(const Claim& claim);

  // The oldest frame, to read. Closed: closed and empty, and no other process has a frame that might come back.
  GetResult try_take(Claim& claim);
  // Waits for it; false once closed and empty. Throws RingTimeout, PeerDied, what the interrupt throws.
  bool take(Claim& claim, const Deadline& deadline = {}, const Interrupt& interrupt = {});
  void release(const Claim& claim);

  bool close();
  [[nodiscard]] bool closed() const { return header_->closed.load() != 0; }

  [[nodiscard]] shared::SlotHeader& slot(std::uint32_t index) const noexcept;
  [[nodiscard]] std::span<std::byte> meta(std::uint32_t index) const noexcept;
  [[nodiscard]] std::span<std::byte> payload(std::uint32_t index) const noexcept;

  [[nodiscard]] std::size_t capacity() const noexcept { return plan_.slots; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Overflow overflow() const noexcept { return static_cast<Overflow>(plan_.overflow); }
  [[nodiscard]] shared::OnReaderDeath on_reader_death() const noexcept {
    return static_cast<shared::OnReaderDeath>(plan_.on_reader_death);
  }
  [[nodiscard]] std::string_view schema() const noexcept { return schema_; }
  [[nodiscard]] std::size_t nbytes() const noexcept { return region_->size(); }
  [[nodiscard]] std::size_t payload_bytes() const noexcept { return plan_.payload_bytes; }
  [[nodiscard]] std::size_t meta_bytes() const noexcept { return plan_.meta_bytes; }
  [[nodiscard]] int descriptor() const noexcept { return region_->descriptor(); }
  [[nodiscard]] const std::shared_ptr<shared::Region>& region() const noexcept { return region_; }
  [[nodiscard]] SharedRingStats stats() const;
  [[nodiscard]] std::vector<FrameFailure> failures() const;  // the last ones

  // Takes back what processes that died held. Done by all who wait, and now and then by those who do not.
  void look_after_peers();

  [[nodiscard]] std::string still_full_text() const;
  [[nodiscard]] std::string full_text() const;

 private:
  // Where the words of a ring lie, with sizes that were checked and cannot change.
  struct Memory {
    shared::RegionHeader* header;
    shared::AtomicWord* cells;
    std::byte* slots;
    std::size_t stride;
    std::uint32_t slots_in_all;
    std::uint32_t cells_in_all;
    [[nodiscard]] std::uint32_t slot_count() const noexcept { return slots_in_all; }
    [[nodiscard]] std::uint32_t cell_count() const noexcept { return cells_in_all; }
    [[nodiscard]] shared::SlotHeader& at(std::uint32_t i) const noexcept {
      return *reinterpret_cast<shared::SlotHeader*>(slots + i * stride);
    }
    [[nodiscard]] shared::AtomicWord& slot(std::uint32_t i) const noexcept { return at(i).word; }
    [[nodiscard]] shared::AtomicWord& sequence(std::uint32_t i) const noexcept { return at(i).sequence; }
    [[nodiscard]] shared::AtomicWord& cell(std::uint32_t i) const noexcept { return cells[i]; }
    [[nodiscard]] shared::AtomicWord& head() const noexcept { return header->head; }
    [[nodiscard]] shared::AtomicWord& tail() const noexcept { return header->tail; }
    [[nodiscard]] shared::AtomicWord& redelivery() const noexcept { return header->redelivery; }
  };
  // One side of the ring, as this process waits on it.
  struct Side {
    shared::SharedEvent& event;
    shared::AtomicWord& waits;
    shared::AtomicWord& waited;
    shared::Role needed;  // nobody of this role left, and the last one died: no use to wait
    WaitClock clock{};
    std::atomic<std::uint64_t> told{0};  // nanoseconds of the clock that `waited` has already
    Patience patience{std::chrono::microseconds(1), std::chrono::microseconds(20)};
  };

  SharedRing(std::shared_ptr<shared::Region> region, const shared::Plan& plan);

  [[nodiscard]] static Memory memory_of(const shared::Region& region, const shared::Plan& plan) noexcept;
  void play(shared::Role role);
  bool drop_oldest(Claim& claim);
  void note_level();
  [[nodiscard]] bool others_read() const;
  void recover(shared::Owner dead, std::uint32_t pid);
  void note_failure(std::uint64_t index, std::uint32_t pid);
  void look_after_peers_now_and_then();
  [[nodiscard]] bool is_deserted(shared::Role role) const;
  void require_peers(shared::Role role) const;
  [[nodiscard]] bool slot_may_be_free();

  template <class Attempt, class Worth>
  Wake wait(Side& side, const Deadline& deadline, const Interrupt& interrupt, Attempt&& attempt, Worth&& worth);
  template <class Attempt>
  Wake sleep(Side& side, const Deadline& deadline, const Interrupt& interrupt, Attempt&& attempt);

  std::shared_ptr<shared::Region> region_;
  shared::Plan plan_;
  std::string schema_;
  shared::RegionHeader* header_;
  Memory memory_;
  shared::SharedSlots<Memory> slots_;
  shared::Peers peers_;
  shared::Owner me_;
  pid_t joined_pid_ = 0;
  std::atomic<std::uint32_t> next_slot_{0};
  std::atomic<std::uint32_t> roles_{0};
  std::atomic<std::uint64_t> head_seen_{0};
  std::atomic<std::int64_t> next_look_{0};
  Side putters_;
  Side getters_;
};

}  // namespace framelane
