#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace capmap {

/// How often one key may connect: so many times at once, then once each kEveryMs. An agent connects once and stays; one whose network
/// comes and goes is let in again soon; and one key that is lost cannot take all descriptors in less than weeks. Pure; the zap thread's.
class Visits {
 public:
  static constexpr std::uint32_t kAtOnce = 8;
  static constexpr std::uint64_t kEveryMs = 30'000;

  bool take(std::uint64_t now_ms) {
    const auto now = static_cast<std::uint32_t>(now_ms / kEveryMs);
    left_ = static_cast<std::uint8_t>(std::min<std::uint64_t>(kAtOnce, std::uint64_t{left_} + (now - since_)));
    since_ = now;
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  std::uint32_t since_ = 0;  ///< in units of kEveryMs
  std::uint8_t left_ = kAtOnce;
};

/// Refused connections that still hold a descriptor: their peers are told nothing and mostly hang until their own deadline. One of ours
/// gives up after kHangMs; who hangs longer counts as a connection then. Pure; the zap thread's.
class Hanging {
 public:
  static constexpr std::uint64_t kHangMs = 30'000;
  static constexpr std::size_t kMost = 100'000;

  void refused(std::uint64_t now_ms) {
    if (at_ms_.size() < kMost) at_ms_.push_back(now_ms);
  }
  /// So many connections have ended; nobody tells whose. Refused ones are taken to have, as they do sooner or later: what is wrong with
  /// that is room that is given a little late, not room that is not there.
  void ended(std::uint64_t connections) {
    for (; connections > 0 && !at_ms_.empty(); --connections) at_ms_.pop_front();
  }
  std::uint64_t count(std::uint64_t now_ms) {
    while (!at_ms_.empty() && now_ms >= at_ms_.front() + kHangMs) at_ms_.pop_front();
    return at_ms_.size();
  }

 private:
  std::deque<std::uint64_t> at_ms_;
};

}  // namespace capmap
