#include "core/dtype.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.hpp"

namespace framelane {
namespace {

struct Entry {
  DType dtype;
  std::size_t size;
  std::string_view name;
};

constexpr std::array<Entry, 13> table{{
    {DType::float32, 4, "float32"},
    {DType::uint8, 1, "uint8"},
    {DType::int8, 1, "int8"},
    {DType::uint16, 2, "uint16"},
    {DType::int16, 2, "int16"},
    {DType::int32, 4, "int32"},
    {DType::int64, 8, "int64"},
    {DType::boolean, 1, "bool"},
    {DType::float16, 2, "float16"},
    {DType::float64, 8, "float64"},
    {DType::uint32, 4, "uint32"},
    {DType::uint64, 8, "uint64"},
    {DType::bfloat16, 2, "bfloat16"},
}};

const Entry& entry_of(DType dtype) noexcept {
  return *std::find_if(table.begin(), table.end(), [dtype](const Entry& e) { return e.dtype == dtype; });
}

}  // namespace

std::size_t item_size(DType dtype) noexcept { return entry_of(dtype).size; }

std::string_view name_of(DType dtype) noexcept { return entry_of(dtype).name; }

std::optional<DType> dtype_from_onnx(std::int32_t number) noexcept {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [number](const Entry& e) { return static_cast<std::int32_t>(e.dtype) == number; });
  return found == table.end() ? std::nullopt : std::optional(found->dtype);
}

DType dtype_from_name(std::string_view name) {
  std::string names;
  for (const Entry& entry : table) {
    if (entry.name == name) {
      return entry.dtype;
    }
    names += names.empty() ? "" : ", ";
    names += entry.name;
  }
  throw ShapeError("unknown dtype '" + std::string(name) + "'; use one of: " + names);
}

}  // namespace framelane
