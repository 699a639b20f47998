#include "ort/runtime_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace framelane::ort {
namespace {

constexpr std::array<std::string_view, 5> suffixes = {".cc", ".h", ".cpp", ".hpp", ".cu"};

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Where in a word a place such as "/onnxruntime_src/.../model.cc:180" begins; npos when it is none.
std::size_t place_in(std::string_view word) {
  const std::size_t colon = word.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == word.size() ||
      !std::all_of(word.begin() + static_cast<std::ptrdiff_t>(colon) + 1, word.end(), is_digit)) {
    return std::string_view::npos;
  }
  const std::string_view file = word.substr(0, colon);
  const bool source =
      std::any_of(suffixes.begin(), suffixes.end(), [file](std::string_view suffix) { return file.ends_with(suffix); });
  if (!source) {
    return std::string_view::npos;
  }
  const std::size_t slash = file.find('/');
  return slash == std::string_view::npos ? 0 : slash;
}

// The position behind the bracket that closes the one at `open`; npos when none does.
std::size_t behind_closing(std::string_view text, std::size_t open, char opening, char closing) {
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    depth += text[at] == opening ? 1 : 0;
    depth -= text[at] == closing ? 1 : 0;
    if (depth == 0) {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

bool in_type(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_:<>,&*~ ").find(c) != std::string_view::npos;
}

// Length of the C++ signature that stands at the beginning, as __PRETTY_FUNCTION__ writes it; 0 when none does.
std::size_t signature_length(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || text.substr(0, open).find("::") == std::string_view::npos ||
      !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), in_type)) {
    return 0;
  }
  std::size_t end = behind_closing(text, open, '(', ')');
  const auto skip = [&](std::string_view what) {
    if (end != std::string_view::npos && text.substr(end).starts_with(what)) {
      end += what.size();
    }
  };
  skip(" const");
  skip("::<lambda()>");
  skip("::operator()() const");
  if (end != std::string_view::npos && text.substr(end).starts_with(" [with ")) {
    end = behind_closing(text, end + 1, '[', ']');
  }
  skip(" ");
  return end == std::string_view::npos ? 0 : end;
}

}  // namespace

std::string without_source_places(std::string_view text) {
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const std::size_t place = place_in(word);
    result += word.substr(0, place);
    at = end + 1;
    if (place != std::string_view::npos && at < text.size()) {
      at += signature_length(text.substr(at));
      result += place == 0 ? "" : " ";
    } else if (!word.empty()) {
      result += ' ';
    }
  }
  while (!result.empty() && result.back() == ' ') {
    result.pop_back();
  }
  return result.empty() ? "no reason given" : result;
}

std::string describe_failed_run(const std::string& text) {
  constexpr std::string_view start = "Non-zero status code returned while running ";
  constexpr std::string_view name_start = " node. Name:'";
  constexpr std::string_view reason_start = "' Status Message: ";
  const std::size_t node = text.find(name_start);
  const std::size_t reason = text.find(reason_start);
  if (!text.starts_with(start) || node == std::string::npos || reason == std::string::npos || reason < node) {
    return text;
  }
  const std::string name = text.substr(node + name_start.size(), reason - node - name_start.size());
  return "node " + (name.empty() ? "" : "'" + name + "' ") + "(" + text.substr(start.size(), node - start.size()) +
         "): " + text.substr(reason + reason_start.size());
}

}  // namespace framelane::ort
