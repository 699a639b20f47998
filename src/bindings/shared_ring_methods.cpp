#include <cstring>
#include <string>
#include <vector>

#include "bindings/gil.hpp"
#include "bindings/guarded.hpp"
#include "bindings/shared_ring_object.hpp"
#include "bindings/shared_value.hpp"
#include "bindings/timeout_argument.hpp"
#include "bindings/waiting.hpp"
#include "core/error.hpp"
#include "core/tensor_copy.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

using shared::Claim;

constexpr std::size_t long_copy = std::size_t{64} << 10U;  // bytes: then others may have the GIL meanwhile

void copy_all(const std::vector<PlacedTensor>& copies, std::span<std::byte> payload) {
  std::size_t bytes = 0;
  for (const PlacedTensor& copy : copies) {
    bytes += copy.from.nbytes();
  }
  if (copies.empty()) {
    return;
  }
  const auto copy_them = [&] {
    for (const PlacedTensor& copy : copies) {
      copy_to(copy.from, payload.data() + copy.offset);
    }
  };
  if (bytes < long_copy) {
    copy_them();
    return;
  }
  const GilRelease released;
  copy_them();
}

void write_into(SharedRing& ring, const Claim& claim, PyObject* value, std::size_t used) {
  std::vector<PlacedTensor> copies;
  const auto payload = ring.payload(claim.slot);
  const std::size_t size = encode_value(value, ring.meta(claim.slot), payload, used, copies);
  copy_all(copies, payload);
  ring.slot(claim.slot).meta_size.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
}

// Gives a slot up, or a frame back, whatever happens meanwhile.
class Release {
 public:
  Release(SharedRing& ring, const Claim& claim) : ring_(ring), claim_(claim) {}
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;
  Release(Release&&) = delete;
  Release& operator=(Release&&) = delete;
  ~Release() {
    try {
      ring_.release(claim_);
    } catch (const RingError&) {  // NOLINT(bugprone-empty-catch): others took us for dead, so it is theirs
    }
  }

 private:
  SharedRing& ring_;
  const Claim& claim_;
};

py::object frame_maker() {
  static PyObject* make =
      py::object(py::module_::import("framelane._frame").attr("frame_of")).release().ptr();  // for good
  return py::reinterpret_borrow<py::object>(make);
}

py::object tensor_at(const SharedRing& ring, std::uint32_t slot, const TensorPlace& place, bool in_place) {
  // The memory stays mapped while a tensor over it lives; what is in it is the ring's business.
  Tensor tensor(ring.region(), ring.payload(slot).data() + place.offset, place.dtype, place.shape, {}, Device{}, true);
  if (in_place) {
    return py::cast(std::move(tensor));
  }
  if (tensor.nbytes() < long_copy) {
    return py::cast(contiguous_copy(tensor));
  }
  Tensor copy;
  {
    const GilRelease released;
    copy = contiguous_copy(tensor);
  }
  return py::cast(std::move(copy));
}

// The value of a frame that is taken out for good.
PyObject* read_and_release(SharedRing& ring, const Claim& claim) {
  const Release release(ring, claim);
  return read_value(ring, claim, false).release().ptr();
}

}  // namespace

PutResult reserve_waiting(SharedRing& ring, Claim& claim, const Deadline& deadline) {
  const PutResult result = ring.try_reserve(claim);
  if (result == PutResult::done || result == PutResult::dropped) {
    return result;
  }
  GilRelease released;
  return ring.reserve(claim, deadline, released.interrupt());
}

bool take_waiting(SharedRing& ring, Claim& claim, const Deadline& deadline) {
  switch (ring.try_take(claim)) {
    case GetResult::done:
      return true;
    case GetResult::closed:
      return false;
    case GetResult::empty:
      break;
  }
  GilRelease released;
  return ring.take(claim, deadline, released.interrupt());
}

void write_and_commit(SharedRing& ring, const Claim& claim, PyObject* value, std::size_t used) {
  try {
    write_into(ring, claim, value, used);
  } catch (...) {
    ring.abandon(claim);
    throw;
  }
  if (!ring.commit(claim)) {
    throw RingClosed(Ring<int>::closed_text);
  }
}

py::object read_value(const SharedRing& ring, const Claim& claim, bool in_place) {
  // Copied first: what is decoded must not change under the decoder's hands, whoever writes there.
  const auto meta = ring.meta(claim.slot);
  const std::size_t size = ring.slot(claim.slot).meta_size.load(std::memory_order_relaxed);
  if (size > meta.size()) {
    throw RingError("a frame in the shared ring is damaged: something else has written into its slot");
  }
  constexpr std::size_t few = 256;
  std::array<std::byte, few> small;
  std::vector<std::byte> large(size > few ? size : 0);
  std::byte* copy = size > few ? large.data() : small.data();
  std::memcpy(copy, meta.data(), size);
  const MakeTensor make = [&](const TensorPlace& place) { return tensor_at(ring, claim.slot, place, in_place); };
  return decode_value({copy, size}, ring.payload_bytes(), make, frame_maker().ptr());
}

PyObject* shared_ring_put(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    PyObject* timeout = timeout_argument("use put(value, timeout=None)", 1, args, count, names);
    const std::shared_ptr<SharedRing> ring = shared_ring_of(object);
    Claim claim;
    if (reserve_waiting(*ring, claim, deadline_in(timeout)) == PutResult::done) {
      write_and_commit(*ring, claim, args[0], 0);
    }
    return Py_NewRef(Py_None);
  });
}

PyObject* shared_ring_try_put(PyObject* object, PyObject* value) {
  return guarded([&]() -> PyObject* {
    const std::shared_ptr<SharedRing> ring = shared_ring_of(object);
    Claim claim;
    const PutResult result = ring->try_reserve(claim);
    if (result == PutResult::closed) {
      throw RingClosed(Ring<int>::closed_text);
    }
    if (result == PutResult::done) {
      write_and_commit(*ring, claim, value, 0);
    }
    return PyBool_FromLong(result == PutResult::done);
  });
}

PyObject* shared_ring_get(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    const Deadline deadline = deadline_in(timeout_argument("use get(timeout=None)", 0, args, count, names));
    const std::shared_ptr<SharedRing> ring = shared_ring_of(object);
    Claim claim;
    if (!take_waiting(*ring, claim, deadline)) {
      throw RingClosed(Ring<int>::drained_text);
    }
    return read_and_release(*ring, claim);
  });
}

PyObject* shared_ring_try_get(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    if (count > 1) {
      throw py::type_error("use try_get(default=None)");
    }
    const std::shared_ptr<SharedRing> ring = shared_ring_of(object);
    Claim claim;
    switch (ring->try_take(claim)) {
      case GetResult::done:
        return read_and_release(*ring, claim);
      case GetResult::closed:
        throw RingClosed(Ring<int>::drained_text);
      case GetResult::empty:
        break;
    }
    return Py_NewRef(count == 1 ? args[0] : Py_None);
  });
}

PyObject* shared_ring_next(PyObject* object) {  // null without an error ends the iteration
  return guarded([&]() -> PyObject* {
    const std::shared_ptr<SharedRing> ring = shared_ring_of(object);
    Claim claim;
    return take_waiting(*ring, claim, std::nullopt) ? read_and_release(*ring, claim) : nullptr;
  });
}

}  // namespace framelane::bindings
