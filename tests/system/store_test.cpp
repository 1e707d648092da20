// Stories about the controller's database: copied while it runs, brought back, gone bad under its feet.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
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

/// Files that nobody may write any more, by an attribute of the file system, also who has them open: as on a disk the kernel has made
/// read-only. False where root or the file system cannot.
bool set_immutable(const std::string& path, bool on) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  int flags = 0;
  bool done = fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;
  flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
  done = done && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
  if (fd >= 0) close(fd);
  return done;
}

std::string ready_answer(const Deployment& deployment) {
  return talk(deployment.http_port, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
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
    const std::string ready = ready_answer(deployment);
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

TEST_CASE(
    "store: on a store that became read-only changes and joins are refused with the reason, the map goes on, and all is well afterwards") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const std::string database = deployment.state() + "/store.db";
  const TemporaryFolder keys;
  const std::string token = deployment.token(5);
  Program fleet({"capmap-fleet", "--join", token, "--agents", "2", "--seed", "5", "--seconds", "0", "--keys-file", keys.path() + "/keys"});
  REQUIRE(eventually([&] { return fresh(deployment) == 2; }, std::chrono::seconds(30)));
  if (!set_immutable(database, true) || !set_immutable(database + "-wal", true)) {
    std::cout << "skipped: this file system or user cannot take the right to write from open files\n";
    set_immutable(database, false);
    return;
  }
  const Ran refused = deployment.ctl({"sites", "add", "refused"});
  const Ran joined = run({"capmap-fleet", "--join", token, "--agents", "1", "--seed", "6", "--seconds", "2"});
  const std::string ready = ready_answer(deployment);
  const bool told = eventually([&] { return deployment.metric("capmap_store_failing") == 1; }, std::chrono::seconds(5));
  const auto nodes = fresh(deployment);
  REQUIRE(set_immutable(database, false));
  REQUIRE(set_immutable(database + "-wal", false));
  CHECK(refused.code != 0);
  CHECK(refused.output.find("let the user of capmap-controller write to it") != std::string::npos);
  CHECK(joined.output.find("could not keep it") != std::string::npos);
  CHECK(ready.find(" 503 ") != std::string::npos);
  CHECK(ready.find("store-failing") != std::string::npos);
  CHECK(told);
  CHECK(nodes == 2);
  CHECK(eventually([&] { return deployment.metric("capmap_store_failing") == 0; }, std::chrono::seconds(15)));
  CHECK(ready_answer(deployment).find(" 200 ") != std::string::npos);
  CHECK(deployment.ctl({"sites", "add", "well-again"}).code == 0);
  CHECK(deployment.stop(SIGKILL) == 128 + SIGKILL);
  deployment.start();
  CHECK(has_site(deployment, "well-again"));
  CHECK_FALSE(has_site(deployment, "refused"));
}

TEST_CASE("store: a state folder that is read-only at the start refuses the start with its name, and starts once it can be written") {
  Deployment deployment;
  const char* const folder = deployment.state().c_str();
  if (geteuid() != 0 || mount(folder, folder, nullptr, MS_BIND, nullptr) != 0) {
    std::cout << "skipped: mounting needs root\n";
    return;
  }
  REQUIRE(mount(nullptr, folder, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0);
  std::string said;
  try {
    deployment.start();
  } catch (const std::exception& error) {
    said = error.what();
  }
  CHECK(said.find(deployment.state()) != std::string::npos);
  CHECK(said.find("Read-only file system") != std::string::npos);
  CHECK(mount(nullptr, folder, nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0);
  deployment.start();
  CHECK(deployment.ctl({"sites", "add", "writable"}).code == 0);
  CHECK(deployment.stop(SIGTERM) == 0);
  CHECK(umount2(folder, MNT_DETACH) == 0);
}
