// Imports of a whole country.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <iostream>

#include "tests/support/import_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;
using World = ImportWorld;

TEST_CASE("import: long bodies are taken with the admin token alone") {
  World world;
  const std::string body = "{" + std::string(200'000, ' ') + R"("sites":[{"name":"wide"}]})";
  CHECK(world.import(body).status == 200);
  CHECK(world.shows("wide"));
  CHECK(post(world.controller->port, "/v1/import", body, "wrong").status == 401);
  CHECK(request(world.controller->port, "POST", "/v1/import", "Content-Type: application/json\r\n", body).status == 401);
  CHECK(post(world.controller->port, "/v1/pools", body, world.token()).status == 413);
  Peer announced(world.controller->port);
  announced.say("POST /v1/import HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + world.token() +
                "\r\nContent-Length: 33554433\r\n\r\n");
  CHECK(parse_reply(announced.hear(1)).status == 413);
}

TEST_CASE("import: twenty thousand sites come in one import, and the map is not held up") {
  World world;
  constexpr int kSites = 20'000;
  std::string csv = "name,region,compute_class,service,latitude,longitude,pue,green_share,declared.nodes,declared.memory_bytes\n";
  for (int i = 0; i < kSites; ++i) {
    const auto number = std::to_string(i);
    csv += "site-" + number + "," + (i % 2 == 0 ? "1101" : "310115") + ",general,public," + std::to_string(20 + i % 30) + "." + number +
           "," + std::to_string(80 + i % 40) + ".25,1." + std::to_string(100 + i % 400) + "," + std::to_string(i % 1'000) + "," + number +
           ",109951162777\n";
  }
  const auto file = world.file("country.csv", csv);
  const auto ms_of = [&world](const std::vector<std::string>& arguments, const std::string& expected) {
    const auto begun = std::chrono::steady_clock::now();
    const auto said = world.ctl(arguments);
    INFO(said.out.substr(0, 500) << said.err.substr(0, 500));
    CHECK(said.code == CtlExit::kDone);
    CHECK_THAT(said.out, Contains(expected));
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
  };
  // Somebody asks the map all the while.
  std::atomic<bool> over = false;
  auto longest = std::async(std::launch::async, [&] {
    std::chrono::steady_clock::duration most{};
    while (!over) {
      const auto begun = std::chrono::steady_clock::now();
      const auto status = get(world.controller->port, "/v1/nodes/" + to_text(NodeId{{1}})).status;
      if (status != 404) return std::int64_t{-1};
      most = std::max(most, std::chrono::steady_clock::now() - begun);
    }
    return std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(most).count()};
  });
  const auto shown_ms = ms_of({"sites", "import", file, "--dry-run"}, "sites   20,000 added");
  const auto done_ms = ms_of({"sites", "import", file, "--yes"}, "done: 20,000 changes");
  CHECK(soon([&] { return world.controller->view.take()->sites.size() >= kSites + 1; }));
  CHECK(world.controller->view.take()->sites.size() == kSites + 2);  // number 0 is never used; they came together
  over = true;
  const auto longest_ms = longest.get();
  CHECK(longest_ms >= 0);
  const auto again_ms = ms_of({"sites", "import", file, "--yes"}, "20,000 unchanged");
  const auto text = world.ctl({"sites", "export"});
  const auto back_ms = ms_of({"sites", "import", world.file("back.csv", text.out), "--yes"}, "20,001 unchanged");
  std::cout << "20,000 sites: shown in " << shown_ms << " ms, shown and done in " << done_ms << " ms, nothing to change in " << again_ms
            << " ms; with all columns (" << text.out.size() / 1'000 << " kB of CSV) in " << back_ms << " ms; the map answered within "
            << longest_ms << " ms all the while\n";
}
