#include "ort/value.hpp"

#include <cstring>

namespace framelane::ort {

Owned<abi::Value> wrap_memory(const Environment& environment, void* data, DType dtype, std::size_t bytes,
                              std::span<const std::int64_t> shape) {
  abi::Value* value = nullptr;
  environment.check(environment.api().CreateTensorWithDataAsOrtValue(
      environment.cpu_memory(), data, bytes, shape.data(), shape.size(), static_cast<int>(dtype), &value));
  return Owned<abi::Value>(value);
}

ValueView view_of(const Environment& environment, abi::Value* value) {
  ValueView view{};
  const std::int64_t* shape = nullptr;
  std::size_t rank = 0;
  environment.check(
      environment.api().GetTensorElementTypeAndShapeDataReference(value, &view.element_type, &shape, &rank));
  environment.check(environment.api().GetTensorMutableData(value, &view.data));
  view.shape = {shape, rank};
  return view;
}

Owned<abi::Value> clone(const Environment& environment, abi::Value* value) {
  const ValueView from = view_of(environment, value);
  abi::Value* copy = nullptr;
  environment.check(environment.api().CreateTensorAsOrtValue(environment.allocator(), from.shape.data(),
                                                             from.shape.size(), from.element_type, &copy));
  Owned<abi::Value> owned(copy);
  const auto dtype = static_cast<DType>(from.element_type);
  const std::size_t bytes = static_cast<std::size_t>(element_count(from.shape)) * item_size(dtype);
  if (bytes != 0) {
    std::memcpy(view_of(environment, copy).data, from.data, bytes);
  }
  return owned;
}

Tensor to_tensor(Owned<abi::Value> value) {
  const ValueView view = view_of(Environment::get(), value.get());
  Shape shape(view.shape.begin(), view.shape.end());
  return {std::shared_ptr<abi::Value>(std::move(value)), view.data, static_cast<DType>(view.element_type),
          std::move(shape)};
}

}  // namespace framelane::ort
