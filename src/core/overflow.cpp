#include "core/overflow.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <string>

namespace framelane {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 4> names{"block", "drop_oldest", "drop_newest", "raise"};

bool same_but_for_case(std::string_view left, std::string_view lower) {
  return std::equal(left.begin(), left.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

}  // namespace

std::string_view name_of(Overflow overflow) noexcept { return names[static_cast<std::size_t>(overflow)]; }

Overflow overflow_from_name(std::string_view name) {
  const auto* const found =
      std::find_if(names.begin(), names.end(), [&](auto known) { return same_but_for_case(name, known); });
  if (found == names.end()) {
    throw std::invalid_argument("unknown overflow '" + std::string(name) +
                                "': use 'block', 'drop_oldest', 'drop_newest' or 'raise'");
  }
  return static_cast<Overflow>(found - names.begin());
}

}  // namespace framelane
