// The story of a copied disk image: two real agents with one key, found, held over a restart, settled by an admin.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/deployment.hpp"

using namespace capmap::support;
using nlohmann::json;

namespace {

json asked(const Deployment& deployment, const std::string& path) {
  return json::parse(http_get(deployment.http_port, path), nullptr, false);
}

json available(const Deployment& deployment) {
  const json map = asked(deployment, "/v1/map?measure=nodes");
  return map.is_object() ? map["total"]["nodes"]["available"] : json();
}

json clones(const Deployment& deployment) {
  const json answer = asked(deployment, "/v1/clones");
  return answer.is_object() ? answer["clones"] : json::array();
}

std::unique_ptr<Program> agent_in(const std::string& state) {
  return std::make_unique<Program>(std::vector<std::string>{"capmap-agent", "--state", state});
}

}  // namespace

TEST_CASE("clone: quick restarts are none; two agents with one key are held out, also over a restart, until one is kept") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  const std::string first = folder.path() + "/first", second = folder.path() + "/second";
  REQUIRE(run({"capmap-agent", "join", deployment.token(1), "--state", first}).code == 0);
  auto agent = agent_in(first);
  REQUIRE(eventually([&] { return available(deployment) == 1; }, std::chrono::seconds(60)));
  for (int i = 0; i < 5; ++i) {
    agent->signal(i % 2 == 0 ? SIGKILL : SIGTERM);
    REQUIRE(agent->wait(std::chrono::seconds(20)));
    agent = agent_in(first);
    REQUIRE(agent->wait_for_output("connected", std::chrono::seconds(30)));
  }
  REQUIRE(eventually([&] { return available(deployment) == 1; }, std::chrono::seconds(60)));
  CHECK(clones(deployment).empty());

  std::filesystem::copy(first, second, std::filesystem::copy_options::recursive);
  auto clone = agent_in(second);
  REQUIRE(eventually([&] { return clones(deployment).size() == 1; }, std::chrono::seconds(60)));
  const auto found = clones(deployment)[0];
  const std::string node = found["node"];
  CHECK(found["runs"].size() >= 2);
  CHECK(available(deployment) == 0);
  const auto contradictions = asked(deployment, "/v1/contradictions");
  CHECK(contradictions["nodes"][0]["findings"][0]["reason"] == "clone");
  CHECK(contradictions["by_reason"]["clone"] == 1);
  CHECK(deployment.ctl({"contradictions"}).output.find("clone") != std::string::npos);
  CHECK(deployment.ctl({"contradictions", "--csv"}).output.find(node + ",") != std::string::npos);
  REQUIRE(deployment.controller().wait_for_output("clone_found", std::chrono::seconds(20)));

  // Both go on for a while: none of the two is counted, and no second clone is made of them.
  clone->signal(SIGTERM);
  REQUIRE(clone->wait(std::chrono::seconds(20)));
  CHECK(deployment.stop(SIGKILL) == 128 + SIGKILL);
  deployment.start();
  CHECK(eventually([&] { return clones(deployment).size() == 1; }, std::chrono::seconds(30)));
  CHECK(available(deployment) == 0);

  CHECK(deployment.ctl({"nodes", "clones"}).output.find("nodes clones settle") != std::string::npos);
  CHECK(deployment.ctl({"nodes", "clones", "settle", node}).code == 2);
  CHECK(deployment.ctl({"nodes", "clones", "settle", node, "--keep", "0000000000000007"}).code == 1);
  clone = agent_in(second);
  REQUIRE(eventually([&] { return clones(deployment)[0]["runs"].size() >= 3; }, std::chrono::seconds(60)));
  clone->signal(SIGTERM);
  REQUIRE(clone->wait(std::chrono::seconds(20)));
  // The one to keep is whoever still speaks.
  const auto runs = clones(deployment)[0]["runs"];
  json last;
  REQUIRE(eventually(
      [&] {
        const auto now = clones(deployment)[0]["runs"];
        for (std::size_t i = 0; i < std::min(now.size(), runs.size()); ++i) {
          if (now[i]["run"] == runs[i]["run"] && now[i]["last_heard"] != runs[i]["last_heard"]) last = now[i];
        }
        return last.is_object();
      },
      std::chrono::seconds(30)));
  REQUIRE(deployment.ctl({"nodes", "clones", "settle", node, "--keep", last["run"].get<std::string>()}).code == 0);
  CHECK(eventually([&] { return clones(deployment).empty(); }, std::chrono::seconds(10)));
  CHECK(eventually([&] { return available(deployment) == 1; }, std::chrono::seconds(90)));
  CHECK(deployment.ctl({"nodes", "clones", "settle", node, "--revoke"}).code == 4);

  // The copy comes once more: found again, and this time the key goes.
  clone = agent_in(second);
  REQUIRE(eventually([&] { return clones(deployment).size() == 1; }, std::chrono::seconds(60)));
  REQUIRE(deployment.controller().wait_for_output("clone_found", std::chrono::seconds(20)));
  CHECK(eventually([&] { return deployment.ctl({"nodes", "clones", "settle", node, "--revoke"}).code == 0; }, std::chrono::seconds(10)));
  CHECK(eventually([&] { return asked(deployment, "/v1/nodes")["nodes"].empty(); }, std::chrono::seconds(20)));
  CHECK(agent->wait_for_output("revoked", std::chrono::seconds(60)));
  CHECK(clone->wait_for_output("revoked", std::chrono::seconds(60)));
  // For good, as any revoked key: what stands beside the database outlives a backup of before.
  CHECK(deployment.ctl({"keys", "list"}).output.find(node) != std::string::npos);
  std::ifstream file(deployment.state() + "/revoked.keys");
  const std::string revoked((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(revoked.find("spoke from two places") != std::string::npos);
  const auto again = run({"capmap-agent", "join", deployment.token(1), "--state", first});
  CHECK(again.code == 1);
  CHECK(again.output.find("--new-key") != std::string::npos);
  CHECK(deployment.ctl({"audit", "--csv"}).output.find(",key_revoked," + node + ",") != std::string::npos);
  CHECK(deployment.ctl({"audit", "contradictions"}).output == deployment.ctl({"contradictions"}).output);
  CHECK(deployment.stop(SIGTERM) == 0);
}
