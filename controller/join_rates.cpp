#include "controller/join_rates.hpp"

#include <algorithm>
#include <cstring>

#include "common/address_range.hpp"
#include "common/ids.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kOneMilli = 1'000;
constexpr std::uint64_t kSweepEveryMs = 1'000;

}  // namespace

std::size_t JoinRates::CallerHash::operator()(const Caller& caller) const {
  static const std::uint64_t seed = random_u64();  // who chooses addresses must not choose buckets
  std::uint64_t first = 0, second = 0;
  std::memcpy(&first, caller.data(), sizeof first);
  std::memcpy(&second, caller.data() + sizeof first, sizeof second);
  std::uint64_t mixed = (first ^ seed) * 0x9E3779B97F4A7C15ULL;
  mixed ^= (mixed >> 32U) ^ second;
  return static_cast<std::size_t>((mixed * 0xD6E8FEB86659FD93ULL) >> 7U);
}

void JoinRates::Allowance::refill(std::uint32_t a_s, std::uint64_t now_ms) {
  const std::uint64_t earned = (now_ms - std::min(at_ms, now_ms)) * a_s;  // requests a second are thousandths a millisecond
  used_milli -= std::min(used_milli, earned);
  waiting_milli -= std::min(waiting_milli, earned);
  at_ms = now_ms;
}

std::uint32_t JoinRates::Allowance::give_turn(std::uint32_t a_s) {
  const auto turn_s = kLeastTurnS + waiting_milli / kOneMilli / a_s;
  if (turn_s >= kMostTurnS) return kMostTurnS;
  waiting_milli += kOneMilli;
  return static_cast<std::uint32_t>(turn_s);
}

bool JoinRates::Allowance::take(std::uint32_t a_s, std::uint64_t now_ms) {
  refill(a_s, now_ms);
  if (used_milli + kOneMilli > std::uint64_t{a_s} * kSecondsAtOnce * kOneMilli) return false;
  used_milli += kOneMilli;
  return true;
}

JoinRates::Allowance& JoinRates::of(const Caller& caller, std::uint64_t now_ms) {
  const auto found = callers_.find(caller);
  if (found != callers_.end()) return found->second;
  if (callers_.size() >= kMostCallers && now_ms >= swept_ms_ + kSweepEveryMs) {
    swept_ms_ = now_ms;
    std::erase_if(callers_, [this, now_ms](const auto& entry) {
      Allowance now = entry.second;
      now.refill(per_address_, now_ms);
      return now.used_milli == 0 && now.waiting_milli == 0;  // as good as one never seen
    });
  }
  if (callers_.size() >= kMostCallers) return rest_;
  return callers_.try_emplace(caller, Allowance{.at_ms = now_ms}).first->second;
}

JoinRates::Answer JoinRates::take(std::string_view address, std::uint64_t now_ms) {
  auto& here = of(caller_of(address), now_ms);
  if (!here.take(per_address_, now_ms)) {
    turn_s_ = here.give_turn(per_address_);
    return Answer::kTooManyFromHere;
  }
  if (all_.take(total_, now_ms)) return Answer::kTake;
  turn_s_ = all_.give_turn(total_);
  return Answer::kTooMany;
}

}  // namespace capmap
