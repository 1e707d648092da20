#include "controller/ack_pace.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace capmap {
namespace {

constexpr std::array<std::uint64_t, 6> kTenths = {10, 15, 22, 34, 50, 60};  ///< of the given interval, [step]
constexpr std::uint64_t kLongestMs = 3'600'000;

}  // namespace

std::uint32_t AckPace::interval_ms() const {
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(given_ms_, std::min(given_ms_ * kTenths[step_] / 10, kLongestMs)));
}

bool AckPace::look(std::uint64_t now_ms) {
  if (now_ms < looked_ms_ + kLookMs) return false;
  looked_ms_ = now_ms;
  lag_ms_ = std::exchange(worst_ms_, 0);
  const bool dropped = std::exchange(dropped_, false);
  looks_behind_ = lag_ms_ >= kBehindMs || dropped ? looks_behind_ + 1 : 0;
  if (lag_ms_ >= kCalmMs || dropped) calm_since_ms_ = now_ms;
  const auto before = interval_ms();
  if (looks_behind_ >= kLooksBehind && step_ + 1 < kTenths.size() && now_ms >= changed_ms_ + before) {
    ++step_;  // what it does is seen one interval later
  } else if (step_ > 0 && now_ms >= std::max(calm_since_ms_, changed_ms_) + std::uint64_t{kCalmIntervals} * before) {
    --step_;
  } else {
    return false;
  }
  changed_ms_ = now_ms;
  return interval_ms() != before;
}

}  // namespace capmap
