#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/ids.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

constexpr CellKey kFresh{.site = 1, .hardware = 1, .liveness = Liveness::kFresh, .verdict = Verdict::kConsistent};

json answer_to(const HttpWorld& world, const std::string& target) {
  const auto reply = get(world.port, target);
  REQUIRE(reply.status == 200);
  return body_of(reply);
}

/// The small view with five changes at revisions 31 to 35, and revision 41.
std::shared_ptr<MapView> changed_view(std::uint64_t at_boot_ms) {
  auto view = small_view(at_boot_ms);
  ChangeFeed feed;
  feed.skip_to(30);
  CellKey lost = kFresh;
  lost.liveness = Liveness::kLost;
  const auto add = [&](std::uint64_t revision, std::optional<CellKey> from, std::optional<CellKey> to) {
    feed.add({.revision = revision, .at_boot_ms = at_boot_ms - 1'000, .node = node_row(1).id, .from = from, .to = to});
  };
  add(31, std::nullopt, CellKey{.site = 1, .liveness = Liveness::kFresh});
  add(32, CellKey{.site = 1, .liveness = Liveness::kFresh}, kFresh);
  add(33, kFresh, lost);
  CellKey moved = lost;
  moved.site = 2;
  moved.service = ServiceState::kDrained;
  add(34, lost, moved);
  add(35, moved, std::nullopt);
  view->changes = feed.publish();
  return view;
}

}  // namespace

TEST_CASE("http changes: who asks first learns where to go on from, and then gets what has changed, page by page") {
  HttpWorld world;
  world.view.publish(changed_view(world.clock.boot_ms()));
  const auto first = answer_to(world, "/v1/changes");
  CHECK(first["next"] == "0000000000abcdef-41");
  CHECK(first["resync"] == false);
  CHECK(first["changes"].empty());

  const auto all = answer_to(world, "/v1/changes?since=abcdef-30");
  REQUIRE(all["changes"].size() == 5);
  const auto& changes = all["changes"];
  CHECK(changes[0]["what"] == json::array({"joined"}));
  CHECK(changes[0]["from"].is_null());
  CHECK(changes[0]["to"]["hardware"].is_null());
  CHECK(changes[0]["node"] == to_text(node_row(1).id));
  CHECK(changes[0]["at"] == "2026-09-21T14:13:19.123Z");
  CHECK(changes[1]["what"] == json::array({"hardware", "verdict"}));
  CHECK(changes[1]["to"]["hardware"] == json({{"cpu_model", "Example 9000"}, {"accelerators", {"Example NPU"}}}));
  CHECK(changes[2]["what"] == json::array({"liveness"}));
  CHECK(changes[2]["from"]["liveness"] == "fresh");
  CHECK(changes[2]["to"]["liveness"] == "lost");
  CHECK(changes[3]["what"] == json::array({"site", "service_state"}));
  CHECK(changes[4]["what"] == json::array({"removed"}));
  CHECK(all["next"] == "0000000000abcdef-41");

  const auto page = answer_to(world, "/v1/changes?since=abcdef-30&limit=2");
  CHECK(page["changes"].size() == 2);
  CHECK(page["next"] == "0000000000abcdef-32");
  const auto rest = answer_to(world, "/v1/changes?since=" + page["next"].get<std::string>());
  CHECK(rest["changes"].size() == 3);
}

TEST_CASE("http changes: who asks from before what is kept, or from another start, is told to read anew; nothing is passed over") {
  HttpWorld world;
  world.view.publish(changed_view(world.clock.boot_ms()));
  for (const char* since : {"abcdef-29", "abcdee-41", "abcdef-42"}) {
    INFO(since);
    const auto answer = answer_to(world, std::string("/v1/changes?since=") + since);
    CHECK(answer["resync"] == true);
    CHECK(answer["why"].get<std::string>().find("read /v1/nodes anew") != std::string::npos);
    CHECK(answer["changes"].empty());
    CHECK(answer["next"] == "0000000000abcdef-41");
  }
  for (const char* bad : {"since=", "since=41", "since=-", "since=abcdef-", "since=xyz-41", "since=abcdef-41x", "limit=0", "limit=10001"}) {
    INFO(bad);
    CHECK(get(world.port, std::string("/v1/changes?") + bad).status == 400);
  }
}
