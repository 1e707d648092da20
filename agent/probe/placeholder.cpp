#include "agent/probe/placeholder.hpp"

#include <algorithm>
#include <array>

#include "agent/probe/words.hpp"

namespace capmap {

bool is_placeholder(std::string_view text) {
  constexpr std::array kBeginnings = std::to_array<std::string_view>(
      {"to be filled", "to be set", "not specified", "default string", "redacted", "system product name", "system manufacturer",
       "system version", "0123456789", "1234567890", "type1product", "not applicable", "not available", "no asset"});
  constexpr std::array kWords = std::to_array<std::string_view>({"",
                                                                 "oem",
                                                                 "o.e.m.",
                                                                 "undefined",
                                                                 "invalid",
                                                                 "none",
                                                                 "n/a",
                                                                 "na",
                                                                 "nil",
                                                                 "null",
                                                                 "unknown",
                                                                 "empty",
                                                                 "default",
                                                                 "unspecified",
                                                                 "not set",
                                                                 "not present",
                                                                 "not defined",
                                                                 "tbd",
                                                                 "product name",
                                                                 "manufacturer",
                                                                 "base board",
                                                                 "filled by oem",
                                                                 "no"});
  constexpr std::string_view kAround = "[](){}<>\"'*";
  std::string word = lower_case(single_spaced(text));
  const auto first = word.find_first_not_of(kAround);
  if (first == std::string::npos) return true;
  word = single_spaced(word.substr(first, word.find_last_not_of(kAround) - first + 1));
  if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return true;
  // One character again and again, or zeros with dashes: "xxxx", "0000-0000", "....".
  const bool one_alone = word.find_first_not_of(word.front()) == std::string::npos &&
                         std::string_view("x0.-_#?f,").find(word.front()) != std::string_view::npos;
  if (one_alone || word.find_first_not_of("0-. ") == std::string::npos) return true;
  return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&word](std::string_view one) { return word.starts_with(one); });
}

std::string told_text(std::string_view text) {
  return is_placeholder(text) ? std::string() : single_spaced(text);
}

}  // namespace capmap
