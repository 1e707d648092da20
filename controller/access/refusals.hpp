#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "controller/access/audit_chain.hpp"

namespace capmap {

/// Refused attempts on their way to the audit: each is a line of its own until there are too many within a minute; the rest of that minute
/// is counted and told in one line, so that nobody fills the disk by being refused. Used by one thread.
class Refusals {
 public:
  explicit Refusals(std::uint32_t lines_a_minute = 60) : most_(lines_a_minute) {}
  /// The line to write now, if any.
  std::optional<AuditEntry> note(AuditEntry refused, std::uint64_t now_ms);
  /// What a minute that is over left uncounted, if anything.
  std::optional<AuditEntry> rest(std::uint64_t now_ms, std::uint64_t now_unix_ms);
  /// A line that note() gave could not be written.
  void lost(std::uint64_t now_ms);

 private:
  static constexpr std::uint64_t kMinuteMs = 60'000;
  std::uint32_t most_;
  std::uint32_t lines_ = 0;
  std::uint64_t uncounted_ = 0, since_ms_ = 0;
  std::string last_who_, last_origin_;
};

}  // namespace capmap
