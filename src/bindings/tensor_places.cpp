#include "bindings/tensor_places.hpp"

#include <algorithm>
#include <string>

namespace framelane::bindings {

Shape element_strides(const Shape& shape, const Py_ssize_t* byte_strides, std::int64_t item_bytes) {
  const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  Shape strides(shape.size());
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    // Nobody steps along an axis of one item, whose stride may be anything.
    if (byte_strides[axis] % item_bytes != 0 && shape[axis] > 1 && !empty) {
      throw PlacesError("an array with a stride of " + std::to_string(byte_strides[axis]) +
                        " bytes, no multiple of its item's " + std::to_string(item_bytes) +
                        " (a field of records?), is no tensor; pass array.copy()");
    }
    strides[axis] = byte_strides[axis] / item_bytes;
  }
  return strides;
}

Tensor require_alignment(Tensor tensor) {
  const auto address = reinterpret_cast<std::uintptr_t>(tensor.data());
  if (tensor.size() != 0 && address % item_size(tensor.dtype()) != 0) {
    throw PlacesError("an array of " + std::string(name_of(tensor.dtype())) +
                      " that starts at an address that is no multiple of " + std::to_string(item_size(tensor.dtype())) +
                      " is no tensor; pass array.copy()");
  }
  return tensor;
}

}  // namespace framelane::bindings
