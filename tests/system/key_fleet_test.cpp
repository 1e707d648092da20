// A thousand live agents change their own keys and follow the server's, watched each second.
#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <thread>

#include "tests/support/keys_world.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr unsigned kAgents = 1'000, kAway = 5;

/// In memory where that is shared: a thousand machines have a thousand disks, this one has one.
struct StatesFolder {
  std::string path = fs::is_directory("/dev/shm") ? "/dev/shm/capmap-keys-XXXXXX" : "/tmp/capmap-keys-XXXXXX";
  StatesFolder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~StatesFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// Thirteen each, as capmap-fleet --live says.
bool has_descriptors() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max >= 13 * (kAgents + kAway) + 100;
}

std::vector<std::string> keys_in(const std::string& states) {
  std::vector<std::string> keys;
  for (unsigned i = 0; i < kAgents; ++i) keys.push_back(public_key_of(states + "/" + std::to_string(i)));
  return keys;
}

/// Looks each second over HTTP how many nodes are fresh, until it ends.
class Watch {
 public:
  explicit Watch(const Deployment& deployment)
      : thread_([this, &deployment] {
          for (auto next = std::chrono::steady_clock::now(); !ended_; next += 1s) {
            std::this_thread::sleep_until(next);
            const auto now = fresh(deployment);
            if (now < least_) least_ = now;
            ++looks_;
          }
        }) {}
  ~Watch() { end(); }
  void end() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] double least() const { return least_; }
  [[nodiscard]] int looks() const { return looks_; }

 private:
  std::atomic<double> least_ = 1e9;
  std::atomic<int> looks_ = 0;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

/// Nodes that a change since then calls anything but fresh.
std::size_t left_fresh(const Deployment& deployment, std::string cursor) {
  std::size_t left = 0;
  for (int page = 0; page < 100; ++page) {
    const auto answer = json::parse(http_get(deployment.http_port, "/v1/changes?limit=10000&since=" + cursor), nullptr, false);
    REQUIRE(answer.is_object());
    REQUIRE(answer["resync"] == false);
    for (const auto& change : answer["changes"]) {
      if (change["to"].is_null() || change["to"]["liveness"] != "fresh") ++left;
    }
    if (answer["changes"].empty()) return left;
    cursor = answer["next"];
  }
  return left;
}

}  // namespace

TEST_CASE("key fleet: 1,000 live agents change their keys and follow the server's, nobody leaves fresh, and who was off comes back") {
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began).count(); };
  if (!has_descriptors()) {
    std::cout << "skipped: a thousand live agents need " << 13 * (kAgents + kAway) + 100 << " descriptors\n";
    return;
  }
  const StatesFolder folder;
  const auto& states = folder.path;
  const int next_port = free_port();
  Deployment deployment({}, {"--interval-ms", "3000", "--messages-next-port", std::to_string(next_port), "--keys-server-move-s", "12"});
  deployment.start();
  const auto token = deployment.token(kAgents + kAway);
  const auto fleet = [&](unsigned first, unsigned agents) {
    return std::make_unique<Program>(std::vector<std::string>{"capmap-fleet", "--join", token, "--first", std::to_string(first), "--agents",
                                                              std::to_string(agents), "--nodes", std::to_string(kAgents + kAway), "--live",
                                                              states, "--next-port", std::to_string(next_port)});
  };
  auto away = fleet(kAgents, kAway);
  REQUIRE(eventually([&] { return fresh(deployment) == kAway; }, 60s));
  away->signal(SIGTERM);
  REQUIRE(away->wait(20s) == 0);
  REQUIRE(eventually([&] { return fresh(deployment) == 0; }, 20s));
  auto agents = fleet(0, kAgents);
  REQUIRE(eventually([&] { return fresh(deployment) == kAgents; }, 90s));
  std::cout << "fresh after " << seconds() << " s\n";
  const auto first = keys_in(states);
  const auto first_server = server_of(deployment)["public_key"];
  const std::string cursor = json::parse(http_get(deployment.http_port, "/v1/changes"), nullptr, false)["next"];
  {
    Watch watch(deployment);
    REQUIRE(deployment.ctl({"keys", "rotate", "--all"}).code == 0);
    std::size_t changed = 0;
    const bool all = eventually(
        [&] {
          std::this_thread::sleep_for(1s);
          const auto now = keys_in(states);
          changed = 0;
          for (unsigned i = 0; i < kAgents; ++i) changed += now[i] != first[i] && !now[i].empty() ? 1U : 0U;
          return changed == kAgents && keys_of(deployment)["nodes_changing"] == 0;
        },
        60s);
    INFO(changed);
    CHECK(all);
    std::cout << "own keys changed after " << seconds() << " s\n";

    REQUIRE(deployment.ctl({"keys", "rotate", "--server"}).code == 0);
    CHECK(eventually([&] { return server_of(deployment)["heard_know_other_key"] == kAgents; }, 60s));
    REQUIRE(eventually([&] { return deployment.ctl({"keys", "rotate", "--server", "--finish"}).code == 0; }, 60s));
    CHECK(eventually([&] { return server_of(deployment)["phase"] == "both"; }, 120s));
    std::cout << "the server's key changed after " << seconds() << " s\n";
    std::this_thread::sleep_for(5s);
    watch.end();
    INFO(agents->output());
    CHECK(watch.least() == kAgents);
    CHECK(watch.looks() > 30);
    std::cout << "looked " << watch.looks() << " times, fewest fresh " << watch.least() << "\n";
  }
  CHECK(left_fresh(deployment, cursor) == 0);
  const auto server = server_of(deployment);
  CHECK(server["public_key"] != first_server);
  CHECK(server["on_message_port"] == kAgents);
  CHECK(deployment.metric("capmap_known_nodes") == kAgents + kAway);
  CHECK(deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}") == 0);

  REQUIRE(deployment.ctl({"keys", "rotate", "--server", "--finish", "--force"}).code == 0);  // the old key is destroyed
  const auto told = deployment.metric("capmap_enrol_keys_told_total");
  away = fleet(kAgents, kAway);
  CHECK(eventually([&] { return fresh(deployment) == kAgents + kAway; }, 60s));
  CHECK(eventually([&] { return deployment.metric("capmap_enrol_keys_told_total") >= told + kAway; }, 10s));  // counted once a second
  CHECK(deployment.metric("capmap_known_nodes") == kAgents + kAway);
  std::cout << "who was off is back after " << seconds() << " s\n";
  for (auto* program : {&away, &agents}) {
    (*program)->signal(SIGTERM);
    CHECK((*program)->wait(30s) == 0);
  }
}
