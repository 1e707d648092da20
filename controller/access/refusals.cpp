#include "controller/access/refusals.hpp"

#include <utility>

namespace capmap {

std::optional<AuditEntry> Refusals::note(AuditEntry refused, std::uint64_t now_ms) {
  if (now_ms >= since_ms_ + kMinuteMs && uncounted_ == 0) {
    since_ms_ = now_ms;
    lines_ = 0;
  }
  if (lines_ >= most_) {
    ++uncounted_;
    last_who_ = std::move(refused.who);
    last_origin_ = std::move(refused.origin);
    return std::nullopt;
  }
  ++lines_;
  return refused;
}

void Refusals::lost(std::uint64_t now_ms) {
  if (uncounted_ == 0 && now_ms >= since_ms_ + kMinuteMs) since_ms_ = now_ms;
  ++uncounted_;
}

std::optional<AuditEntry> Refusals::rest(std::uint64_t now_ms, std::uint64_t now_unix_ms) {
  if (uncounted_ == 0 || now_ms < since_ms_ + kMinuteMs) return std::nullopt;
  AuditEntry line{.at_unix_ms = now_unix_ms, .who = last_who_, .what = "refused_more", .subject = {}, .detail = {}, .origin = last_origin_};
  line.detail = std::to_string(uncounted_) + " more attempts were refused within a minute; who and where are of the last one";
  uncounted_ = 0;
  lines_ = 0;
  since_ms_ = now_ms;
  return line;
}

}  // namespace capmap
