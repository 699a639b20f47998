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

constexpr std::uint64_t low_half = 0xFFFFFFFFU;

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
      next_(count),
      head_(0) {
  for (std::size_t slot = 0; slot < count; ++slot) {
    next_[slot] = slot + 1 < count ? static_cast<Index>(slot + 1) : none;
  }
}

FramePool::Index FramePool::pop() noexcept {
  std::uint64_t head = head_.load();
  while (true) {
    const auto top = static_cast<Index>(head & low_half);
    if (top == none) {
      return none;
    }
    // `top` may be popped by another thread right now: then this reads a stale link, and the exchange fails.
    const std::uint64_t changed = (((head >> 32U) + 1) << 32U) | next_[top].load(std::memory_order_relaxed);
    if (head_.compare_exchange_weak(head, changed)) {
      return top;
    }
  }
}

void FramePool::push(Index index) noexcept {
  std::uint64_t head = head_.load();
  std::uint64_t changed = 0;
  do {
    next_[index].store(static_cast<Index>(head & low_half), std::memory_order_relaxed);
    changed = (((head >> 32U) + 1) << 32U) | index;
  } while (!head_.compare_exchange_weak(head, changed));
  returned_.notify_one();
}

Tensor FramePool::lend(Index index) {
  auto* data = static_cast<std::byte*>(memory_.get()) + index * slot_bytes_;
  // Made first: from here on the slot goes back whatever throws.
  std::shared_ptr<void> owner(data, [pool = shared_from_this(), index](void*) {
    pool->out_.fetch_sub(1, std::memory_order_relaxed);
    pool->push(index);
  });
  return {std::move(owner), data, spec_.dtype, spec_.shape};
}

FramePool::Index FramePool::take_or_refuse() {
  if (closed()) {
    throw RingClosed("the " + describe() + " is closed and lends no more slots; make a new one");
  }
  const Index index = pop();
  if (index != none) {
    const std::size_t out = out_.fetch_add(1, std::memory_order_relaxed) + 1;
    std::size_t high_water = high_water_.load(std::memory_order_relaxed);
    while (high_water < out && !high_water_.compare_exchange_weak(high_water, out, std::memory_order_relaxed)) {
    }
    acquired_.fetch_add(1, std::memory_order_relaxed);
  }
  return index;
}

std::optional<Tensor> FramePool::try_acquire() {
  const Index index = take_or_refuse();
  return index == none ? std::nullopt : std::optional<Tensor>(lend(index));
}

Tensor FramePool::acquire(const Deadline& deadline, const Interrupt& interrupt) {
  const Index index = take_or_refuse();
  return lend(index == none ? wait_for_slot(deadline, interrupt) : index);
}

FramePool::Index FramePool::wait_for_slot(const Deadline& deadline, const Interrupt& interrupt) {
  // Whoever holds the slots is behind this stage: it is held up, not at fault.
  const NativeCall call(wait_label_);
  const Waiting held_up(Phase::waiting_output);
  const Waited waited(waiting_);
  waits_.fetch_add(1, std::memory_order_relaxed);
  Index index = none;
  if (!wait_until(returned_, deadline, interrupt, [&] { return (index = take_or_refuse()) != none; })) {
    throw RingTimeout("no slot of the " + describe() + " came free in " + std::to_string(waited.seconds()) +
                      " s; drop what still views one (a NumPy or torch view holds its slot) or raise count");
  }
  return index;
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
