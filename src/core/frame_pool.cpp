#include "core/frame_pool.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/activity.hpp"
#include "core/error.hpp"
#include "core/host_memory.hpp"

namespace framelane {
namespace {

constexpr auto none = SlotStack::none;

std::size_t padded_bytes(const TensorSpec& spec) {
  const auto elements = static_cast<std::size_t>(element_count(spec.shape));
  const std::size_t size = item_size(spec.dtype);
  if (elements > (std::numeric_limits<std::size_t>::max() / 2 - FramePool::alignment) / size) {
    throw ShapeError("a tensor of " + to_string(spec) + " has more bytes than 63 bits can count; use a smaller shape");
  }
  const std::size_t bytes = std::max<std::size_t>(elements * size, 1);  // empty frames, too, have a place of their own
  return (bytes + FramePool::alignment - 1) / FramePool::alignment * FramePool::alignment;
}

// One wait: counted by the clock even when it ends in an exception.
class Waited {
 public:
  explicit Waited(WaitClock& clock) noexcept : clock_(clock) { clock_.begin(); }
  Waited(const Waited&) = delete;
  Waited& operator=(const Waited&) = delete;
  Waited(Waited&&) = delete;
  Waited& operator=(Waited&&) = delete;
  ~Waited() { clock_.end(); }

  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  WaitClock& clock_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

std::string to_string(const TensorSpec& spec) { return std::string(name_of(spec.dtype)) + " " + to_string(spec.shape); }

std::shared_ptr<FramePool> FramePool::create(TensorSpec spec, std::size_t count) {
  if (count < 1 || count >= none) {
    throw std::invalid_argument("count=" + std::to_string(count) + "; a FramePool has from 1 to " +
                                std::to_string(none - 1) + " slots");
  }
  const std::size_t slot_bytes = padded_bytes(spec);
  const std::string what = "FramePool of " + std::to_string(count) + " x " + to_string(spec) + " on cpu";
  if (count > std::numeric_limits<std::size_t>::max() / slot_bytes) {
    const MemoryLevel level = host_memory();
    throw DeviceMemoryError(what, std::numeric_limits<std::size_t>::max(), level.free, level.total);
  }
  auto memory = allocate_prefaulted(count * slot_bytes, what);
  return std::shared_ptr<FramePool>(new FramePool(std::move(spec), count, slot_bytes, std::move(memory)));
}

FramePool::FramePool(TensorSpec spec, std::size_t count, std::size_t slot_bytes, std::shared_ptr<void> memory)
    : spec_(std::move(spec)),
      slot_bytes_(slot_bytes),
      memory_(std::move(memory)),
      wait_label_(std::make_shared<const NativeWork>(
          NativeWork{"wait for a free slot of the pool of " + std::to_string(count) + " x " + to_string(spec_), {}})),
      free_(count) {}

Tensor FramePool::lend(SlotStack::Slot slot) {
  auto* data = static_cast<std::byte*>(memory_.get()) + slot * slot_bytes_;
  // Made first: from here on the slot goes back whatever throws.
  std::shared_ptr<void> owner(data, [pool = shared_from_this(), slot](void*) { pool->take_back(slot); });
  return {std::move(owner), data, spec_.dtype, spec_.shape};
}

void FramePool::take_back(SlotStack::Slot slot) noexcept {
  out_.fetch_sub(1, std::memory_order_relaxed);
  free_.push(slot);
  returned_.notify_one();
}

SlotStack::Slot FramePool::take_or_refuse() {
  if (closed()) {
    throw RingClosed("the " + describe() + " is closed and lends no more slots; make a new one");
  }
  const SlotStack::Slot slot = free_.pop();
  if (slot != none) {
    const std::size_t out = out_.fetch_add(1, std::memory_order_relaxed) + 1;
    std::size_t high_water = high_water_.load(std::memory_order_relaxed);
    while (high_water < out && !high_water_.compare_exchange_weak(high_water, out, std::memory_order_relaxed)) {
    }
    acquired_.fetch_add(1, std::memory_order_relaxed);
  }
  return slot;
}

std::optional<Tensor> FramePool::try_acquire() {
  const SlotStack::Slot slot = take_or_refuse();
  return slot == none ? std::nullopt : std::optional<Tensor>(lend(slot));
}

Tensor FramePool::acquire(const Deadline& deadline, const Interrupt& interrupt) {
  const SlotStack::Slot slot = take_or_refuse();
  return lend(slot == none ? wait_for_slot(deadline, interrupt) : slot);
}

SlotStack::Slot FramePool::wait_for_slot(const Deadline& deadline, const Interrupt& interrupt) {
  // Whoever holds the slots is behind this stage: it is held up, not at fault.
  const NativeCall call(wait_label_);
  const Waiting held_up(Phase::waiting_output);
  const Waited waited(waiting_);
  waits_.fetch_add(1, std::memory_order_relaxed);
  SlotStack::Slot slot = none;
  if (!wait_until(returned_, deadline, interrupt, [&] { return (slot = take_or_refuse()) != none; })) {
    throw RingTimeout("no slot of the " + describe() + " came free in " + std::to_string(waited.seconds()) +
                      " s; drop what still views one (a NumPy or torch view holds its slot) or raise count");
  }
  return slot;
}

void FramePool::close() noexcept {
  closed_.store(true);
  returned_.notify_all();
}

std::size_t FramePool::available() const noexcept { return count() - out_.load(std::memory_order_relaxed); }

FramePoolStats FramePool::stats() const noexcept {
  return {.count = count(),
          .available = available(),
          .high_water = high_water_.load(std::memory_order_relaxed),
          .acquired = acquired_.load(std::memory_order_relaxed),
          .waits = waits_.load(std::memory_order_relaxed),
          .waited = waiting_.waited()};
}

std::string FramePool::describe() const { return "pool of " + std::to_string(count()) + " x " + to_string(spec_); }

}  // namespace framelane
