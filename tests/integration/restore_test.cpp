// Back from the disk: what the store noted of a node is on the map before the node speaks.
#include "controller/restore.hpp"

#include <catch2/catch.hpp>

#include "common/clock.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

TEST_CASE("restore: nodes come back with when they were last seen, and those that never came without") {
  constexpr std::uint64_t kSeen = 1'789'000'000'000;
  const TemporaryFolder folder;
  const Site site = some_site("lab");
  const KnownNode seen = some_node(site.id), never = some_node(site.id);
  {
    auto store = open_store(folder.path(), NoStore::kCreate);
    REQUIRE(store);
    REQUIRE((*store)->put_site(site));
    for (const auto& node : {seen, never}) REQUIRE((*store)->put_node(node));
    REQUIRE((*store)->note({{.node = seen.id, .seen_unix_ms = kSeen, .shape = {}, .bytes = {}}}));
  }
  auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE(store);
  ManualClock clock;
  CapacityMap map(MapOptions{.epoch = 7}, nullptr, clock.boot_ms());
  const auto keys = restore(**store, map, clock);
  REQUIRE(keys);
  CHECK(keys->size() == 2);
  CHECK(map.node(seen.id)->last_seen_unix_ms == kSeen);
  CHECK(map.node(seen.id)->hostname == seen.hostname);
  REQUIRE(map.node(never.id));
  CHECK_FALSE(map.node(never.id)->last_seen_unix_ms);
}
