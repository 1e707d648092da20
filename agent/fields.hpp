#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace capmap {

/// Words, lines and numbers of kernel text files, taken from the front of a view. Pure; no allocation.

/// The text up to `end` (or all that is left); `text` moves behind it.
inline std::string_view take_until(std::string_view& text, char end) {
  const auto at = text.find(end);
  const auto piece = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return piece;
}
inline std::string_view take_line(std::string_view& text) {
  return take_until(text, '\n');
}

/// The next word between blanks; empty at the end.
inline std::string_view take_word(std::string_view& line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  const auto word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

/// A decimal number that is the whole word; empty otherwise.
inline std::optional<std::uint64_t> to_number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace capmap
