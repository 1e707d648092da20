#include "common/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace capmap {
namespace {

/// Takes one character off the front of valid UTF-8; nothing where it is not.
std::optional<std::uint32_t> take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || length > text.size()) return std::nullopt;
  std::uint32_t character = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80) return std::nullopt;
    character = character << 6U | (next & 0x3FU);
  }
  text.remove_prefix(length);
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < kLeast[length] || character > 0x10FFFF || surrogate) return std::nullopt;
  return character;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (!take_character(text)) return false;
  }
  return true;
}

bool is_printable_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = take_character(text);
    if (!character || *character < 0x20 || (*character >= 0x7F && *character < 0xA0)) return false;
  }
  return true;
}

}  // namespace capmap
