#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/activity.hpp"
#include "core/event_count.hpp"
#include "core/slot_stack.hpp"
#include "core/tensor.hpp"
#include "core/wait.hpp"
#include "core/wait_clock.hpp"

namespace framelane {

struct TensorSpec {
  DType dtype = DType::uint8;
  Shape shape;
  friend bool operator==(const TensorSpec&, const TensorSpec&) = default;
};

// "float32 (3, 720, 1280)"
[[nodiscard]] std::string to_string(const TensorSpec& spec);

struct FramePoolStats {
  std::size_t count = 0;                    // slots in all
  std::size_t available = 0;                // slots that nobody holds
  std::size_t high_water = 0;               // most slots that were lent at once
  std::uint64_t acquired = 0;               // leases handed out
  std::uint64_t waits = 0;                  // acquires that found no free slot
  std::chrono::duration<double> waited{0};  // time that all threads waited, those that still do included
};

// A fixed number of buffers for frames of one kind: allocated and touched once, aligned to 64 bytes, lent as Tensors.
// A slot is free again when the last Tensor that shares its owner is gone, in whatever thread; the memory lives
// until the pool and all its slots are gone. Contents are what the last user left. All functions may be called from
// any thread.
class FramePool : public std::enable_shared_from_this<FramePool> {
 public:
  static constexpr std::size_t alignment = 64;

  // Throws std::invalid_argument for a count below 1, ShapeError, DeviceMemoryError.
  [[nodiscard]] static std::shared_ptr<FramePool> create(TensorSpec spec, std::size_t count);

  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  FramePool(FramePool&&) = delete;
  FramePool& operator=(FramePool&&) = delete;
  ~FramePool() = default;

  // Waits for a free slot. Throws RingTimeout after `deadline`, RingClosed once the pool is closed.
  [[nodiscard]] Tensor acquire(const Deadline& deadline = std::nullopt, const Interrupt& interrupt = {});
  // nullopt when all slots are out. Throws RingClosed.
  [[nodiscard]] std::optional<Tensor> try_acquire();

  // No more leases: wakes everyone who waits. What is out stays valid. Idempotent.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return closed_.load(); }

  [[nodiscard]] const TensorSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::size_t count() const noexcept { return free_.count(); }
  [[nodiscard]] std::size_t available() const noexcept;
  [[nodiscard]] std::size_t nbytes() const noexcept { return count() * slot_bytes_; }
  [[nodiscard]] FramePoolStats stats() const noexcept;

 private:
  FramePool(TensorSpec spec, std::size_t count, std::size_t slot_bytes, std::shared_ptr<void> memory);

  [[nodiscard]] Tensor lend(SlotStack::Slot slot);
  void take_back(SlotStack::Slot slot) noexcept;
  [[nodiscard]] SlotStack::Slot take_or_refuse();
  [[nodiscard]] SlotStack::Slot wait_for_slot(const Deadline& deadline, const Interrupt& interrupt);
  [[nodiscard]] std::string describe() const;

  TensorSpec spec_;
  std::size_t slot_bytes_;
  std::shared_ptr<void> memory_;
  std::shared_ptr<const NativeWork> wait_label_;
  SlotStack free_;
  std::atomic<bool> closed_{false};
  EventCount returned_;
  std::atomic<std::size_t> out_{0};
  std::atomic<std::size_t> high_water_{0};
  std::atomic<std::uint64_t> acquired_{0};
  std::atomic<std::uint64_t> waits_{0};
  WaitClock waiting_;
};

}  // namespace framelane
