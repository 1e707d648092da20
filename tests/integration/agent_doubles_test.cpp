// Two agents on one machine under two keys, and a controller: all real programs; the machine's files are invented.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/deployment.hpp"
#include "tests/support/put_file.hpp"

using namespace capmap::support;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr auto kLimit = 60s;

/// The machine as one of its agents sees it, with that agent.
class Installed {
 public:
  explicit Installed(const std::string& hostname) {
    const std::string source = CAPMAP_SOURCE_DIR, root = folder_.path() + "/root/";
    const auto made = run({source + "/tests/support/make_host.sh", source + "/tests/fixtures/hosts/2s128c-2xEPYC7763/parameters", root});
    INFO(made.output);
    REQUIRE(made.code == 0);
    put_file(root + "proc/sys/kernel/hostname", hostname + "\n");
    fs::create_directories(root + "sys/class/net/eno9/device");
    put_file(root + "sys/class/net/eno9/address", "b4:96:91:0c:3b:7a\n");
    put_file(root + "sys/class/net/eno9/addr_assign_type", "0\n");
  }
  void join_and_start(const Deployment& deployment) {
    const auto joined = run({"capmap-agent", "join", deployment.token(1), "--state", folder_.path() + "/state"});
    INFO(joined.output);
    REQUIRE(joined.code == 0);
    agent_ = std::make_unique<Program>(
        std::vector<std::string>{"capmap-agent", "--root", folder_.path() + "/root", "--state", folder_.path() + "/state"});
  }
  void stop() {
    agent_->signal(SIGTERM);
    CHECK(agent_->wait(kLimit).value_or(-1) == 0);
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Program> agent_;
};

struct Seen {
  const Deployment& deployment;
  [[nodiscard]] json get(const std::string& path) const { return json::parse(http_get(deployment.http_port, path), nullptr, false); }
  [[nodiscard]] int installed() const {
    const json map = get("/v1/map");
    return map.is_object() && map.contains("total") ? map["total"]["nodes"]["installed"].get<int>() : -1;
  }
  [[nodiscard]] int suspected() const {
    const json map = get("/v1/map");
    return map.is_object() && map.contains("doubles") ? map["doubles"]["suspected_nodes"].get<int>() : -1;
  }
  [[nodiscard]] json node(const std::string& name) const {
    const json page = get("/v1/nodes");
    for (const auto& node : page.is_object() ? page["nodes"] : json::array()) {
      if (node["hostname"] == name || node["id"] == name) return node;
    }
    return json::object();
  }
  [[nodiscard]] std::string liveness(const std::string& name) const { return node(name).value("liveness", ""); }
};

}  // namespace

TEST_CASE("doubles: a machine that was installed anew is suspected, its old node confirmed, also over a restart, until the new one goes") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const Seen seen{deployment};
  Installed before("before"), after("after");
  before.join_and_start(deployment);
  REQUIRE(eventually([&] { return seen.liveness("before") == "fresh"; }, kLimit));
  CHECK(seen.suspected() == 0);
  const std::string old = seen.node("before")["id"];  // after a restart it goes by the name it joined with
  before.stop();
  REQUIRE(eventually([&] { return seen.liveness("before") == "lost"; }, kLimit));
  std::this_thread::sleep_for(2s);  // what it said of its machine is noted within a second
  CHECK(deployment.stop(SIGTERM) == 0);
  deployment.start();
  after.join_and_start(deployment);
  REQUIRE(eventually([&] { return seen.suspected() == 2; }, kLimit));
  CHECK(seen.installed() == 2);
  const auto listed = deployment.ctl({"nodes", "doubles"});
  INFO(listed.output);
  CHECK(listed.output.find("ports") != std::string::npos);
  CHECK(listed.output.find("2 nodes may be counted twice") != std::string::npos);

  const auto confirmed = deployment.ctl({"nodes", "doubles", "confirm", old, "--same-as", "after"});
  INFO(confirmed.output);
  REQUIRE(confirmed.code == 0);
  CHECK(eventually([&] { return seen.installed() == 1; }, kLimit));
  const auto shown = deployment.ctl({"nodes", "show", old});
  CHECK(shown.output.find("in no total: the same machine as n-") != std::string::npos);
  const auto lists_confirmed = [&] { return deployment.ctl({"nodes", "doubles", "--csv"}).output.find("confirmed,") != std::string::npos; };
  CHECK(eventually(lists_confirmed, kLimit));  // the list is made anew once a second
  CHECK(deployment.ctl({"audit"}).output.find("double_confirmed") != std::string::npos);
  CHECK(deployment.ctl({"nodes", "doubles", "confirm", "after", "--same-as", "nobody"}).code == 4);

  CHECK(deployment.stop(SIGKILL) != 0);
  deployment.start();
  CHECK(seen.installed() == 1);
  REQUIRE(eventually([&] { return seen.liveness("after") == "fresh"; }, kLimit));
  CHECK(seen.installed() == 1);

  REQUIRE(deployment.ctl({"nodes", "doubles", "dismiss", old, "after"}).code == 0);
  CHECK(eventually([&] { return seen.installed() == 2; }, kLimit));
  CHECK(seen.suspected() == 0);
  REQUIRE(deployment.ctl({"nodes", "doubles", "confirm", old, "--same-as", "after"}).code == 0);
  CHECK(eventually([&] { return seen.installed() == 1; }, kLimit));
  REQUIRE(deployment.ctl({"nodes", "remove", "after", "--yes"}).code == 0);
  CHECK(eventually([&] { return seen.liveness("after").empty() && seen.installed() == 1; }, kLimit));
  CHECK(seen.node(old)["in_totals"] == true);
  CHECK(seen.node(old)["counted_in"].is_null());
}
