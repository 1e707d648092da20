#pragma once
#include <cstdint>
#include <limits>
#include <optional>

namespace capmap {

/// A value as the wire carries it; empty when it does not fit, for a wrong number is worse than none.
inline std::optional<std::uint32_t> to_u32(std::uint64_t value) {
  if (value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

/// What a counter grew by; empty when it went backwards (reset, replaced device), for the growth is not known then.
inline std::optional<std::uint64_t> growth(std::uint64_t before, std::uint64_t after) {
  if (after < before) return std::nullopt;
  return after - before;
}

/// growth * scale / elapsed_ms: with scale 1 the unit's thousands a second. Empty when no time went by or it does not fit.
inline std::optional<std::uint32_t> rate_of(std::uint64_t grown, std::uint64_t scale, std::uint64_t elapsed_ms) {
  if (elapsed_ms == 0 || grown > std::numeric_limits<std::uint64_t>::max() / scale) return std::nullopt;
  return to_u32(grown * scale / elapsed_ms);
}

}  // namespace capmap
