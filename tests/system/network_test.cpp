// A story about a cable: an agent in a network namespace of its own loses its link and gets it back.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/support/deployment.hpp"

using namespace capmap::support;
using nlohmann::json;

namespace {

constexpr const char* kControllerSide = "10.213.17.1";

/// A namespace joined to ours by a veth pair; gone with the object.
class Namespace {
 public:
  Namespace() : name_("capmap-" + std::to_string(getpid())), ours_("cm" + std::to_string(getpid() % 100'000) + "a") {
    const std::string theirs = "cm" + std::to_string(getpid() % 100'000) + "b";
    made_ = ip({"netns", "add", name_}) && ip({"link", "add", ours_, "type", "veth", "peer", "name", theirs, "netns", name_}) &&
            ip({"addr", "add", std::string(kControllerSide) + "/30", "dev", ours_}) && ip({"link", "set", ours_, "up"}) &&
            ip({"-n", name_, "addr", "add", "10.213.17.2/30", "dev", theirs}) && ip({"-n", name_, "link", "set", theirs, "up"}) &&
            ip({"-n", name_, "link", "set", "lo", "up"});
  }
  ~Namespace() {
    ip({"link", "del", ours_});
    ip({"netns", "del", name_});
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  [[nodiscard]] bool made() const { return made_; }
  bool set_link(const char* state) { return ip({"link", "set", ours_, state}); }
  /// A command line that runs a program of ours inside.
  [[nodiscard]] std::vector<std::string> inside(const std::string& program, const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"ip", "netns", "exec", name_, std::string(CAPMAP_BINARY_DIR) + "/" + program};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

 private:
  static bool ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    return run(std::move(arguments)).code == 0;
  }
  std::string name_, ours_;
  bool made_ = false;
};

std::string liveness_of_first(const Deployment& deployment) {
  const json nodes = json::parse(http_get(deployment.http_port, "/v1/nodes"), nullptr, false);
  if (!nodes.is_object() || nodes["nodes"].empty()) return {};
  return nodes["nodes"][0]["liveness"].get<std::string>();
}

}  // namespace

TEST_CASE("network: an agent whose link goes down is seen to be gone, and comes back by itself when the link does") {
  if (geteuid() != 0) {
    std::cout << "skipped: network namespaces need root\n";
    return;
  }
  Namespace other;
  if (!other.made()) {
    std::cout << "skipped: cannot make a network namespace here\n";
    return;
  }
  Deployment deployment({}, {"--messages-address", kControllerSide, "--advertise-host", kControllerSide, "--interval-ms", "1000"});
  deployment.start();
  const TemporaryFolder folder;
  const Ran joined = run(other.inside("capmap-agent", {"join", deployment.token(1), "--state", folder.path()}));
  INFO(joined.output);
  REQUIRE(joined.code == 0);
  Program agent(other.inside("capmap-agent", {"--state", folder.path()}));
  const auto is = [&](const char* word) { return [&deployment, word] { return liveness_of_first(deployment) == word; }; };
  REQUIRE(eventually(is("fresh"), std::chrono::seconds(30)));
  for (int round = 0; round < 2; ++round) {
    REQUIRE(other.set_link("down"));
    CHECK(eventually(is("stale"), std::chrono::seconds(30)));
    REQUIRE(other.set_link("up"));
    CHECK(eventually(is("fresh"), std::chrono::seconds(90)));
  }
  INFO(agent.output());
  CHECK(agent.running());
}
