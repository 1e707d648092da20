#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/time_text.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

std::string moment(const HttpWorld& world) {
  return rfc3339_text(world.clock.unix_ms());
}

/// The view as it is now, with so many nodes in the cell of three.
void publish(HttpWorld& world, std::uint32_t nodes, std::uint64_t revision) {
  auto view = small_view(world.clock.boot_ms());
  view->revision = revision;
  auto cells = view->cells.ordered();
  view->cells = {};
  for (auto& cell : cells) {
    if (cell.key.liveness == Liveness::kFresh && cell.key.hardware == 1) cell.nodes = nodes;
    view->cells.push_back(cell);
  }
  world.view.publish(view);
}

/// Until the history thread has looked at what was published last.
void let_look(HttpWorld& world, double looks) {
  REQUIRE(soon([&] {
    world.clock.advance_ms(1'000);
    const auto metrics = world.history_metrics.take();
    if (!metrics) return false;
    for (const auto& metric : *metrics) {
      if (metric.name == "capmap_history_changed_cells_total" && metric.value >= looks) return true;
    }
    return false;
  }));
}

}  // namespace

TEST_CASE("http: the map as it was, by every dimension of cells, and what history cannot tell") {
  const TemporaryFolder folder;
  std::string first, second;
  {
    HttpWorld world(kAdminToken, "127.0.0.1", folder.path());
    publish(world, 3, 1);
    REQUIRE(soon([&world] {
      world.clock.advance_ms(1'000);
      return !body_of(get(world.port, "/v1/history/spans"))["spans"].empty();
    }));
    first = moment(world);
    world.clock.advance_ms(1);
    publish(world, 9, 2);
    let_look(world, 1);
    second = moment(world);

    const auto then = body_of(get(world.port, "/v1/map?by=site&at=" + first));
    const auto now = body_of(get(world.port, "/v1/map?by=site&at=" + second));
    CHECK(then["total"]["nodes"]["installed"] == 5);
    CHECK(now["total"]["nodes"]["installed"] == 11);
    CHECK(then["as_of"].get<std::string>() <= first);
    CHECK(then["hole"].is_null());
    CHECK(then["groups"].size() == 2);
    CHECK(then["total"]["accelerators"]["installed"] == 4 * 8);
    CHECK(then["total"]["accelerators"]["used"].is_null());
    CHECK(then["total"]["cpu"]["cores"] == 4 * 48);
    CHECK(then["total"]["cpu"]["busy_millicores"].is_null());
    CHECK(then["total"]["age_ms"].is_null());
    CHECK(then["total"]["storage"]["shared"]["file_systems"].is_null());
    CHECK(then["total"]["storage"]["shared"]["why"].get<std::string>().starts_with("history keeps"));
    const auto filtered = body_of(get(world.port, "/v1/map?filter=liveness%20%3D%20lost&by=region_2,hardware&at=" + first));
    CHECK(filtered["total"]["nodes"]["installed"] == 1);
    const auto declared = body_of(get(world.port, "/v1/map?measure=declared&by=site&at=" + first));
    CHECK(declared["total"]["declared"]["nodes"]["declared"] == 5);

    const auto chips = body_of(get(world.port, "/v1/history/spans"))["chip_tables"];
    REQUIRE(chips.size() == 1);
    CHECK(body_of(get(world.port, "/v1/map?at=" + first + "&chips=" + chips[0].get<std::string>()))["chips"] == chips[0]);
    const auto gone = get(world.port, "/v1/map?at=" + first + "&chips=0");
    CHECK(gone.status == 404);
    CHECK(gone.body.find("there are: " + chips[0].get<std::string>()) != std::string::npos);
    const auto early = get(world.port, "/v1/map?at=2001-01-01T00:00:00Z");
    CHECK(early.status == 404);
    CHECK(early.body.find("history begins at 20") != std::string::npos);
    const auto by_node = get(world.port, "/v1/map?by=os&at=" + first);
    CHECK(by_node.status == 422);
    CHECK(by_node.body.find("region_2") != std::string::npos);
    CHECK(get(world.port, "/v1/map?at=tomorrow").status == 400);
    CHECK(get(world.port, "/v1/map?at=2300-01-01T00:00:00Z").status == 400);
  }
  // Another process, on the same folder: what was is still known, and between the two is a hole.
  HttpWorld later(kAdminToken, "127.0.0.1", folder.path());
  later.clock.advance_ms(600'000);
  publish(later, 4, 1);
  REQUIRE(soon([&later] {
    later.clock.advance_ms(1'000);
    return body_of(get(later.port, "/v1/history/spans"))["spans"].size() == 2;
  }));
  CHECK(body_of(get(later.port, "/v1/map?at=" + first))["total"]["nodes"]["installed"] == 5);
  const auto between = body_of(get(later.port, "/v1/map?at=" + rfc3339_text(later.clock.unix_ms() - 300'000)));
  CHECK(between["total"]["nodes"]["installed"] == 11);
  REQUIRE(between["hole"].is_object());
  CHECK(between["hole"]["from"] == between["as_of"]);
}

TEST_CASE("http: without history the past is refused and the present is not") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  CHECK(get(world.port, "/v1/map?at=2001-01-01T00:00:00Z").status == 503);
  CHECK(get(world.port, "/v1/history/spans").status == 503);
  CHECK(get(world.port, "/v1/map").status == 200);
}
