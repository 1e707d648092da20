#include "common/log.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <catch2/catch.hpp>
#include <memory>
#include <sstream>
#include <string>

namespace capmap {
namespace {

/// What is logged while it lives, as "level text" lines.
class Captured {
 public:
  Captured() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%l %v");
    spdlog::set_default_logger(logger);
  }
  ~Captured() { spdlog::set_default_logger(before_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  std::string take() {
    auto text = text_.str();
    text_.str("");
    return text;
  }

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

TEST_CASE("log: quoted text stays on one line, is UTF-8 and is at most 300 bytes") {
  CHECK(log_quoted("plain") == "\"plain\"");
  CHECK(log_quoted("a\"b\\c\nd\te\x1b[0m") == R"("a\"b\\c\nd\te\x1b[0m")");
  CHECK(log_quoted("上海 é 😀") == "\"上海 é 😀\"");
  CHECK(log_quoted("\xc2\x9b|\xff|\xc0\xaf|\xed\xa0\x80|\xe4\xb8") == R"("\xc2\x9b|\xff|\xc0\xaf|\xed\xa0\x80|\xe4\xb8")");
  for (const char* unit : {"x", "海", "\n", "\xff"}) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += unit;
    const auto shown = log_quoted(text);
    CAPTURE(unit);
    CHECK(shown.size() <= 300);
    CHECK(shown.size() > 290);
    CHECK(shown.substr(shown.size() - 4) == "…\"");
  }
}

TEST_CASE("log: a state is said once a change") {
  Captured log;
  ChangeLog changes;
  CHECK_FALSE(changes.note("probe.gpu", ""));
  CHECK(changes.note("probe.gpu", "no driver"));
  CHECK_FALSE(changes.note("probe.gpu", "no driver"));
  CHECK(changes.note("uplink", "refused"));
  CHECK(log.take() == "warning probe_failing name=gpu what=\"no driver\"\nwarning failing name=uplink what=\"refused\"\n");
  CHECK(changes.note("probe.gpu", "hangs"));
  CHECK(changes.note("probe.gpu", ""));
  CHECK_FALSE(changes.note("probe.gpu", ""));
  CHECK(log.take() == "warning probe_failing name=gpu what=\"hangs\"\ninfo probe_recovered name=gpu\n");
}

TEST_CASE("log: a rate limit lets a burst through each minute and counts the rest") {
  RateLimit limit(2);
  std::uint64_t suppressed = 99;
  CHECK(limit.allow(1'000'000, suppressed));
  CHECK(limit.allow(1'000'001, suppressed));
  CHECK_FALSE(limit.allow(1'000'002, suppressed));
  CHECK_FALSE(limit.allow(1'059'999, suppressed));
  CHECK(limit.allow(1'060'001, suppressed));
  CHECK(suppressed == 2);
  CHECK(limit.allow(1'060'002, suppressed));
  CHECK(suppressed == 0);
}

TEST_CASE("log: an unknown level is refused with the known ones") {
  CHECK(start_log("loud").error() == Error{ErrorCode::kMalformed, "log.level: \"loud\" is none of trace, debug, info, warn, error"});
  CHECK(start_log("info"));
}

}  // namespace
}  // namespace capmap
