// A backup of before keys were revoked and changed comes back: real programs, real links and files.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/keys_world.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// The files of the server's keys, and what is in them.
std::map<std::string, std::string> server_files(const std::string& state) {
  std::map<std::string, std::string> files;
  for (const char* name : {"server.key", "server.key.next", "server.key.old", "enrol.key", "server.rotation", "revoked.keys"}) {
    std::ifstream file(state + "/" + name, std::ios::binary);
    if (file) files[name] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

/// Makes a node change its own key.
void change_key(const KeysWorld& world, const std::string& state) {
  const auto before = public_key_of(state);
  REQUIRE(world.deployment.ctl({"keys", "rotate", world.ids.at(state)}).code == 0);
  REQUIRE(eventually([&] { return public_key_of(state) != before && keys_of(world.deployment)["nodes_changing"] == 0; }, 60s));
}

bool stays_out(const Deployment& deployment, double others) {
  for (const auto until = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < until;
       std::this_thread::sleep_for(100ms)) {
    if (fresh(deployment) > others || deployment.metric("capmap_known_nodes") > others) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("old backup: a key that was revoked since is not let in, also by the key it had then, and the server keeps its present keys") {
  KeysWorld world;
  auto& deployment = world.deployment;
  const auto stays = world.join("stays"), thief = world.join("thief"), away = world.join("away"), early = world.join("early");
  auto staying = world.agent(stays), stolen = world.agent(thief);
  REQUIRE(eventually([&] { return fresh(deployment) == 2; }, 60s));
  const auto first_server_key = server_of(deployment)["public_key"];
  const auto key_then = public_key_of(thief), stays_then = public_key_of(stays);
  const auto backup = world.folder.path() + "/before.db";
  REQUIRE(deployment.ctl({"backup", backup}).code == 0);

  change_key(world, thief);  // the backup knows it by another key than the one that is revoked
  change_key(world, stays);
  const auto key_revoked = public_key_of(thief);
  REQUIRE(deployment.ctl({"keys", "revoke", world.ids.at(thief), "--reason", "stolen"}).code == 0);
  REQUIRE(deployment.ctl({"keys", "revoke", public_key_of(early), "--reason", "never came"}).code == 0);
  REQUIRE(deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  REQUIRE(world.finish());
  REQUIRE(world.reaches("both"));
  const auto server = server_of(deployment);
  REQUIRE(server["public_key"] != first_server_key);
  deployment.stop(SIGTERM);
  const auto files = server_files(deployment.state());

  const auto restored = deployment.ctl({"restore", backup});
  INFO(restored.output);
  REQUIRE(restored.code == 0);
  CHECK(server_files(deployment.state()) == files);
  deployment.start();
  INFO(deployment.controller().output());
  CHECK(deployment.controller().output().find("keys_revoked_again count=2") != std::string::npos);
  const auto after = server_of(deployment);
  for (const char* same : {"phase", "phase_since", "public_key", "since", "old_public_key", "enrolment_public_key", "other_port"}) {
    INFO(same);
    CHECK(after[same] == server[same]);
  }
  CHECK(eventually([&] { return fresh(deployment) == 1; }, 90s));  // the one that stayed, by the key it had then
  CHECK(public_key_of(stays) == stays_then);
  CHECK(stays_out(deployment, 2));  // beside it the one that is off
  CHECK(fresh(deployment) == 1);
  CHECK(eventually([&] { return deployment.metric("capmap_zap_requests_total{answer=\"revoked\"}") >= 1; }, 60s));
  auto back = world.agent(away);  // off since before the backup: it knows the server by the key before
  CHECK(eventually([&] { return fresh(deployment) == 2; }, 60s));

  // The key that the backup knows the stolen machine by is nobody's, and the id is not given again.
  stolen->signal(SIGTERM);
  stolen->wait(10s);
  REQUIRE(fs::exists(thief + "/agent.key.old"));
  fs::rename(thief + "/agent.key.old", thief + "/agent.key");
  REQUIRE(public_key_of(thief) == key_then);
  fs::remove(thief + "/agent.key.next");
  const auto unknown = deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}");
  stolen = world.agent(thief);
  CHECK(eventually([&] { return deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}") > unknown; }, 60s));
  CHECK(stays_out(deployment, 2));
  const auto list = keys_of(deployment);
  CHECK(list["revoked_count"] == 2);
  CHECK(list.dump().find(key_revoked) != std::string::npos);
  CHECK(run({"capmap-agent", "join", deployment.token(1), "--state", early}).code != 0);
  CHECK(deployment.ctl({"audit", "verify"}).code == 0);
  CHECK(deployment.ctl({"--json", "audit", "--what", "keys_revoked_again"}).output.find("revoked.keys") != std::string::npos);
  const auto later = world.join("later");  // tokens carry the key of the enrolment port, which never changes
  auto latest = world.agent(later);
  CHECK(eventually([&] { return fresh(deployment) == 3; }, 60s));
}

TEST_CASE("old backup: in the middle of a change of the server's key the change goes on behind a restore") {
  KeysWorld world;
  auto& deployment = world.deployment;
  const auto state = world.join("a");
  auto agent = world.agent(state);
  REQUIRE(eventually([&] { return fresh(deployment) == 1; }, 60s));
  const auto first = server_of(deployment)["public_key"];
  const auto backup = world.folder.path() + "/before.db";
  REQUIRE(deployment.ctl({"backup", backup}).code == 0);
  REQUIRE(deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  REQUIRE(eventually([&] { return server_of(deployment)["heard_know_other_key"] == 1; }, 60s));
  const auto next = server_of(deployment)["next_public_key"];
  deployment.stop(SIGKILL);
  REQUIRE(deployment.ctl({"restore", backup}).code == 0);
  deployment.start();
  CHECK(world.phase() == "learning");
  CHECK(server_of(deployment)["next_public_key"] == next);
  REQUIRE(world.finish());
  CHECK(world.reaches("both"));
  CHECK(server_of(deployment)["public_key"] == next);
  CHECK(server_of(deployment)["old_public_key"] == first);
  CHECK(eventually([&] { return fresh(deployment) == 1; }, 60s));
  CHECK(deployment.metric("capmap_known_nodes") == 1);
}
