// Stories about what strangers, full disks and wrong settings do to a controller: a clear reason, a counter, and nobody else disturbed.
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/deployment.hpp"

using namespace capmap::support;
using nlohmann::json;

namespace {

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::uint64_t fresh(const Deployment& deployment) {
  const json map = json::parse(http_get(deployment.http_port, "/v1/map"), nullptr, false);
  return map.is_object() ? map["total"]["nodes"]["fresh"].get<std::uint64_t>() : 0;
}

}  // namespace

TEST_CASE("bad input: garbage on every port disturbs nobody") {
  const auto seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder keys;
  Program fleet({"capmap-fleet", "--join", deployment.token(10), "--agents", "10", "--seed", "5", "--seconds", "0", "--keys-file",
                 keys.path() + "/keys"});
  REQUIRE(eventually([&] { return fresh(deployment) == 10; }, std::chrono::seconds(30)));
  const auto limit = std::chrono::milliseconds(150);
  for (int round = 0; round < 20; ++round) {
    for (const int port : {deployment.http_port, deployment.message_port, deployment.enrol_port}) {
      talk(port, random_bytes(random, 1 + random() % 5'000), limit);
      talk(port, std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0CURVE", 17) + random_bytes(random, 300), limit);
    }
    talk(deployment.http_port, "GET /v1/map HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + std::string(100'000, 'x'), limit);
  }
  CHECK(deployment.controller().running());
  CHECK(fresh(deployment) == 10);
  CHECK(eventually([&] { return deployment.metric("capmap_ingest_messages_total{kind=\"heartbeat\"}") > 20; }, std::chrono::seconds(20)));
  CHECK(deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}") == 0);  // no stranger got as far as a message
  CHECK(deployment.stop(SIGTERM) == 0);
}

TEST_CASE("bad input: a port in use ends the start with the port's number and a non-zero code") {
  Deployment first, second;
  first.start();
  for (int* port : {&second.http_port, &second.message_port, &second.enrol_port}) {
    const int own = *port;
    *port = port == &second.http_port ? first.http_port : port == &second.message_port ? first.message_port : first.enrol_port;
    std::string said;
    try {
      second.start();
      second.stop(SIGKILL);
    } catch (const std::exception& error) {
      said = error.what();
    }
    CHECK(said.find(std::to_string(*port)) != std::string::npos);
    CHECK(said.find("in use") != std::string::npos);
    *port = own;
  }
}

TEST_CASE("bad input: an unknown key, a wrong type and an unreadable file are named by file and line before anything starts") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/controller.toml";
  std::ofstream(file) << "[http]\nport = 8470\nprot = 1\n";
  Ran ran = run({"capmap-controller", "--config", file});
  CHECK(ran.code == 2);
  CHECK(ran.output.find(file + ":3") != std::string::npos);
  std::ofstream(file, std::ios::trunc) << "interval_ms = \"soon\"\n";
  ran = run({"capmap-controller", "--config", file});
  CHECK(ran.code == 2);
  CHECK(ran.output.find(file + ":1") != std::string::npos);
  ran = run({"capmap-controller", "--config", folder.path() + "/none.toml"});
  CHECK(ran.code == 2);
  CHECK(ran.output.find("none.toml") != std::string::npos);
  ran = run({"capmap-controller", "--state", folder.path()});
  CHECK(ran.code == 1);
  CHECK(ran.output.find("capmapctl init") != std::string::npos);
}

TEST_CASE("bad input: a full disk refuses what must last, says so, and the map goes on") {
  if (geteuid() != 0) {
    std::cout << "skipped: mounting a small file system needs root\n";
    return;
  }
  const TemporaryFolder folder;
  if (mount("capmap-test", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    std::cout << "skipped: cannot mount a tmpfs here\n";
    return;
  }
  {
    Deployment deployment(folder.path() + "/state", {"--interval-ms", "500"});
    deployment.start();
    const TemporaryFolder keys;
    Program fleet({"capmap-fleet", "--join", deployment.token(2), "--agents", "2", "--seed", "5", "--seconds", "0", "--keys-file",
                   keys.path() + "/keys"});
    REQUIRE(eventually([&] { return fresh(deployment) == 2; }, std::chrono::seconds(30)));
    const std::string filler = folder.path() + "/filler";
    std::ofstream(filler) << std::string(1'000'000, 'x');
    const Ran refused = deployment.ctl({"sites", "add", std::string(90, 's') + "1"});
    Ran more = refused;
    for (int i = 2; more.code == 0 && i < 60; ++i) more = deployment.ctl({"sites", "add", std::string(90, 's') + std::to_string(i)});
    CHECK(more.code != 0);
    CHECK(more.output.find("No space left") != std::string::npos);
    CHECK(eventually([&] { return deployment.metric("capmap_store_failed_puts_total") >= 1; }, std::chrono::seconds(5)));
    CHECK(fresh(deployment) == 2);
    unlink(filler.c_str());
    CHECK(deployment.ctl({"sites", "add", "after"}).code == 0);
    CHECK(deployment.stop(SIGKILL) == 128 + SIGKILL);
    deployment.start();  // the journal is whole
    CHECK(deployment.ctl({"sites", "list"}).output.find("after") != std::string::npos);
    deployment.stop(SIGTERM);
  }
  umount2(folder.path().c_str(), MNT_DETACH);
}
