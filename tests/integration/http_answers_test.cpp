// Answers that are kept for who asks the same of the same view, over the real http thread.
#include <catch2/catch.hpp>

#include "controller/http/answer_memory.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/scoped_world.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

std::uint64_t reused(const HttpWorld& world) {
  const auto text = get(world.port, "/metrics").body;
  const std::string name = "\ncapmap_http_answers_reused_total ";
  const auto at = text.find(name);
  REQUIRE(at != std::string::npos);
  return std::stoull(text.substr(at + name.size()));
}

std::uint64_t age_ms(const HttpWorld& world, const std::string& target) {
  return body_of(get(world.port, target))["age_ms"];
}

}  // namespace

TEST_CASE("http answers: what follows from the view is made once for all who ask it within a quarter of a second") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  for (const char* target :
       {"/v1/map?group_by=region", "/v1/sites", "/v1/hardware", "/v1/find?accelerators=1", "/v1/bulletin", "/v1/imbalance/use"}) {
    INFO(target);
    const auto before = reused(world);
    const auto first = get(world.port, target), again = get(world.port, target);
    REQUIRE(first.status == 200);
    CHECK(again.status == 200);
    CHECK(again.body == first.body);
    CHECK(again.headers.at("Content-Type") == first.headers.at("Content-Type"));
    CHECK(reused(world) == before + 1);
  }
}

TEST_CASE("http answers: a kept answer is gone with its view, and after a quarter of a second") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  CHECK(age_ms(world, "/v1/map") == 0);
  world.clock.advance_ms(AnswerMemory::kMostAgeMs);
  CHECK(age_ms(world, "/v1/map") == 0);
  world.clock.advance_ms(1);
  CHECK(age_ms(world, "/v1/map") == AnswerMemory::kMostAgeMs + 1);
  auto next = small_view(world.clock.boot_ms());
  next->revision = 42;
  world.view.publish(next);
  CHECK(body_of(get(world.port, "/v1/map"))["revision"] == 42);
  CHECK(reused(world) == 1);
}

TEST_CASE("http answers: who asks for another thing, in another form or with another right gets their own") {
  ScopedWorld world({.regions = {"11"}, .sites = {}});
  const auto everything = get(world.http.port, "/v1/map");
  const auto theirs = world.read("/v1/map");
  CHECK(theirs.contains("scope"));
  CHECK_FALSE(body_of(everything).contains("scope"));
  CHECK(body_of(everything)["total"]["nodes"] != theirs["total"]["nodes"]);
  const auto columns = get(world.http.port, "/v1/map", "Accept: application/vnd.capmap.columns\r\n");
  CHECK(columns.body != everything.body);
  CHECK(body_of(get(world.http.port, "/v1/sites"))["coordinates"] == "tenths of a degree");
  const auto admin = get(world.http.port, "/v1/sites", std::string("Authorization: Bearer ") + kAdminToken + "\r\n");
  CHECK(body_of(admin)["coordinates"] == "exact");
  CHECK(reused(world.http) == 0);
  world.give({.regions = {"33"}, .sites = {}});
  CHECK(world.read("/v1/map")["scope"] != theirs["scope"]);
  CHECK(reused(world.http) == 0);
}

TEST_CASE("http answers: a kept answer that the asker has already is 304, and one without a tag is not") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto first = get(world.port, "/v1/map");
  const auto etag = first.headers.at("ETag");
  REQUIRE_FALSE(etag.empty());
  const auto same = get(world.port, "/v1/map", "If-None-Match: " + etag + "\r\n");
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(same.headers.at("ETag") == etag);
  CHECK(get(world.port, "/v1/map", "If-None-Match: \"other\"\r\n").body == first.body);
  get(world.port, "/v1/bulletin");
  CHECK(get(world.port, "/v1/bulletin", "If-None-Match: *\r\n").status == 200);
  CHECK(reused(world) == 3);
}

TEST_CASE("http answers: a refusal is not kept, nor is what a 304 was; more questions than are kept drop the others") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  for (int i = 0; i < 2; ++i) CHECK(get(world.port, "/v1/map?filter=nonsense").status == 400);
  const auto etag = get(world.port, "/v1/map?limit=9").headers.at("ETag");
  CHECK(get(world.port, "/v1/map?limit=8", "If-None-Match: " + etag + "\r\n").status == 304);
  CHECK(get(world.port, "/v1/map?limit=8").status == 200);
  CHECK(reused(world) == 0);
  for (std::size_t limit = 1; limit <= 2 * AnswerMemory::kMostAnswers; ++limit) {
    CHECK(get(world.port, "/v1/map?limit=" + std::to_string(limit + 10)).status == 200);
  }
  CHECK(reused(world) == 0);
  CHECK(get(world.port, "/v1/map?limit=" + std::to_string(2 * AnswerMemory::kMostAnswers + 10)).status == 200);
  CHECK(reused(world) == 1);
}
