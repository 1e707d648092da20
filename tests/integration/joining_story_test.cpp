// Joining and revoking with the real programs: from a token to fresh on the map, with and without an approval, and out again.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/join_token.hpp"
#include "tests/support/deployment.hpp"

using namespace capmap;
using namespace capmap::support;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

json read(const Ran& ran) {
  INFO(ran.output);
  CHECK(ran.code == 0);
  return json::parse(ran.output, nullptr, false);
}

double fresh(const Deployment& deployment) {
  return deployment.metric("capmap_nodes{liveness=\"fresh\"}");
}

/// A service on a machine where nobody has joined by hand.
std::vector<std::string> agent_words(const std::string& state, const std::string& token_file) {
  return {"capmap-agent", "--state", state, "--join-token-file", token_file};
}

void write_token(const std::string& path, const std::string& token, unsigned mode = 0600) {
  std::ofstream(path) << token << "\n";
  chmod(path.c_str(), mode);
}

}  // namespace

TEST_CASE("joining: from a pasted token to fresh on the map, and from a token file at the service's first start") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  const auto token = deployment.token(2);
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(run({"capmap-agent", "join", token, "--state", folder.path() + "/a"}).code == 0);
  Program first({"capmap-agent", "--state", folder.path() + "/a"});
  REQUIRE(eventually([&] { return fresh(deployment) == 1; }, 30s));
  WARN("from a pasted token to fresh on the map: "
       << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count() << " ms");

  const auto file = folder.path() + "/token", state = folder.path() + "/b";
  const auto nothing = run(agent_words(state, file));
  CHECK(nothing.code == 1);
  CHECK(nothing.output.find("nor is the join token " + file) != std::string::npos);
  write_token(file, token, 0644);
  const auto open_to_all = run(agent_words(state, file));
  CHECK(open_to_all.code == 1);
  CHECK(open_to_all.output.find("chmod o-rwx " + file) != std::string::npos);
  CHECK(open_to_all.output.find(token) == std::string::npos);
  write_token(file, token);
  Program second(agent_words(state, file));
  REQUIRE(eventually([&] { return fresh(deployment) == 2; }, 30s));
  CHECK(access(file.c_str(), F_OK) != 0);
  CHECK(second.output().find("the token is used, the file is removed") != std::string::npos);
  second.signal(SIGTERM);
  CHECK(second.wait(10s) == 0);
  write_token(file, "cmt1.not-looked-at");  // it knows its controller: a token is for the first start
  Program again(agent_words(state, file));
  CHECK(eventually([&] { return fresh(deployment) == 2; }, 30s));
  CHECK(access(file.c_str(), F_OK) == 0);
  const auto printed = run({"capmap-agent", "--state", state, "--print-config"});
  CHECK(printed.output.find(parse_join_token(token)->secret) == std::string::npos);
}

