#include <catch2/catch.hpp>

#include "controller/ctl/event_text.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

constexpr const char* kStream =
    "retry: 3000\n\nid: ab-1\nevent: snapshot\ndata: {\"kind\":\"snapshot\",\"at\":\"t\",\"totals\":{\"nodes\":5,\"power_watts\":null}}\n\n"
    ": ping\n\nid: ab-2\r\nevent: node.lost\r\ndata: "
    "{\"at\":\"t2\",\"node\":\"n-1\",\"site_name\":\"beijing\",\"from\":{\"liveness\":\"stale\"},\r\n"
    "data: \"to\":{\"liveness\":\"lost\"}}\r\n\r\nevent: end\ndata: {\"why\":\"stop\"}\n\n";

}  // namespace

TEST_CASE("ctl events: a stream is taken apart the same way in whatever portions it comes") {
  for (std::size_t portion = 1; portion < 40; ++portion) {
    StreamReader reader;
    std::vector<StreamMessage> all;
    const std::string text = kStream;
    for (std::size_t at = 0; at < text.size(); at += portion) {
      const auto some = reader.take(std::string_view(text).substr(at, portion));
      REQUIRE(some);
      all.insert(all.end(), some->begin(), some->end());
    }
    REQUIRE(all.size() == 3);
    CHECK(all[0].id == "ab-1");
    CHECK(all[1].kind == "node.lost");
    CHECK(all[2].id == "ab-2");  // an end has no id of its own: the one before stands
    CHECK(event_line(all[0]) == "t  snapshot        nodes 5, power_watts unknown");
    CHECK(event_line(all[1]) == "t2  node.lost       n-1 at beijing  stale → lost");
    CHECK(event_line(all[2]) == "-- the controller ended it: stop");
  }
}

TEST_CASE("ctl events: a message without end is refused, and what is no JSON is no line") {
  StreamReader reader;
  const std::string much(100'000, 'x');
  Result<std::vector<StreamMessage>> taken = std::vector<StreamMessage>();
  for (int i = 0; i < 20 && taken; ++i) taken = reader.take(much);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == ErrorCode::kFull);
  CHECK(event_line({.id = "", .kind = "node.lost", .data = "{"}).empty());
  CHECK_THAT(event_line({.id = "", .kind = "resync", .data = R"({"why":"much"})"}), Contains("gap: much"));
  CHECK_THAT(event_line({.id = "", .kind = "new.kind", .data = R"({"a":1})"}), Contains(R"({"a":1})"));
}
