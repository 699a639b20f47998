#include "core/dlpack.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace framelane::dlpack {
namespace {

TypeCode code_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::int8:
    case DType::int16:
    case DType::int32:
    case DType::int64:
      return TypeCode::signed_integer;
    case DType::uint8:
    case DType::uint16:
    case DType::uint32:
    case DType::uint64:
      return TypeCode::unsigned_integer;
    case DType::boolean:
      return TypeCode::boolean;
    case DType::bfloat16:
      return TypeCode::bfloat;
    case DType::float16:
    case DType::float32:
    case DType::float64:
      break;
  }
  return TypeCode::floating;
}

DType dtype_from(const DataType& type) {
  constexpr DType all[] = {DType::float32, DType::uint8,  DType::int8,    DType::uint16,  DType::int16,
                           DType::int32,   DType::int64,  DType::boolean, DType::float16, DType::float64,
                           DType::uint32,  DType::uint64, DType::bfloat16};
  for (const DType dtype : all) {
    if (type.lanes == 1 && type.code == static_cast<std::uint8_t>(code_of(dtype)) &&
        type.bits == 8 * item_size(dtype)) {
      return dtype;
    }
  }
  throw ShapeError("a DLPack tensor of type code " + std::to_string(type.code) + ", " + std::to_string(type.bits) +
                   " bits, " + std::to_string(type.lanes) +
                   " lanes is no element type of framelane; convert it first, for example to float32");
}

View view_of(const Tensor& tensor) noexcept {
  const Device device = tensor.device();
  // DLPack has no const: consumers only read shape and strides.
  return {.data = tensor.data(),
          .device = {static_cast<std::int32_t>(device.type), device.index},
          .rank = static_cast<std::int32_t>(tensor.rank()),
          .dtype = {static_cast<std::uint8_t>(code_of(tensor.dtype())),
                    static_cast<std::uint8_t>(8 * item_size(tensor.dtype())), 1},
          .shape = const_cast<std::int64_t*>(tensor.shape().data()),
          .strides = const_cast<std::int64_t*>(tensor.strides().data()),
          .byte_offset = 0};
}

// The exported struct and what it keeps alive, in one allocation.
template <class Struct>
struct Export {
  Struct managed{};
  Tensor tensor;

  static Struct* create(Tensor&& tensor) {
    auto* self = new Export{.managed = {}, .tensor = std::move(tensor)};
    self->managed.view = view_of(self->tensor);
    self->managed.context = self;
    self->managed.deleter = [](Struct* managed) { delete static_cast<Export*>(managed->context); };
    return &self->managed;
  }
};

Device device_from(const DeviceId& id) {
  for (const DeviceType known : {DeviceType::cpu, DeviceType::cuda, DeviceType::cuda_host, DeviceType::provider}) {
    if (id.type == static_cast<std::int32_t>(known)) {
      return {known, id.index};
    }
  }
  throw ShapeError("a DLPack tensor on device type " + std::to_string(id.type) +
                   ", which framelane does not know; copy it to the CPU with the library that made it");
}

template <class Struct>
std::shared_ptr<Struct> take_over(Struct* managed) {
  return {managed, [](Struct* m) {
            if (m->deleter != nullptr) {
              m->deleter(m);
            }
          }};
}

Tensor tensor_over(const View& view, std::shared_ptr<void> owner, bool read_only) {
  if (view.rank < 0 || (view.rank > 0 && view.shape == nullptr)) {
    throw ShapeError("a damaged DLPack tensor: rank " + std::to_string(view.rank) + " without a shape");
  }
  const auto rank = static_cast<std::size_t>(view.rank);
  Shape shape(view.shape, view.shape + rank);
  Shape strides = view.strides == nullptr ? contiguous_strides(shape) : Shape(view.strides, view.strides + rank);
  if (view.data == nullptr && element_count(shape) != 0) {
    throw ShapeError("a damaged DLPack tensor: shape " + to_string(shape) + " without data");
  }
  auto* data = static_cast<std::byte*>(view.data) + (view.data == nullptr ? 0 : view.byte_offset);
  return {std::move(owner),         data,     dtype_from(view.dtype), std::move(shape), std::move(strides),
          device_from(view.device), read_only};
}

}  // namespace

Managed* export_legacy(Tensor tensor) { return Export<Managed>::create(std::move(tensor)); }

ManagedVersioned* export_versioned(Tensor tensor, std::uint64_t flags) {
  const bool read_only = tensor.read_only();
  ManagedVersioned* managed = Export<ManagedVersioned>::create(std::move(tensor));
  managed->version = {major_version, minor_version};
  managed->flags = flags | (read_only ? std::uint64_t{flag_read_only} : 0U);
  return managed;
}

Tensor import_legacy(Managed* managed) {
  auto owner = take_over(managed);
  return tensor_over(managed->view, std::move(owner), false);
}

Tensor import_versioned(ManagedVersioned* managed) {
  auto owner = take_over(managed);
  if (managed->version.major != major_version) {
    throw ShapeError("a tensor of DLPack " + std::to_string(managed->version.major) + "." +
                     std::to_string(managed->version.minor) +
                     ", of which only major version 1 is understood; pass it as a NumPy array");
  }
  return tensor_over(managed->view, std::move(owner), (managed->flags & flag_read_only) != 0);
}

}  // namespace framelane::dlpack
