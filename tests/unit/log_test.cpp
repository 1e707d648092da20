#include "common/log.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace capmap {
namespace {

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
  const LogCapture log;
  ChangeLog changes;
  CHECK_FALSE(changes.note("probe.gpu", ""));
  CHECK(changes.note("probe.gpu", "no driver"));
  CHECK_FALSE(changes.note("probe.gpu", "no driver"));
  CHECK(changes.note("uplink", "refused"));
  CHECK(changes.note("probe.gpu", "hangs"));
  CHECK(changes.note("probe.gpu", ""));
  CHECK_FALSE(changes.note("probe.gpu", ""));
  CHECK(log.text() ==
        "warn probe_failing name=gpu what=\"no driver\"\nwarn failing name=uplink what=refused\n"
        "warn probe_failing name=gpu what=hangs\ninfo probe_recovered name=gpu\n");
}

TEST_CASE("log: a rate limit lets a burst through each minute and counts the rest") {
  const LogCapture log;
  RateLimit limit(2);
  limit.warn(1'000'000, "a", {});
  limit.warn(1'000'001, "b", {{"n", 1}});
  limit.warn(1'000'002, "c", {});
  limit.warn(1'059'999, "d", {});
  limit.warn(1'060'001, "e", {});
  limit.warn(1'060'002, "f", {});
  CHECK(log.text() == "warn a\nwarn b n=1\nwarn e lines_left_out=2\nwarn f\n");
}

TEST_CASE("log: values are quoted only where a reader needs it, and never break the line") {
  const LogCapture log;
  log_info("connected", {{"controller", "tcp://[::1]:8471"}, {"n", std::int64_t{-5}}, {"empty", ""}, {"text", "two words"}});
  log_error("bad", {{"what", std::string("a\nb=\"c\"")}});
  log_event(LogLevel::kDebug, "not_shown");
  CHECK(log.text() ==
        "info connected controller=tcp://[::1]:8471 n=-5 empty=\"\" text=\"two words\"\n"
        "error bad what=\"a\\nb=\\\"c\\\"\"\n");
}

TEST_CASE("log: an unknown level is refused with the known ones") {
  CHECK(start_log("loud").error() == Error{ErrorCode::kMalformed, "log.level: \"loud\" is none of trace, debug, info, warn, error"});
  CHECK(start_log("info"));
}

}  // namespace
}  // namespace capmap
