#include "controller/sql/key_value.hpp"

#include <charconv>
#include <functional>

namespace capmap {

std::uint64_t key_of(double number) {
  return std::hash<double>{}(number == 0 ? 0 : number);  // -0 is 0
}

/// As SQLite reads numbers in texts: blanks around them do not count.
std::uint64_t key_of(std::string_view text) {
  auto number = text;
  const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!number.empty() && is_blank(number.front())) number.remove_prefix(1);
  while (!number.empty() && is_blank(number.back())) number.remove_suffix(1);
  if (number.starts_with('+')) number.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool whole_text = error != std::errc::invalid_argument && end == number.data() + number.size();
  // Further digits and words of infinity differ from SQLite's; texts such as ids begin with neither.
  if (whole_text && !number.empty() &&
      (number.front() == '-' || number.front() == '.' || (number.front() >= '0' && number.front() <= '9'))) {
    return key_of(value);
  }
  return std::hash<std::string_view>{}(text);
}

}  // namespace capmap
