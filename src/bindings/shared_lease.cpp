#include "bindings/shared_lease.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bindings/shared_ring_object.hpp"
#include "bindings/shared_value.hpp"
#include "bindings/waiting.hpp"
#include "core/error.hpp"

namespace py = pybind11;

namespace framelane::bindings {

SharedLease::SharedLease(std::shared_ptr<SharedRing> ring, const shared::Claim& claim, Kind kind)
    : ring_(std::move(ring)), claim_(claim), kind_(kind), forks_(fork_count()) {}

SharedLease::~SharedLease() {
  try {
    end();
  } catch (const RingError&) {  // NOLINT(bugprone-empty-catch): others took us for dead, so it is theirs
  }
}

bool SharedLease::held() const noexcept { return !ended_ && forks_ == fork_count(); }

void SharedLease::require(Kind kind) const {
  if (kind_ != kind) {
    throw RingError(kind == Kind::writing ? "this frame is being read: only a slot from reserve() is written"
                                          : "this slot is being written: only a frame from peek() is read");
  }
  if (!held()) {
    throw RingError(kind == Kind::writing ? "the slot was committed or given up: reserve() another"
                                          : "the frame was released: peek() the next");
  }
}

Tensor SharedLease::empty(DType dtype, const Shape& shape) {
  require(Kind::writing);
  const auto payload = ring_->payload(claim_.slot);
  const auto count = static_cast<std::size_t>(element_count(shape));
  const std::size_t offset = (used_ + tensor_alignment - 1) / tensor_alignment * tensor_alignment;
  const std::size_t left = payload.size() - std::min(offset, payload.size());
  if (count > left / item_size(dtype)) {
    throw ShapeError("a tensor of " + std::string(name_of(dtype)) + " " + to_string(shape) +
                     " does not fit: " + std::to_string(left) + " of the slot's " + std::to_string(payload.size()) +
                     " bytes are left; make the ring with a larger spec or nbytes");
  }
  used_ = offset + count * item_size(dtype);
  return {ring_->region(), payload.data() + offset, dtype, shape};
}

void SharedLease::commit(PyObject* value, std::uint64_t index) {
  require(Kind::writing);
  ended_ = true;  // whatever happens: an error gives the slot up
  ring_->slot(claim_.slot).index.store(index, std::memory_order_relaxed);
  write_and_commit(*ring_, claim_, value, used_);
}

py::object SharedLease::value() const {
  require(Kind::reading);
  return read_value(*ring_, claim_, true);
}

void SharedLease::end() {
  if (!held()) {
    return;
  }
  ended_ = true;
  if (kind_ == Kind::writing) {
    ring_->abandon(claim_);
  } else {
    ring_->release(claim_);
  }
}

}  // namespace framelane::bindings
