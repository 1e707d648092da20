#pragma once
#include <bit>
#include <cstdint>
#include <optional>

namespace capmap {

/// A rate in one byte, for lists of devices: exact below 16, else rounded down to one of eight steps between powers of two (at most 12.5 %
/// too low). 255 = not known. Pure.
inline constexpr std::uint8_t kNoRate = 255;

constexpr std::uint8_t coarse_rate(std::optional<std::uint32_t> rate) {
  if (!rate) return kNoRate;
  const auto exponent = static_cast<unsigned>(std::bit_width(*rate));
  if (exponent <= 4) return static_cast<std::uint8_t>(*rate);
  return static_cast<std::uint8_t>(((exponent - 3) << 3U) | ((*rate >> (exponent - 4)) & 7U));
}

/// The rate a byte stands for; empty for kNoRate and for what no rate makes (over 239).
constexpr std::optional<std::uint32_t> rate_of_coarse(std::uint8_t code) {
  constexpr std::uint8_t kHighest = ((32 - 3) << 3U) | 7U;
  if (code > kHighest) return std::nullopt;
  if (code < 16) return code;
  return (8U | (code & 7U)) << ((code >> 3U) - 1);
}

static_assert(rate_of_coarse(coarse_rate(0)) == 0 && rate_of_coarse(coarse_rate(15)) == 15 && rate_of_coarse(coarse_rate(16)) == 16);
static_assert(rate_of_coarse(coarse_rate(1'000)) == 960 && coarse_rate(UINT32_MAX) == 239 && rate_of_coarse(239) == 0xF0000000U);

}  // namespace capmap
