#include "common/key_change.hpp"

#include <algorithm>
#include <utility>

#include "common/ids.hpp"
#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kAgainMs = 60'000;       ///< an offer without an answer
constexpr std::uint64_t kRefusedMs = 3'600'000;  ///< after one that was refused, or that could not be made
constexpr std::uint64_t kAskedSpreadMs = 5'000;  ///< all of a fleet may be asked at once
constexpr std::uint64_t kOverdueSpreadMs = 600'000;

}  // namespace

KeyChange::KeyChange(KeyRing ring, std::uint64_t max_age_ms, std::uint64_t now_ms, std::uint64_t now_unix_ms)
    : ring_(std::move(ring)), max_age_ms_(max_age_ms) {
  plan(now_ms, now_unix_ms);
}

/// Keys of machines that were set up together do not fall due together: the last tenth of the age is spread.
void KeyChange::plan(std::uint64_t now_ms, std::uint64_t now_unix_ms) {
  due_ms_ = UINT64_MAX;
  if (!ring_.next_public_key().empty()) due_ms_ = now_ms;  // begun before
  if (max_age_ms_ == 0 || due_ms_ == now_ms) return;
  const auto age_ms = ring_.age_ms(now_unix_ms);
  const auto due_age_ms = max_age_ms_ - random_u64() % std::max<std::uint64_t>(max_age_ms_ / 10, 1);
  const auto left_ms = due_age_ms > age_ms ? due_age_ms - age_ms : random_u64() % std::min(kOverdueSpreadMs, max_age_ms_);
  due_ms_ = now_ms + left_ms;
}

std::optional<KeyOffer> KeyChange::offer(std::uint64_t now_ms) {
  due_ms_ = now_ms + kAgainMs / 2 + random_u64() % kAgainMs;
  if (auto prepared = ring_.prepare_next(); !prepared) {
    log_warn("key_not_changed", {{"what", prepared.error().what}});
    due_ms_ = now_ms + kRefusedMs;
    return std::nullopt;
  }
  return KeyOffer{.next_public_key = ring_.next_public_key()};
}

bool KeyChange::take(const KeyNews& news, std::uint64_t now_ms) {
  if (news.rotate) due_ms_ = std::min(due_ms_, now_ms + random_u64() % kAskedSpreadMs);
  if (!news.refused.empty()) {
    log_warn("key_not_changed", {{"what", "the controller refuses the next one: " + news.refused}});
    if (auto dropped = ring_.drop_next(); !dropped) log_warn("key_not_dropped", {{"what", dropped.error().what}});
    due_ms_ = now_ms + kRefusedMs;
  }
  if (news.kept_key.empty() || news.kept_key != ring_.next_public_key() || ring_.uses_next()) return false;
  ring_.use_next();
  due_ms_ = UINT64_MAX;
  return true;
}

void KeyChange::answered(std::uint64_t now_ms, std::uint64_t now_unix_ms) {
  refusals_ = 0;
  const auto confirmed = ring_.confirm();
  if (!confirmed) return log_warn("key_not_kept", {{"what", confirmed.error().what}, {"until", "tried again with the next answer"}});
  if (!*confirmed) return;
  log_info("key_changed", {{"public_key", ring_.in_use().public_key}});
  plan(now_ms, now_unix_ms);
}

void KeyChange::refused() {
  if (++refusals_ % 2 == 0) ring_.try_another();
}

}  // namespace capmap
