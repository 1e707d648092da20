#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace capmap {

/// So many requests to join each second, from one address and from all together; four seconds' worth may come at once. An IPv6 address
/// counts with its /64. Who is sent away is given a turn: as many a second as may come, one after the other. Pure; the enrol thread's.
class JoinRates {
 public:
  static constexpr std::uint32_t kSecondsAtOnce = 4;
  /// Callers that are remembered at a time; when all of these are busy, further ones share one allowance.
  static constexpr std::size_t kMostCallers = 65'536;
  /// Turns that are given out lie so near and so far at most; with more who ask some are sent away twice.
  static constexpr std::uint32_t kLeastTurnS = 1, kMostTurnS = 120;

  enum class Answer : unsigned char { kTake, kTooManyFromHere, kTooMany };

  JoinRates(std::uint32_t per_address_a_s, std::uint32_t total_a_s) : per_address_(per_address_a_s), total_(total_a_s) {}

  Answer take(std::string_view address, std::uint64_t now_ms);
  /// After a refusal: in so many seconds it is its turn.
  [[nodiscard]] std::uint32_t turn_s() const { return turn_s_; }
  [[nodiscard]] std::size_t callers() const { return callers_.size(); }

 private:
  using Caller = std::array<std::uint8_t, 16>;
  struct CallerHash {
    std::size_t operator()(const Caller& caller) const;
  };
  /// Thousandths of a request that are left; full at first.
  struct Allowance {
    std::uint64_t used_milli = 0, at_ms = 0;
    std::uint64_t waiting_milli = 0;  ///< sent away, and their turn is still to come
    bool take(std::uint32_t a_s, std::uint64_t now_ms);
    void refill(std::uint32_t a_s, std::uint64_t now_ms);
    std::uint32_t give_turn(std::uint32_t a_s);
  };
  Allowance& of(const Caller& caller, std::uint64_t now_ms);

  std::uint32_t per_address_, total_;
  Allowance all_, rest_;
  std::unordered_map<Caller, Allowance, CallerHash> callers_;
  std::uint64_t swept_ms_ = 0;
  std::uint32_t turn_s_ = kLeastTurnS;
};

}  // namespace capmap
