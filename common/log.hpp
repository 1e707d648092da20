#pragma once
#include <spdlog/spdlog.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// Log to stderr, one line an event: `2026-11-22T21:00:00.123Z warn probe_failing name=gpu what="…"`. Call once, in main.
/// Level: trace, debug, info, warn, error. Errors: kMalformed (unknown level, lists the known ones).
Result<Done> start_log(std::string_view level);

/// key="value" safe on one line: quotes and control characters escaped, at most 300 bytes.
std::string log_quoted(std::string_view text);

/// Says a state once when it changes: `failing` on the first problem or a different one, `recovered` when it ends. One thread.
/// A name with a dot tells its area: "probe.gpu" logs `probe_failing name=gpu what="…"`, "uplink" logs `failing name=uplink …`.
class ChangeLog {
 public:
  /// Empty problem = all is well. Returns true when a line was written.
  bool note(const std::string& name, std::string_view problem);

 private:
  std::map<std::string, std::string> failing_;
};

/// Lets `burst` lines through a minute for one kind of trouble by peers, then counts and says how many were left out. One thread.
class RateLimit {
 public:
  explicit RateLimit(std::uint32_t burst) : burst_(burst) {}
  /// True when a line may be written now; `suppressed` gets how many were not since the last one.
  bool allow(std::uint64_t now_ms, std::uint64_t& suppressed);

 private:
  std::uint32_t burst_;
  std::uint32_t used_ = 0;
  std::uint64_t window_ms_ = 0, left_out_ = 0;
};

}  // namespace capmap
