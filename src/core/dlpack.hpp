#pragma once

#include <cstdint>

#include "core/tensor.hpp"

// The binary interface of DLPack 1.x (dmlc.github.io/dlpack), declared by us: a stable C ABI of a few plain structs.
namespace framelane::dlpack {

inline constexpr std::uint32_t major_version = 1;
inline constexpr std::uint32_t minor_version = 0;

enum class TypeCode : std::uint8_t {
  signed_integer = 0,
  unsigned_integer = 1,
  floating = 2,
  bfloat = 4,
  boolean = 6,
};

enum Flag : std::uint64_t {
  flag_read_only = 1U << 0U,
  flag_is_copied = 1U << 1U,
};

struct Version {
  std::uint32_t major;
  std::uint32_t minor;
};

struct DeviceId {
  std::int32_t type;
  std::int32_t index;
};

struct DataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

struct View {
  void* data;
  DeviceId device;
  std::int32_t rank;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null means C-contiguous
  std::uint64_t byte_offset;
};

// What a capsule named "dltensor" holds.
struct Managed {
  View view;
  void* context;
  void (*deleter)(Managed*);
};

// What a capsule named "dltensor_versioned" holds.
struct ManagedVersioned {
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  std::uint64_t flags;
  View view;
};

static_assert(sizeof(void*) != 8 || (sizeof(View) == 48 && sizeof(Managed) == 64 && sizeof(ManagedVersioned) == 80),
              "the layout is DLPack's, not ours to change");

// New exports that hold `tensor` until their deleter runs, in any thread.
[[nodiscard]] Managed* export_legacy(Tensor tensor);
[[nodiscard]] ManagedVersioned* export_versioned(Tensor tensor, std::uint64_t flags);

// A Tensor over an import. Takes over `managed` whatever happens: its deleter runs when the last view is gone, or at
// once when a Tensor cannot be made of it, which throws ShapeError.
[[nodiscard]] Tensor import_legacy(Managed* managed);
[[nodiscard]] Tensor import_versioned(ManagedVersioned* managed);

}  // namespace framelane::dlpack
