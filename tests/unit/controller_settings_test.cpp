// What the controller refuses of its settings before anything starts.
#include <catch2/catch.hpp>

#include "controller/settings.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

/// Why the settings are refused; empty: they are not.
std::string refusal(const std::string& flag, const std::string& value) {
  std::string printed;
  const auto line = read_command_line({"--print-config", flag, value}, printed);
  if (!line) return line.error().what;
  CHECK_THAT(printed, Contains(value.empty() ? "=" : value));
  return {};
}

}  // namespace

TEST_CASE("controller settings: a word that no setting knows is refused with those it knows, also where settings are only printed") {
  CHECK_THAT(refusal("--http-anonymous", "maybe"), Contains("http.anonymous: \"maybe\" must be read or none"));
  CHECK_THAT(refusal("--log-level", "loud"), Contains("log.level: \"loud\" must be trace, debug, info, warn or error"));
  CHECK_THAT(refusal("--alerts-webhook-url", "ftp://x"), Contains("alerts.webhook_url: \"ftp://x\""));
  CHECK_THAT(refusal("--believe-declared", "x"), Contains("believe.declared: \"x\" must be beside or binding"));
  CHECK_THAT(refusal("--believe-contradicted", ""), Contains("believe.contradicted: \"\" must be count or exclude"));
  for (const char* word : {"read", "none", ""}) CHECK(refusal("--http-anonymous", word).empty());
  CHECK(refusal("--log-level", "trace").empty());
  CHECK(refusal("--alerts-webhook-url", "https://alerts.example/x").empty());
}

TEST_CASE("controller settings: an advertised host that no token could carry is refused") {
  for (const char* bad : {"a b", "127.0.0.1, other", ",", "[::1]", "host\n"}) {
    INFO(bad);
    CHECK_THAT(refusal("--advertise-host", bad), Contains("advertise") && !Contains("such flag"));
  }
  CHECK_THAT(refusal("--advertise-host", std::string(254, 'a')), Contains("at most 253 bytes"));
  for (const char* good : {"", "controller.example", "10.1.2.3,fe80::1%eth0,controller"}) CHECK(refusal("--advertise-host", good).empty());
}
