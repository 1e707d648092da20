// Stories about a controller that dies and comes back under hundreds of agents.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/support/deployment.hpp"

using namespace capmap::support;
using nlohmann::json;

namespace {

json map_of(const Deployment& deployment) {
  return json::parse(http_get(deployment.http_port, "/v1/map"), nullptr, false);
}

std::uint64_t nodes(const json& map, const char* which) {
  return map.is_object() ? map["total"]["nodes"][which].get<std::uint64_t>() : 0;
}

}  // namespace

TEST_CASE("restart: a controller killed with -9 under 500 agents never shows fewer than 500 without saying so, and all come back") {
  constexpr unsigned kAgents = 500;
  Deployment deployment;
  deployment.start();
  const TemporaryFolder keys;
  Program fleet({"capmap-fleet", "--join", deployment.token(kAgents), "--agents", std::to_string(kAgents), "--seed", "7", "--seconds", "0",
                 "--keys-file", keys.path() + "/keys"});
  REQUIRE(eventually([&] { return nodes(map_of(deployment), "fresh") == kAgents; }, std::chrono::seconds(90)));

  CHECK(deployment.stop(SIGKILL) == 128 + SIGKILL);
  const auto killed = std::chrono::steady_clock::now();
  deployment.start();
  bool said_resyncing = false;
  std::size_t looks = 0;
  const bool all_back = eventually(
      [&] {
        const json map = map_of(deployment);
        if (!map.is_object()) return false;
        ++looks;
        const auto installed = nodes(map, "installed");
        if (!map["resyncing"].is_null()) {
          said_resyncing = true;
          CHECK(map["resyncing"]["known"] == kAgents);
          CHECK(map["resyncing"]["heard"].get<std::uint64_t>() <= kAgents);
        }
        CHECK((installed == kAgents || !map["resyncing"].is_null()));
        CHECK(nodes(map, "lost") == 0);
        return nodes(map, "fresh") == kAgents && nodes(map, "hardware_unknown") == 0;
      },
      std::chrono::seconds(90));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - killed).count();
  std::cout << "all " << kAgents << " fresh again " << took << " ms after kill -9, map looked at " << looks << " times\n";
  CHECK(all_back);
  CHECK(said_resyncing);
  const Ran table = deployment.ctl({"map"});
  CHECK(table.code == 0);
  CHECK(table.output.find("resyncing") == std::string::npos);
  CHECK(deployment.stop(SIGTERM) == 0);
}

TEST_CASE("restart: right after a restart the table says how many of the known nodes are back") {
  Deployment deployment;
  deployment.start();
  const TemporaryFolder keys;
  {
    Program fleet({"capmap-fleet", "--join", deployment.token(3), "--agents", "3", "--seed", "9", "--seconds", "0", "--keys-file",
                   keys.path() + "/keys"});
    REQUIRE(eventually([&] { return nodes(map_of(deployment), "fresh") == 3; }, std::chrono::seconds(30)));
  }
  const auto controller = [&deployment] { return json::parse(http_get(deployment.http_port, "/healthz"))["controller"]; };
  const json before = controller();
  CHECK(before.is_string());
  deployment.stop(SIGKILL);
  deployment.start();
  CHECK(controller() == before);
  CHECK(deployment.ctl({"resolve", before.get<std::string>()}).code == 0);
  const Ran table = deployment.ctl({"map"});
  CHECK(table.code == 0);
  CHECK(table.output.find("resyncing: 0 of 3 known nodes") != std::string::npos);
  CHECK(http_get(deployment.http_port, "/readyz").empty());
}

TEST_CASE("restart: a stopped and continued controller declares nobody dead") {
  Deployment deployment({}, {"--interval-ms", "1000"});
  deployment.start();
  const TemporaryFolder keys;
  Program fleet({"capmap-fleet", "--join", deployment.token(20), "--agents", "20", "--seed", "3", "--seconds", "0", "--keys-file",
                 keys.path() + "/keys"});
  REQUIRE(eventually([&] { return nodes(map_of(deployment), "fresh") == 20; }, std::chrono::seconds(30)));
  deployment.controller().signal(SIGSTOP);
  eventually([] { return false; }, std::chrono::seconds(12));  // beyond 2 intervals + 5 s, the end of fresh
  deployment.controller().signal(SIGCONT);
  std::uint64_t seen_dead = 0;
  eventually(
      [&] {
        const json map = map_of(deployment);
        seen_dead += nodes(map, "stale") + nodes(map, "lost");
        return false;
      },
      std::chrono::seconds(6));
  CHECK(seen_dead == 0);
  CHECK(deployment.metric("capmap_map_pauses_total") >= 1);
}
