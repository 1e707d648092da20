#define SPDLOG_FMT_EXTERNAL
#define FMT_HEADER_ONLY
#include "common/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <sstream>
#include <utility>

namespace capmap {
namespace {

constexpr std::size_t kMaxQuotedBytes = 300;
constexpr std::uint64_t kWindowMs = 60'000;
/// In the order of LogLevel.
constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 5> kLevels = {{
    {"trace", spdlog::level::trace},
    {"debug", spdlog::level::debug},
    {"info", spdlog::level::info},
    {"warn", spdlog::level::warn},
    {"error", spdlog::level::err},
}};

std::string_view level_word(spdlog::level::level_enum level) {
  for (const auto& [word, value] : kLevels) {
    if (value == level) return word;
  }
  return "error";
}

/// Our own words for levels: spdlog would say "warning".
class LevelWord final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto word = level_word(message.level);
    out.append(word.data(), word.data() + word.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelWord>(); }
};

/// Bytes of the well-formed UTF-8 character at the start of text that a terminal shows as it stands; 0 when it must be escaped.
std::size_t printable_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= 0x20 && first != 0x7f && first != '"' && first != '\\' ? 1 : 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool control = first == 0xc2 && second < 0xa0;
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool no_character = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
  return control || overlong || no_character ? 0 : size;
}

std::string escaped(char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\t': return "\\t";
    default: return {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]};
  }
}

/// A word of letters, digits and what stands in names, numbers, paths and addresses needs no quotes.
bool needs_quotes(std::string_view text) {
  static constexpr std::string_view kPlain = "_-+.,:;/@%#*()[]";
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kPlain.find(c) != std::string_view::npos;
  };
  return text.empty() || text.size() > kMaxQuotedBytes || !std::all_of(text.begin(), text.end(), plain);
}

std::string line_of(std::string_view name, std::span<const LogField> fields) {
  std::string line(name);
  for (const auto& [key, value] : fields) {
    const auto text = value.text();
    line.append(" ").append(key).append("=").append(needs_quotes(text) ? log_quoted(text) : std::string(text));
  }
  return line;
}

}  // namespace

bool is_log_level(std::string_view word) {
  return std::ranges::any_of(kLevels, [word](const auto& level) { return level.first == word; });
}

Result<Done> start_log(std::string_view level) {
  for (const auto& [word, value] : kLevels) {
    if (word != level) continue;
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<LevelWord>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %* %v");
    auto logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(std::move(formatter));
    logger->set_level(value);
    spdlog::set_default_logger(std::move(logger));
    return Done{};
  }
  return Error{ErrorCode::kMalformed, "log.level: " + log_quoted(level) + " is none of trace, debug, info, warn, error"};
}

std::string log_quoted(std::string_view text) {
  constexpr std::string_view kCut = "…\"";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t plain = printable_bytes(text.substr(i));
    const std::string piece = plain > 0 ? std::string(text.substr(i, plain)) : escaped(text[i]);
    if (out.size() + piece.size() + kCut.size() > kMaxQuotedBytes) {
      out += kCut;
      return out;
    }
    out += piece;
    i += plain > 0 ? plain : 1;
  }
  out += '"';
  return out;
}

void log_event(LogLevel level, std::string_view name, LogFields fields) {
  const auto at = kLevels[static_cast<std::size_t>(level)].second;
  auto* logger = spdlog::default_logger_raw();
  if (logger->should_log(at)) logger->log(at, spdlog::string_view_t(line_of(name, {fields.begin(), fields.size()})));
}

bool ChangeLog::note(const std::string& name, std::string_view problem) {
  const auto found = failing_.find(name);
  const bool known = found != failing_.end();
  if (known ? found->second == problem : problem.empty()) return false;
  const auto dot = name.find('.');
  const std::string area = dot == std::string::npos ? "" : name.substr(0, dot) + "_";
  const std::string who = dot == std::string::npos ? name : name.substr(dot + 1);
  if (problem.empty()) {
    failing_.erase(found);
    log_info(area + "recovered", {{"name", who}});
  } else {
    failing_[name] = problem;
    log_warn(area + "failing", {{"name", who}, {"what", problem}});
  }
  return true;
}

void RateLimit::warn(std::uint64_t now_ms, std::string_view name, LogFields fields) {
  if (now_ms - window_ms_ >= kWindowMs) {
    window_ms_ = now_ms;
    used_ = 0;
  }
  if (used_ >= burst_) {
    ++left_out_;
    return;
  }
  ++used_;
  std::string line = line_of(name, {fields.begin(), fields.size()});
  if (left_out_ > 0) line += " lines_left_out=" + std::to_string(std::exchange(left_out_, 0));
  spdlog::default_logger_raw()->log(spdlog::level::warn, spdlog::string_view_t(line));
}

struct LogCapture::Kept {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> before;
};

LogCapture::LogCapture() : kept_(std::make_unique<Kept>()) {
  kept_->before = spdlog::default_logger();
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelWord>('*').set_pattern("%* %v");
  auto logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(kept_->text));
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

LogCapture::~LogCapture() {
  spdlog::set_default_logger(kept_->before);
}

std::string LogCapture::text() const {
  return kept_->text.str();
}

}  // namespace capmap
