#pragma once
#include <algorithm>
#include <cstdint>

#include "common/ids.hpp"

namespace capmap {

/// How long a machine that was not let in waits until it asks again. A controller that is asked too much tells each machine its turn, and
/// that is kept to, for who comes earlier is sent away again; where nothing answers, or an admin has to say yes, it is asked less and less
/// often. Not all machines of a rack at the same moment. One machine's.
class JoinPace {
 public:
  static constexpr std::uint64_t kFirstMs = 2'000, kMaxMs = 300'000;

  /// After an answer that says so; told_s: when to ask again.
  [[nodiscard]] static std::uint64_t turn_ms(std::uint32_t told_s) {
    const std::uint64_t told_ms = std::uint64_t{told_s} * 1'000;
    return told_ms + random_u64() % (1'000 + told_ms / 10);
  }
  /// After no answer (told_s 0), or one that somebody has to approve.
  std::uint64_t next_ms(std::uint32_t told_s) {
    const auto wait_ms = std::max<std::uint64_t>(wait_ms_, std::uint64_t{told_s} * 1'000);
    wait_ms_ = std::min(kMaxMs, wait_ms + wait_ms / 2);
    return wait_ms / 2 + random_u64() % wait_ms;
  }

 private:
  std::uint64_t wait_ms_ = kFirstMs;
};

}  // namespace capmap
