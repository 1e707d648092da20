#include "controller/http/event_ring.hpp"

#include <catch2/catch.hpp>

#include "controller/http/gzip_body.hpp"
#include "controller/http/watch_question.hpp"

using namespace capmap;

namespace {

LiveEvent event_of(std::string text) {
  return {.kind = EventKind::kNodeLost, .whole = std::move(text)};
}

}  // namespace

TEST_CASE("event ring: numbers grow by one, the newest are kept, and who is behind what is kept cannot go on") {
  EventRing ring(0xAB);
  CHECK(ring.newest() == 0);
  CHECK(ring.reaches(0));
  CHECK_FALSE(ring.reaches(1));
  for (std::size_t i = 0; i < EventRing::kMost + 10; ++i) ring.add(event_of("x"));
  CHECK(ring.size() == EventRing::kMost);
  CHECK(ring.newest() == EventRing::kMost + 10);
  CHECK(ring.at(11).number == 11);
  CHECK(ring.at(ring.newest()).event.whole == "id: 00000000000000ab-" + std::to_string(ring.newest()) + "\nevent: node.lost\ndata: x\n\n");
  CHECK(ring.reaches(10));
  CHECK_FALSE(ring.reaches(9));
  CHECK(ring.reaches(ring.newest()));
  ring.break_off();
  CHECK(ring.size() == 0);
  CHECK_FALSE(ring.reaches(ring.newest() - 1));
  CHECK(ring.reaches(ring.newest()));
}

TEST_CASE("event ring: its text is bounded whatever the events are") {
  EventRing ring(1);
  for (int i = 0; i < 100; ++i) ring.add(event_of(std::string(1 << 20, 'x')));
  CHECK(ring.bytes() <= EventRing::kMostBytes);
  CHECK(ring.size() == 7);
  CHECK(ring.newest() == 100);
}

TEST_CASE("event ring: an id is an epoch and a number, and nothing else") {
  CHECK(*parse_event_id("since", "00000000000000ab-12") == EventId{0xAB, 12});
  CHECK(to_text(EventId{0xAB, 12}) == "00000000000000ab-12");
  for (const char* bad :
       {"", "-", "12", "ab-", "-12", "ab-1x", "xy-1", "ab-99999999999999999999", "11111111111111111-1", "ab--1", " ab-1"}) {
    INFO(bad);
    CHECK(parse_event_id("since", bad).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("watched part: an event is told of by the ends that are seen, and by none where they are to be seen together") {
  const EventPlace here{.site = SiteId{{1}}, .region = "110108"}, there{.site = SiteId{{2}}, .region = "3205"};
  LiveEvent move{.kind = EventKind::kNodeMoved, .from = here, .to = there, .whole = "whole", .of_from = "from", .of_to = "to"};
  WatchedPart everything, eleven, site, both;
  eleven.scopes = {*make_scope({"11"}, {})};
  site.scopes = {*make_scope({}, {SiteId{{2}}})};
  both.scopes = {*make_scope({"11", "32"}, {})};
  CHECK(*told_text(move, everything) == "whole");
  CHECK(*told_text(move, both) == "whole");
  CHECK(*told_text(move, eleven) == "from");
  CHECK(*told_text(move, site) == "to");
  auto narrowed = both;
  narrowed.region = "32";
  CHECK(*told_text(move, narrowed) == "whole");
  narrowed.region = "31";
  CHECK(told_text(move, narrowed) == nullptr);
  auto reaching = eleven;
  reaching.site = SiteId{{2}};
  CHECK(told_text(move, reaching) == nullptr);
  move.of_from.clear();  // nothing is prepared for that end: it is not told by the whole
  CHECK(told_text(move, eleven) == nullptr);
  LiveEvent pair{.kind = EventKind::kDoubleFound, .from = here, .to = there, .together = true, .whole = "whole"};
  CHECK(*told_text(pair, everything) == "whole");
  CHECK(told_text(pair, eleven) == nullptr);
  CHECK(told_text(pair, site) == nullptr);
  pair.from.reset();  // a site that is not known is nobody's to see
  CHECK(told_text(pair, site) == nullptr);
  const LiveEvent nowhere{.kind = EventKind::kAlertFiring, .whole = "whole"};
  CHECK(*told_text(nowhere, everything) == "whole");
  CHECK(told_text(nowhere, both) == nullptr);
  WatchedPart asks;
  asks.region = "11";
  CHECK(told_text(nowhere, asks) == nullptr);
}

TEST_CASE("gzip: what a reader takes is read from Accept-Encoding") {
  for (const char* yes : {"gzip", "br, gzip", "deflate,gzip;q=0.001", "*", "x-gzip", " gzip ; q=1", "*;q=0.2, br"}) {
    INFO(yes);
    CHECK(takes_gzip(yes));
  }
  for (const char* no : {"", "br", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzipped", "gzip;q=0, *", ",,,", ";q=1"}) {
    INFO(no);
    CHECK_FALSE(takes_gzip(no));
  }
}
