#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/tensor.hpp"

// Python values as the bytes that a SharedRing carries: None, bool, int, float, str, bytes, lists, tuples, dicts with
// keys of str, and framelane.Frame. Tensors among them lie in the slot's payload, and the bytes say where. Never
// pickle: what comes out of shared memory is data, whoever wrote it.
namespace framelane::bindings {

// A tensor on its way into a payload.
struct PlacedTensor {
  Tensor from;
  std::size_t offset;
};

// Writes `value` into `meta`; tensors get places in `payload` after its first `used` bytes, unless they lie in it
// already, and are then listed in `copies`. Returns how many bytes of meta were used. Throws py::type_error for what
// cannot be carried, ShapeError for what does not fit, py::error_already_set.
[[nodiscard]] std::size_t encode_value(PyObject* value, std::span<std::byte> meta, std::span<std::byte> payload,
                                       std::size_t used, std::vector<PlacedTensor>& copies);

// The places where a payload's next tensor may start.
inline constexpr std::size_t tensor_alignment = 64;

// What a tensor in a payload is said to be; `offset` and the size that follows from the shape are checked.
struct TensorPlace {
  DType dtype = DType::uint8;
  Shape shape;
  std::size_t offset = 0;
};

// Makes the Python object for a tensor in the payload.
using MakeTensor = std::function<pybind11::object(const TensorPlace&)>;

// The value in `meta`, which may hold anything: throws RingError where it is no value. A Frame becomes
// make_frame(index, timestamp, duration, tensors, meta). `meta` must not change meanwhile: hand over a copy.
[[nodiscard]] pybind11::object decode_value(std::span<const std::byte> meta, std::size_t payload_bytes,
                                            const MakeTensor& make_tensor, PyObject* make_frame);

}  // namespace framelane::bindings
