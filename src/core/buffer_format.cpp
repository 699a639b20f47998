#include "core/buffer_format.hpp"

#include <bit>
#include <utility>

#include "core/error.hpp"

namespace framelane {
namespace {

constexpr bool little = std::endian::native == std::endian::little;

enum class Kind { signed_integer, unsigned_integer, floating, boolean, other };

Kind kind_of(char code) noexcept {
  constexpr std::string_view signed_codes = "bhilqn";
  constexpr std::string_view unsigned_codes = "BHILQN";
  constexpr std::string_view floating_codes = "efd";
  if (signed_codes.find(code) != std::string_view::npos) {
    return Kind::signed_integer;
  }
  if (unsigned_codes.find(code) != std::string_view::npos) {
    return Kind::unsigned_integer;
  }
  if (floating_codes.find(code) != std::string_view::npos) {
    return Kind::floating;
  }
  return code == '?' ? Kind::boolean : Kind::other;
}

bool is_foreign_order(char prefix) noexcept { return little ? prefix == '>' || prefix == '!' : prefix == '<'; }

// The byte order mark and the rest.
std::pair<char, std::string_view> split(std::string_view format) noexcept {
  if (format.empty()) {
    return {'@', "B"};  // the protocol's default: bytes
  }
  if (std::string_view("@=<>!").find(format.front()) != std::string_view::npos) {
    return {format.front(), format.substr(1)};
  }
  return {'@', format};
}

std::optional<DType> find_native(std::string_view code, std::size_t item_bytes) noexcept {
  struct Row {
    Kind kind;
    std::size_t bytes;
    DType dtype;
  };
  // The size decides, not the letter: 'l' has 4 or 8 bytes depending on prefix and platform.
  constexpr Row rows[] = {{Kind::unsigned_integer, 1, DType::uint8}, {Kind::floating, 4, DType::float32},
                          {Kind::floating, 2, DType::float16},       {Kind::floating, 8, DType::float64},
                          {Kind::signed_integer, 1, DType::int8},    {Kind::unsigned_integer, 2, DType::uint16},
                          {Kind::signed_integer, 2, DType::int16},   {Kind::unsigned_integer, 4, DType::uint32},
                          {Kind::signed_integer, 4, DType::int32},   {Kind::unsigned_integer, 8, DType::uint64},
                          {Kind::signed_integer, 8, DType::int64},   {Kind::boolean, 1, DType::boolean}};
  const Kind kind = code.size() == 1 ? kind_of(code.front()) : Kind::other;
  for (const Row& row : rows) {
    if (row.kind == kind && row.bytes == item_bytes) {
      return row.dtype;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<DType> find_dtype(std::string_view format, std::size_t item_bytes) noexcept {
  const auto [order, code] = split(format);
  return item_bytes > 1 && is_foreign_order(order) ? std::nullopt : find_native(code, item_bytes);
}

DType dtype_from_format(std::string_view format, std::size_t item_bytes) {
  if (const auto dtype = find_dtype(format, item_bytes)) {
    return *dtype;
  }
  if (const auto swapped = find_native(split(format).second, item_bytes)) {
    throw ShapeError("an array of the other byte order (buffer format '" + std::string(format) +
                     "') is no tensor; convert it with numpy.asarray(x).astype(\"" + std::string(name_of(*swapped)) +
                     "\")");
  }
  throw ShapeError("an array with items of buffer format '" + std::string(format) +
                   "' (records, strings, objects, complex or long numbers) is no tensor; convert it, for example with "
                   "numpy.asarray(x).astype(\"float32\")");
}

const char* format_of(DType dtype) noexcept {
  constexpr bool long_has_8 = sizeof(long) == 8;  // NumPy's int64 is a long where that has 8 bytes
  switch (dtype) {
    case DType::float32:
      return "f";
    case DType::uint8:
      return "B";
    case DType::int8:
      return "b";
    case DType::uint16:
      return "H";
    case DType::int16:
      return "h";
    case DType::int32:
      return "i";
    case DType::int64:
      return long_has_8 ? "l" : "q";
    case DType::boolean:
      return "?";
    case DType::float16:
      return "e";
    case DType::float64:
      return "d";
    case DType::uint32:
      return "I";
    case DType::uint64:
      return long_has_8 ? "L" : "Q";
    case DType::bfloat16:
      break;
  }
  return nullptr;
}

std::string typestr_of(DType dtype) {
  const char* format = format_of(dtype);
  if (format == nullptr) {
    return "";
  }
  const std::size_t bytes = item_size(dtype);
  constexpr const char* letters = "iufb";
  const char letter = letters[static_cast<std::size_t>(kind_of(*format))];
  const char* order = bytes == 1 ? "|" : (little ? "<" : ">");
  return std::string(order) + letter + std::to_string(bytes);
}

}  // namespace framelane
