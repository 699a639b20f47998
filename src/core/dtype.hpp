#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace framelane {

// Element types of tensors. The values are those of ONNX's TensorProto.DataType.
enum class DType : std::int32_t {
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  bfloat16 = 16,
};

// Size of one element in bytes.
[[nodiscard]] std::size_t item_size(DType dtype) noexcept;

// The name that NumPy has for it ("bool", "float16"); bfloat16, which NumPy lacks, is "bfloat16".
[[nodiscard]] std::string_view name_of(DType dtype) noexcept;

// The dtype of that name. Throws ShapeError that lists the names.
[[nodiscard]] DType dtype_from_name(std::string_view name);

// The dtype of ONNX's number; nullopt for what is no DType: strings, complex, 4 and 8 bit floats.
[[nodiscard]] std::optional<DType> dtype_from_onnx(std::int32_t number) noexcept;

}  // namespace framelane
