// Stories about the controller's database: copied while it runs, brought back, gone bad under its feet.
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/support/deployment.hpp"

using namespace capmap::support;
using nlohmann::json;

namespace {

std::uint64_t fresh(const Deployment& deployment) {
  const json map = json::parse(http_get(deployment.http_port, "/v1/map"), nullptr, false);
  return map.is_object() ? map["total"]["nodes"]["fresh"].get<std::uint64_t>() : 0;
}

bool has_site(const Deployment& deployment, const std::string& name) {
  return deployment.ctl({"sites", "list"}).output.find(name) != std::string::npos;
}

}  // namespace

TEST_CASE("store: a backup of a running controller comes back after its database is damaged, nodes, sites and shapes with it") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/backup.db", database = deployment.state() + "/store.db";
  Program fleet({"capmap-fleet", "--join", deployment.token(5), "--agents", "5", "--seed", "4", "--seconds", "0", "--keys-file",
                 folder.path() + "/keys"});
  REQUIRE(eventually([&] { return fresh(deployment) == 5; }, std::chrono::seconds(30)));
  REQUIRE(eventually([&] { return deployment.metric("capmap_store_notes_total") >= 5; }, std::chrono::seconds(10)));
  REQUIRE(deployment.ctl({"sites", "add", "before"}).code == 0);
  const Ran made = deployment.ctl({"--json", "backup", file});
  REQUIRE(made.code == 0);
  const json facts = json::parse(made.output);
  CHECK(facts["nodes"] == 5);
  CHECK(facts["sites"] == 2);
  CHECK(facts["shapes"] >= 1);
  CHECK(deployment.ctl({"backup", file}).code == 5);  // nothing is overwritten
  REQUIRE(deployment.ctl({"sites", "add", "after"}).code == 0);
  const Ran refused = deployment.ctl({"restore", file});
  CHECK(refused.code == 1);
  CHECK(refused.output.find("its controller runs") != std::string::npos);
  CHECK(deployment.ctl({"store", "check"}).code == 0);
  CHECK(deployment.stop(SIGTERM) == 0);

  std::ofstream(database, std::ios::trunc) << std::string(50'000, 'x');
  std::string said;
  try {
    deployment.start();
  } catch (const std::exception& error) {
    said = error.what();
  }
  CHECK(said.find(database) != std::string::npos);
  CHECK(said.find("capmapctl restore FILE") != std::string::npos);
  CHECK(deployment.ctl({"store", "check"}).code == 1);
  CHECK(deployment.ctl({"restore", file + ".none"}).code == 4);
  const Ran restored = deployment.ctl({"--json", "restore", file});
  REQUIRE(restored.code == 0);
  CHECK(json::parse(restored.output)["generation"] > facts["generation"]);
  deployment.start();
  CHECK(has_site(deployment, "before"));
  CHECK_FALSE(has_site(deployment, "after"));
  CHECK(eventually([&] { return fresh(deployment) == 5; }, std::chrono::seconds(60)));  // with the keys they joined by
}

TEST_CASE("store: a full disk refuses changes and joins, /readyz says why, the map goes on, and all is well afterwards") {
  const TemporaryFolder folder;
  if (geteuid() != 0 || mount("capmap-test", folder.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
    std::cout << "skipped: mounting a small file system needs root\n";
    return;
  }
  {
    Deployment deployment(folder.path() + "/state", {"--interval-ms", "500"});
    deployment.start();
    const TemporaryFolder keys;
    const std::string token = deployment.token(5);
    Program fleet(
        {"capmap-fleet", "--join", token, "--agents", "2", "--seed", "5", "--seconds", "0", "--keys-file", keys.path() + "/keys"});
    REQUIRE(eventually([&] { return fresh(deployment) == 2; }, std::chrono::seconds(30)));
    std::ofstream filler(folder.path() + "/filler");
    const std::string block(4'096, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())) && filler.flush()) {
    }
    Ran ran = deployment.ctl({"sites", "add", "site-0"});
    for (int i = 1; ran.code == 0 && i < 60; ++i) ran = deployment.ctl({"sites", "add", "site-" + std::to_string(i)});
    CHECK(ran.code != 0);
    CHECK(ran.output.find("No space left") != std::string::npos);
    const Ran joined = run({"capmap-fleet", "--join", token, "--agents", "1", "--seed", "6", "--seconds", "2"});
    CHECK(joined.output.find("could not keep it") != std::string::npos);
    const std::string ready = talk(deployment.http_port, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(ready.find(" 503 ") != std::string::npos);
    CHECK(ready.find("store-failing") != std::string::npos);
    CHECK(ready.find("free space on its disk") != std::string::npos);
    CHECK_FALSE(http_get(deployment.http_port, "/healthz").empty());
    CHECK(eventually([&] { return deployment.metric("capmap_store_failing") == 1; }, std::chrono::seconds(5)));
    CHECK(fresh(deployment) == 2);
    unlink((folder.path() + "/filler").c_str());
    filler.close();
    CHECK(eventually([&] { return deployment.metric("capmap_store_failing") == 0; }, std::chrono::seconds(15)));
    CHECK(deployment.ctl({"sites", "add", "well-again"}).code == 0);
    CHECK(deployment.stop(SIGKILL) == 128 + SIGKILL);
    deployment.start();
    CHECK(has_site(deployment, "well-again"));
    deployment.stop(SIGTERM);
  }
  umount2(folder.path().c_str(), MNT_DETACH);
}
