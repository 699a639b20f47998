#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>

#include "core/shared_ring.hpp"
#include "core/tensor.hpp"

namespace framelane::bindings {

// A slot of a SharedRing in the hands of this process: to be written, or to be read. Used under the GIL.
class SharedLease {
 public:
  enum class Kind : std::uint8_t { writing, reading };

  SharedLease(std::shared_ptr<SharedRing> ring, const shared::Claim& claim, Kind kind);
  SharedLease(const SharedLease&) = delete;
  SharedLease& operator=(const SharedLease&) = delete;
  SharedLease(SharedLease&&) = delete;
  SharedLease& operator=(SharedLease&&) = delete;
  ~SharedLease();

  // An uninitialised tensor in the slot, after those that are there. Throws ShapeError when it does not fit.
  [[nodiscard]] Tensor empty(DType dtype, const Shape& shape);
  // Makes the value the slot's; arrays that do not lie in it yet are copied into it. Throws RingClosed.
  void commit(PyObject* value, std::uint64_t index);
  // The value, with tensors over the slot itself.
  [[nodiscard]] pybind11::object value() const;
  [[nodiscard]] bool redelivered() const noexcept { return claim_.redelivered(); }
  // Gives the slot up, or the frame back for good. Does nothing when that was done.
  void end();
  [[nodiscard]] bool held() const noexcept;

 private:
  void require(Kind kind) const;

  std::shared_ptr<SharedRing> ring_;
  shared::Claim claim_;
  Kind kind_;
  bool ended_ = false;
  unsigned forks_;
  std::size_t used_ = 0;
};

}  // namespace framelane::bindings
