// Child controllers change their keys while they report and follow their parent's: with the real controller, real links and files, and
// kill -9 on both sides.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "tests/support/keys_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::support;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr int kNodes = 40;

/// A parent, and a child controller that speaks for its site "lab".
struct ChildWorld : KeysWorld {
  ChildWorld() {
    REQUIRE(deployment.ctl({"sites", "add", "lab", "--region", "110108"}).code == 0);
    std::string lab;
    REQUIRE(soon([&] {
      const auto sites = json::parse(http_get(deployment.http_port, "/v1/sites"), nullptr, false);
      if (!sites.is_object()) return false;
      for (const auto& site : sites["sites"]) {
        if (site["name"] == "lab") lab = site["id"];
      }
      return !lab.empty();
    }));
    token = json::parse(deployment.ctl({"--json", "token", "create", "--child-sites", "lab"}).output)["token"];
    std::ofstream(folder.path() + "/children.csv") << "name,token\nlab," << lab << "\n11," << token << "\n";
  }
  [[nodiscard]] std::string state() const { return folder.path() + "/11"; }
  [[nodiscard]] std::string key() const {
    const auto keys = load_curve_keys(state() + "/parent.key");
    return keys ? keys->public_key : std::string();
  }
  [[nodiscard]] std::unique_ptr<Program> child(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"capmap-fleet", "--children",           folder.path() + "/children.csv",
                                      "--nodes",      std::to_string(kNodes), "--live",
                                      folder.path(),  "--next-port",          std::to_string(next_port)};
    words.insert(words.end(), more.begin(), more.end());
    return std::make_unique<Program>(words);
  }
  /// The id that an audit's line names it by.
  [[nodiscard]] std::string id() const {
    const auto audit = json::parse(deployment.ctl({"--json", "audit"}).output, nullptr, false);
    for (const auto& entry : audit["entries"]) {
      if (entry["what"] == "child_joined") return entry["subject"];
    }
    return {};
  }
  [[nodiscard]] bool all_fresh(std::chrono::seconds within = 60s) const {
    return eventually([&] { return fresh(deployment) == kNodes; }, within);
  }

  std::string token;
};

}  // namespace

TEST_CASE("child keys: a child controller changes its key on demand and by age, and the old key lets nobody in") {
  ChildWorld world;
  auto& deployment = world.deployment;
  auto child = world.child();
  INFO(child->output());
  REQUIRE(world.all_fresh());
  const auto first = *load_curve_keys(world.state() + "/parent.key");
  const auto id = world.id();
  REQUIRE(id.starts_with("c-"));
  REQUIRE(deployment.ctl({"keys", "rotate", id}).code == 0);
  double least = kNodes;
  const auto changed_from = [&](const std::string& before) {
    return eventually(
        [&] {
          least = std::min(least, fresh(deployment));
          return world.key() != before && !world.key().empty() && keys_of(deployment)["children_changing"] == 0;
        },
        60s);
  };
  REQUIRE(changed_from(first.public_key));
  auto second = world.key();
  REQUIRE(deployment.ctl({"keys", "rotate", "--all"}).code == 0);
  CHECK(changed_from(second));
  CHECK(least == kNodes);
  CHECK(deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}") == 0);
  CHECK(deployment.ctl({"keys", "rotate", "c-" + std::string(26, 'a')}).code != 0);

  const auto unknown = deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}");
  zmq::context_t context(1);
  const auto stranger = open_dealer(context, {.endpoint = tcp_endpoint("127.0.0.1", static_cast<std::uint16_t>(deployment.message_port)),
                                              .server_public_key = server_of(deployment)["public_key"].get<std::string>(),
                                              .keys = first});
  REQUIRE(stranger);
  CHECK(eventually([&] { return deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}") > unknown; }, 20s));

  child->signal(SIGTERM);
  child->wait(10s);
  second = world.key();
  child = world.child({"--key-max-age", "1"});
  CHECK(eventually([&] { return world.key() != second && !world.key().empty(); }, 60s));
  CHECK(world.all_fresh());

  SECTION("revoked, it is cut off with the next key that it had offered too") {
    REQUIRE(deployment.ctl({"keys", "revoke", id}).code == 0);
    CHECK(eventually([&] { return fresh(deployment) == 0; }, 30s));
    deployment.stop(SIGKILL);
    deployment.start();
    std::this_thread::sleep_for(3s);
    CHECK(fresh(deployment) == 0);
    CHECK(deployment.metric("capmap_zap_requests_total{answer=\"accepted\"}") == 0);
  }
}

TEST_CASE("child keys: whoever is killed at whatever moment, the child comes back as itself") {
  std::mt19937_64 random(run_seed());
  ChildWorld world;
  auto& deployment = world.deployment;
  auto child = world.child();
  REQUIRE(world.all_fresh());
  const auto id = world.id();
  std::set<std::string> seen = {world.key()};
  for (int round = 0; round < 6; ++round) {
    REQUIRE(eventually([&] { return deployment.ctl({"keys", "rotate", id}).code == 0; }, 30s));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 6'000));
    const bool end_child = round % 3 != 1, end_controller = round % 3 != 0;
    if (end_child) child->signal(SIGKILL);
    if (end_controller) deployment.stop(SIGKILL);
    if (end_child) child->wait(10s);
    if (end_controller) deployment.start();
    if (end_child) child = world.child();
    INFO(child->output());
    const auto acked = deployment.metric("capmap_ingest_acks_total");
    REQUIRE(eventually([&] { return fresh(deployment) == kNodes && deployment.metric("capmap_ingest_acks_total") > acked; }, 120s));
    seen.insert(world.key());
  }
  CHECK(eventually([&] { return seen.insert(world.key()).second || seen.size() > 1; }, 60s));
  CHECK(world.id() == id);
  const auto audit = json::parse(deployment.ctl({"--json", "audit"}).output, nullptr, false);
  int joins = 0;
  for (const auto& entry : audit["entries"]) joins += entry["what"] == "child_joined" ? 1 : 0;
  CHECK(joins == 1);
}

TEST_CASE("child keys: a child controller follows the parent's key, also when it was off for all of the change") {
  ChildWorld world;
  auto& deployment = world.deployment;
  auto child = world.child();
  REQUIRE(world.all_fresh());
  const auto first = server_of(deployment)["public_key"];
  REQUIRE(deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  REQUIRE(world.finish());
  REQUIRE(world.reaches("both", 120s));
  CHECK(server_of(deployment)["public_key"] != first);
  CHECK(eventually([&] { return server_of(deployment)["on_message_port"] == 1; }, 30s));
  CHECK(fresh(deployment) == kNodes);

  child->signal(SIGKILL);
  child->wait(10s);
  const auto force = [&] { return deployment.ctl({"keys", "rotate", "--server", "--finish", "--force"}).code == 0; };
  REQUIRE(eventually(force, 30s));
  REQUIRE(world.reaches("one"));
  REQUIRE(deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  REQUIRE(eventually(force, 30s));
  REQUIRE(world.reaches("both", 120s));
  REQUIRE(eventually(force, 30s));
  REQUIRE(world.reaches("one"));
  const auto told = deployment.metric("capmap_enrol_keys_told_total");
  child = world.child();
  INFO(child->output());
  CHECK(eventually([&] { return deployment.metric("capmap_enrol_keys_told_total") > told; }, 60s));
  CHECK(world.all_fresh(120s));
}