TEST_CASE("joining: a machine waits for its approval, says so, comes in when an admin says yes, and not when they say no") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  const auto made =
      read(deployment.ctl({"--json", "token", "create", "--site", "here", "--uses", "4", "--approve", "manual", "--name", "m"}));
  const std::string token = made["token"];
  Program waits({"capmap-agent", "join", token, "--state", folder.path() + "/a"});
  REQUIRE(waits.wait_for_output("an admin has to approve this machine first", 20s));
  CHECK(run({"capmap-agent", "join", token, "--state", folder.path() + "/b", "--no-wait"}).code == 1);
  auto pending = read(deployment.ctl({"--json", "nodes", "pending"}));
  REQUIRE(pending["count"] == 2);
  CHECK(pending["nodes"][0]["address"] == "127.0.0.1");
  CHECK(pending["nodes"][0]["token"] == "m");
  const std::string id = pending["nodes"][0]["id"], other = pending["nodes"][1]["id"];
  CHECK(waits.output().find(id) != std::string::npos);
  CHECK(deployment.ctl({"nodes", "pending"}).output.find(id) != std::string::npos);

  deployment.stop(SIGKILL);  // the queue is on disk
  deployment.start();
  CHECK(read(deployment.ctl({"--json", "nodes", "pending"}))["count"] == 2);
  CHECK(deployment.ctl({"nodes", "approve", id}).code == 0);
  CHECK(deployment.ctl({"nodes", "approve", id}).code == 4);
  CHECK(waits.wait(60s) == 0);
  CHECK(waits.output().find("joined as " + id) != std::string::npos);
  CHECK(deployment.ctl({"nodes", "reject", other}).code == 0);
  const auto refused = run({"capmap-agent", "join", token, "--state", folder.path() + "/b"});
  CHECK(refused.code == 1);
  CHECK(refused.output.find("an admin rejected this machine") != std::string::npos);

  Program third({"capmap-agent", "join", token, "--state", folder.path() + "/c"});
  REQUIRE(third.wait_for_output("an admin has to approve this machine first", 20s));
  const auto rule = read(deployment.ctl({"--json", "nodes", "approve", "--from", "127.0.0.0/8", "--until", "1h"}));
  CHECK(rule["approved"] == 1);
  CHECK(third.wait(60s) == 0);
  const auto number = std::to_string(rule["number"].get<int>());
  CHECK(deployment.ctl({"nodes", "pending"}).output.find("rule " + number + ": whoever asks from 127.0.0.0/8") != std::string::npos);
  CHECK(run({"capmap-agent", "join", token, "--state", folder.path() + "/d", "--no-wait"}).code == 0);
  CHECK(deployment.ctl({"nodes", "reject", "--rule", number}).code == 0);
  CHECK(deployment.ctl({"nodes", "approve", "--from", "127.0.0.1/8", "--until", "1h"}).code == 1);
  CHECK(deployment.ctl({"nodes", "approve", "--from", "127.0.0.0/8"}).code == 2);

  CHECK(deployment.ctl({"token", "list"}).output.find(made["id"].get<std::string>()) != std::string::npos);
  CHECK(deployment.ctl({"token", "revoke", "m"}).code == 0);
  CHECK(read(deployment.ctl({"--json", "token", "list"}))["tokens"][0]["state"] == "revoked");
  CHECK(http_get(deployment.http_port, "/v1/nodes/pending").empty());  // not for everybody
  const auto nowhere = deployment.ctl({"--json", "token", "create", "--site", "here", "--from", "10.0.0.0/8", "--expires", "2100-01-01"});
  CHECK(nowhere.code == 1);  // longer than a year
  const auto from = read(deployment.ctl({"--json", "token", "create", "--site", "here", "--from", "10.0.0.0/8"}));
  const auto wrong = run({"capmap-agent", "join", from["token"].get<std::string>(), "--state", folder.path() + "/e"});
  CHECK(wrong.code == 1);
  CHECK(wrong.output.find("does not work from 127.0.0.1: it is for 10.0.0.0/8") != std::string::npos);
}

TEST_CASE("joining: a revoked key is cut off while it is connected, stays out over a restart and an old backup") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  const auto token = deployment.token(5);
  std::vector<std::unique_ptr<Program>> agents;
  std::vector<std::string> ids;
  for (const char* name : {"/a", "/b"}) {
    const auto joined = run({"capmap-agent", "join", token, "--state", folder.path() + name});
    REQUIRE(joined.code == 0);
    ids.push_back(joined.output.substr(joined.output.find("n-"), 28));
    agents.push_back(std::make_unique<Program>(std::vector<std::string>{"capmap-agent", "--state", folder.path() + name}));
  }
  REQUIRE(eventually([&] { return fresh(deployment) == 2; }, 30s));
  const auto backup = folder.path() + "/backup.db";
  REQUIRE(deployment.ctl({"backup", backup}).code == 0);

  REQUIRE(deployment.ctl({"keys", "revoke", ids[0], "--reason", "stolen"}).code == 0);
  CHECK(eventually([&] { return fresh(deployment) == 1; }, 10s));
  CHECK(eventually([&] { return deployment.metric("capmap_ingest_refused_total{reason=\"revoked\"}") >= 1; }, 10s));
  CHECK(agents[0]->wait_for_output("this key is revoked", 30s));  // the connection ended, and the next was refused
  const auto list = deployment.ctl({"keys", "list"});
  CHECK(list.output.find(ids[0]) != std::string::npos);
  CHECK(list.output.find("stolen") != std::string::npos);
  CHECK(deployment.ctl({"keys", "revoke", ids[0]}).code == 4);

  deployment.stop(SIGKILL);
  deployment.start();
  CHECK(eventually([&] { return fresh(deployment) == 1; }, 60s));
  CHECK(deployment.metric("capmap_known_nodes") == 1);
  deployment.stop(SIGTERM);

  REQUIRE(deployment.ctl({"restore", backup}).code == 0);
  deployment.start();
  CHECK(deployment.controller().output().find("keys_revoked_again count=1") != std::string::npos);
  CHECK(eventually([&] { return fresh(deployment) == 1; }, 60s));
  CHECK(eventually([&] { return deployment.metric("capmap_zap_requests_total{answer=\"revoked\"}") >= 1; }, 90s));
  CHECK(fresh(deployment) == 1);
  const auto same = run({"capmap-agent", "join", token, "--state", folder.path() + "/a"});
  CHECK(same.code == 1);
  CHECK(same.output.find("--new-key") != std::string::npos);
  const auto anew = run({"capmap-agent", "join", "--new-key", token, "--state", folder.path() + "/a"});
  CHECK(anew.code == 0);
  CHECK(anew.output.find(ids[0]) == std::string::npos);  // it is another node
}
