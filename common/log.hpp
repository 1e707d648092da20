#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// Log to stderr, one line an event: `2026-11-22T21:00:00.123Z warn probe_failing name=gpu what="no driver"`. Call once, in main.
/// Level: trace, debug, info, warn, error. Errors: kMalformed (unknown level, lists the known ones).
Result<Done> start_log(std::string_view level);

bool is_log_level(std::string_view word);

enum class LogLevel : unsigned char { kTrace, kDebug, kInfo, kWarn, kError };

/// A text or a whole number. Holds on to the text of others: made and used within one call.
class LogValue {
 public:
  LogValue(std::string_view text) : text_(text) {}    // NOLINT(google-explicit-constructor): so that fields read as {"key", value}
  LogValue(const std::string& text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  LogValue(const char* text) : text_(text) {}         // NOLINT(google-explicit-constructor)
  template <std::integral Number>
  LogValue(Number number) : digits_(std::to_string(number)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] std::string_view text() const { return digits_.empty() ? text_ : digits_; }

 private:
  std::string_view text_;
  std::string digits_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

/// One event with its facts. `name` and keys are ours, snake_case; values may be anybody's: they are quoted and cut where they must be.
/// Any thread; never fails.
void log_event(LogLevel level, std::string_view name, LogFields fields = {});
inline void log_info(std::string_view name, LogFields fields = {}) {
  log_event(LogLevel::kInfo, name, fields);
}
inline void log_warn(std::string_view name, LogFields fields = {}) {
  log_event(LogLevel::kWarn, name, fields);
}
inline void log_error(std::string_view name, LogFields fields = {}) {
  log_event(LogLevel::kError, name, fields);
}

/// "value" safe on one line: quotes and control characters escaped, at most 300 bytes.
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

/// Lets `burst` warnings through a minute for one kind of trouble by peers, then counts and says how many were left out. One thread.
class RateLimit {
 public:
  explicit RateLimit(std::uint32_t burst) : burst_(burst) {}
  /// log_warn with lines_left_out behind the fields, or silence.
  void warn(std::uint64_t now_ms, std::string_view name, LogFields fields);

 private:
  std::uint32_t burst_;
  std::uint32_t used_ = 0;
  std::uint64_t window_ms_ = 0, left_out_ = 0;
};

/// What is logged while it lives goes here instead of stderr, as lines "level text": for tests. One at a time.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  /// All lines so far. Only when no other thread logs any more.
  [[nodiscard]] std::string text() const;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace capmap
