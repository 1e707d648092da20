#pragma once
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include "controller/http/bulletin.hpp"

namespace capmap {

/// Three significant digits with the decimal prefix that keeps them in front of the point: 1.58 "E", 12.3 "P".
inline std::string with_prefix(double value, const char* unit) {
  static constexpr std::array<const char*, 7> kPrefixes = {"", "k", "M", "G", "T", "P", "E"};
  std::size_t prefix = 0;
  while (value >= 999.5 && prefix + 1 < kPrefixes.size()) {
    value /= 1'000;
    ++prefix;
  }
  const int digits = value >= 99.95 || value == std::floor(value) ? 0 : value >= 9.995 ? 1 : 2;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f %s%s", digits, value, kPrefixes[prefix], unit);
  return text.data();
}

inline BulletinCell text_cell(std::string text) {
  return {.text = text, .raw = std::move(text)};
}
inline BulletinCell unknown_cell() {
  return {.text = "–", .raw = {}};
}
inline BulletinCell count_cell(std::uint64_t count) {
  std::string raw = std::to_string(count), text = raw;
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return {.text = std::move(text), .raw = std::move(raw)};
}
/// A rate in MFLOP/s or MOP/s; absent: nothing of it is known.
inline BulletinCell rate_cell(bool known, U128 mflops, bool integers = false) {
  if (!known) return unknown_cell();
  return {.text = with_prefix(static_cast<double>(mflops) * 1e6, integers ? "OP/s" : "FLOP/s"), .raw = decimal(mflops)};
}
inline BulletinCell bytes_cell(U128 bytes) {
  return {.text = with_prefix(static_cast<double>(bytes), "B"), .raw = decimal(bytes)};
}
inline BulletinCell share_cell(const std::optional<std::uint32_t>& permille) {
  if (!permille) return unknown_cell();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", *permille / 10.0);
  return {.text = text.data(), .raw = std::to_string(*permille)};
}
/// Part of a whole, permille; absent where there is no whole.
inline std::optional<std::uint32_t> permille_of(U128 part, U128 whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<std::uint32_t>((part * 1'000 + whole / 2) / whole);
}

}  // namespace capmap
