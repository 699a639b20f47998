#include "ort/value.hpp"

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

Tensor to_tensor(Owned<abi::Value> value) {
  const ValueView view = view_of(Environment::get(), value.get());
  Shape shape(view.shape.begin(), view.shape.end());
  return Tensor(std::shared_ptr<abi::Value>(std::move(value)), view.data, static_cast<DType>(view.element_type),
                std::move(shape));
}

}  // namespace framelane::ort
