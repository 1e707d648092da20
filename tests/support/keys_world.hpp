#pragma once
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/join_token.hpp"
#include "common/transport.hpp"
#include "tests/support/deployment.hpp"
#include "tests/support/running_uplink.hpp"

namespace capmap::support {

inline double fresh(const Deployment& deployment) {
  return deployment.metric("capmap_nodes{liveness=\"fresh\"}");
}

/// What `capmapctl keys list` says; empty where it said nothing.
inline nlohmann::json keys_of(const Deployment& deployment) {
  const auto keys = nlohmann::json::parse(deployment.ctl({"--json", "keys", "list"}).output, nullptr, false);
  return keys.is_object() ? keys : nlohmann::json::object();
}

/// Of it what concerns the server's own keys.
inline nlohmann::json server_of(const Deployment& deployment) {
  const auto keys = keys_of(deployment);
  return keys.contains("server") ? keys["server"] : nlohmann::json::object();
}

/// Public half of the key that an agent's state folder has now.
inline std::string public_key_of(const std::string& state) {
  const auto keys = load_curve_keys(state + "/agent.key");
  return keys ? keys->public_key : std::string();
}

/// A controller that changes roles of its keys within seconds, and nodes that join it, each with a state folder of its own.
struct KeysWorld {
  explicit KeysWorld(std::vector<std::string> more = {}, int interval_ms = 500)
      : next_port(free_port()), deployment({}, flags(std::move(more), interval_ms)) {
    deployment.start();
  }
  /// A node joins; its state folder, which `ids` knows from then on.
  [[nodiscard]] std::string join(const std::string& name) {
    auto state = folder.path() + "/" + name;
    const auto joined = run({"capmap-agent", "join", deployment.token(1), "--state", state});
    INFO(joined.output);
    REQUIRE(joined.code == 0);
    ids[state] = joined.output.substr(joined.output.find("n-"), 28);
    return state;
  }
  /// What an agent keeps of the controller's keys, in its state folder.
  [[nodiscard]] Result<KnownServer> known_server(const std::string& state) const {
    return KnownServer::open({.endpoint = tcp_endpoint("127.0.0.1", static_cast<std::uint16_t>(deployment.message_port)),
                              .public_key = parse_join_token(deployment.token(1))->server_public_key,
                              .next_port = static_cast<std::uint16_t>(next_port),
                              .enrol_port = static_cast<std::uint16_t>(deployment.enrol_port),
                              .file = state + "/server.keys"});
  }
  /// The thread of an agent that talks to the controller, in this process.
  [[nodiscard]] std::unique_ptr<RunningUplink> uplink(const std::string& state) const {
    auto ring = KeyRing::open(state + "/agent.key");
    REQUIRE(ring);
    auto server = known_server(state);
    REQUIRE(server);
    auto node = std::make_unique<RunningUplink>(DealerOptions{}, *ring, *server);
    node->give_facts();
    return node;
  }
  /// The whole agent.
  [[nodiscard]] std::unique_ptr<Program> agent(const std::string& state) const {
    return std::make_unique<Program>(std::vector<std::string>{"capmap-agent", "--state", state});
  }
  [[nodiscard]] std::string phase() const { return server_of(deployment).value("phase", "?"); }
  [[nodiscard]] bool reaches(const std::string& wanted, std::chrono::seconds within = std::chrono::seconds(60)) const {
    return eventually([&] { return phase() == wanted; }, within);
  }
  /// Ends the phase that waits for an admin's word.
  [[nodiscard]] bool finish(std::chrono::seconds within = std::chrono::seconds(60)) const {
    return eventually([&] { return deployment.ctl({"keys", "rotate", "--server", "--finish"}).code == 0; }, within);
  }

  int next_port;
  TemporaryFolder folder;
  Deployment deployment;
  std::map<std::string, std::string> ids;  ///< state folder ▶ node

 private:
  [[nodiscard]] std::vector<std::string> flags(std::vector<std::string> more, int interval_ms) const {
    std::vector<std::string> all = {"--interval-ms",           std::to_string(interval_ms), "--messages-next-port",
                                    std::to_string(next_port), "--keys-server-move-s",      "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

}  // namespace capmap::support
