#include "controller/store/fixed_point.hpp"

#include <algorithm>
#include <charconv>

namespace capmap {
namespace {

constexpr std::size_t kMostWhole = 12;

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::int64_t power_of_ten(unsigned places) {
  std::int64_t power = 1;
  for (unsigned i = 0; i < places; ++i) power *= 10;
  return power;
}

}  // namespace

std::optional<std::int64_t> parse_fixed(std::string_view text, unsigned places) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  auto rest = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (point != std::string_view::npos && rest.empty()) return std::nullopt;
  while (rest.size() > places && rest.ends_with('0')) rest.remove_suffix(1);
  if (whole.empty() || whole.size() > kMostWhole || rest.size() > places || !all_digits(whole) || !all_digits(rest)) return std::nullopt;
  std::string digits(whole);
  digits += rest;
  digits.append(places - rest.size(), '0');
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  return negative ? -value : value;
}

std::string fixed_text(std::int64_t value, unsigned places) {
  const auto unit = power_of_ten(places);
  const auto size = value < 0 ? -value : value;
  auto rest = std::to_string(size % unit);
  rest.insert(0, places - std::min<std::size_t>(places, rest.size()), '0');
  while (rest.ends_with('0')) rest.pop_back();
  return (value < 0 ? "-" : "") + std::to_string(size / unit) + (rest.empty() ? "" : "." + rest);
}

}  // namespace capmap
