#include "controller/map/liveness.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::uint64_t kFreshSlackMs = 5'000;
constexpr std::uint64_t kShortestTtlMs = 60'000;
}  // namespace

LivenessLimits LivenessLimits::of_interval(std::uint32_t interval_ms) {
  return {.fresh_ms = 2 * std::uint64_t{interval_ms} + kFreshSlackMs, .ttl_ms = std::max(6 * std::uint64_t{interval_ms}, kShortestTtlMs)};
}

Liveness LivenessLimits::of_age(std::uint64_t age_ms) const {
  if (age_ms <= fresh_ms) return Liveness::kFresh;
  return age_ms <= ttl_ms ? Liveness::kStale : Liveness::kLost;
}

std::optional<std::size_t> DueTimes::take(std::uint64_t now_ms) {
  for (std::size_t looked = 0; looked < due_.size(); ++looked) {
    if (next_ >= due_.size()) next_ = 0;
    const auto block = next_++;
    if (due_[block] > now_ms) continue;
    due_[block] = kNever;
    return block;
  }
  return std::nullopt;
}

}  // namespace capmap
