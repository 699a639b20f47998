#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace framelane {

// Formats of Python's buffer protocol (those of its struct module, plus none for bytes).

// The dtype of a format whose items have `item_bytes` bytes. Throws ShapeError that says what to do about another
// byte order, records, strings, objects, complex numbers.
[[nodiscard]] DType dtype_from_format(std::string_view format, std::size_t item_bytes);

// The same without an error.
[[nodiscard]] std::optional<DType> find_dtype(std::string_view format, std::size_t item_bytes) noexcept;

// nullptr for bfloat16, which has none.
[[nodiscard]] const char* format_of(DType dtype) noexcept;

// The kind and size that __array_interface__ wants, "<f4"; empty for bfloat16.
[[nodiscard]] std::string typestr_of(DType dtype);

}  // namespace framelane
