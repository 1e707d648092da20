// The doctors of both programs beside a real controller on loopback.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/clock.hpp"
#include "common/transport.hpp"
#include "tests/support/deployment.hpp"
#include "tests/support/small_controller.hpp"

using namespace capmap;
using nlohmann::json;

namespace {

/// The findings of one area, of JSON that a doctor printed in front of whatever else.
std::vector<json> of_area(const std::string& output, const std::string& area) {
  const auto end = output.rfind("]}\n");
  INFO(output);
  REQUIRE(end != std::string::npos);
  std::vector<json> found;
  const auto begin = output.find('{');
  const json all = json::parse(output.substr(begin, end + 2 - begin));
  for (const auto& finding : all["findings"]) {
    if (finding["area"] == area) found.push_back(finding);
  }
  return found;
}

std::string health_of(const std::string& output, const std::string& area) {
  const auto found = of_area(output, area);
  return found.empty() ? "not told" : found.front()["health"].get<std::string>();
}

/// A server that has joined that controller, and its doctor.
struct Server {
  explicit Server(support::Deployment& deployment) {
    const auto joined = support::run({"capmap-agent", "join", deployment.token(1), "--state", state()});
    INFO(joined.output);
    REQUIRE(joined.code == 0);
  }
  [[nodiscard]] std::string state() const { return folder.path() + "/state"; }
  [[nodiscard]] support::Ran doctor(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"capmap-agent", "doctor", "--json", "--state", state()};
    words.insert(words.end(), more.begin(), more.end());
    return support::run(words, std::chrono::seconds(60));
  }

  support::TemporaryFolder folder;
};

TEST_CASE("doctor: a server that has joined and reaches its controller has nothing broken; it says that no service runs") {
  support::Deployment deployment;
  deployment.start();
  const Server server(deployment);
  const auto ran = server.doctor();
  CHECK(ran.code == 0);
  for (const char* area : {"state", "keys", "settings", "tcp", "handshake", "skew"}) {
    INFO(area);
    CHECK(health_of(ran.output, area) == "well");
  }
  CHECK(health_of(ran.output, "clock") != "not told");
  CHECK(health_of(ran.output, "limits") != "not told");
  CHECK(health_of(ran.output, "firmware") != "not told");

  deployment.stop(SIGTERM);
  const auto cut = server.doctor();
  CHECK(cut.code == 1);
  CHECK(health_of(cut.output, "tcp") == "broken");
}

TEST_CASE("doctor: how far this clock is from the controller's is told, which way, and what to do") {
  support::Deployment deployment;
  deployment.start();
  const Server server(deployment);
  support::SmallController controller(make_curve_keys());
  controller.let_in(load_curve_keys(server.state() + "/agent.key")->public_key);
  const auto told = [&](std::int64_t off_ms) {
    controller.time_unix_ms = SystemClock().unix_ms() + static_cast<std::uint64_t>(off_ms);
    const auto ran =
        server.doctor({"--controller-endpoint", controller.endpoint(), "--controller-public-key", controller.keys().public_key});
    const auto found = of_area(ran.output, "skew");
    INFO(ran.output);
    REQUIRE(found.size() == 1);
    return found.front();
  };
  const auto behind = told(30'000);
  CHECK(behind["health"] == "warning");
  CHECK(behind["what"].get<std::string>().find(" ms behind the controller's") != std::string::npos);
  CHECK(behind["fix"].get<std::string>().find("time service") != std::string::npos);
  const auto ahead = told(-3'600'000);
  CHECK(ahead["health"] == "broken");
  CHECK(ahead["what"].get<std::string>().find(" ms ahead of the controller's") != std::string::npos);
}

TEST_CASE("doctor: a key that others may read, a server that was not let in and a wrong word each have their own answer") {
  support::Deployment deployment;
  deployment.start();
  const Server server(deployment);
  REQUIRE(chmod((server.state() + "/agent.key").c_str(), 0644) == 0);
  const auto open = server.doctor();
  CHECK(open.code == 1);
  REQUIRE(of_area(open.output, "keys").size() == 1);
  CHECK(of_area(open.output, "keys").front()["fix"] == "chmod 600 " + server.state() + "/agent.key");

  REQUIRE(chmod((server.state() + "/agent.key").c_str(), 0600) == 0);
  const std::string server_keys = server.state() + "/server.keys";
  std::ofstream(server_keys) << "1\njoined ";
  REQUIRE(chmod(server_keys.c_str(), 0644) == 0);
  const auto replaceable = of_area(server.doctor().output, "keys");
  REQUIRE(replaceable.size() == 2);
  CHECK(replaceable.back()["health"] == "broken");
  CHECK(replaceable.back()["fix"] == "chmod 600 " + server_keys);
  REQUIRE(chmod(server_keys.c_str(), 0600) == 0);
  const auto damaged = of_area(server.doctor().output, "keys");
  REQUIRE(damaged.size() == 2);
  CHECK(damaged.back()["health"] == "warning");
  CHECK(damaged.back()["what"].get<std::string>().find(server_keys + ":2: is damaged") != std::string::npos);
  CHECK(damaged.back()["fix"] == "rm " + server_keys);
  REQUIRE(unlink(server_keys.c_str()) == 0);

  // Another key than the one that was let in: the controller lets the handshake hang.
  REQUIRE(unlink((server.state() + "/agent.key").c_str()) == 0);
  const auto none = server.doctor();
  CHECK(none.code == 1);
  CHECK(of_area(none.output, "keys").front()["fix"] == "capmap-agent join TOKEN");
  REQUIRE(save_curve_keys(server.state() + "/agent.key", make_curve_keys()));
  const auto stranger = server.doctor();
  CHECK(stranger.code == 1);
  CHECK(health_of(stranger.output, "handshake") == "broken");

  CHECK(server.doctor({"--no-such-flag", "1"}).code == 2);
  CHECK(support::run({"capmap-agent", "doctor", "--help"}).code == 0);
}

TEST_CASE("doctor: of the controller's installation, running and stopped, and what is broken has a fix") {
  support::Deployment deployment;
  deployment.start();
  const support::TemporaryFolder folder;
  const std::string config = folder.path() + "/controller.toml";
  std::ofstream(config) << "state = \"" << deployment.state() << "\"\n[http]\nport = " << deployment.http_port
                        << "\n[messages]\nport = " << deployment.message_port << "\n[enrol]\nport = " << deployment.enrol_port
                        << "\n[tls]\ncertificate = \"" << config << "\"\nkey_file = \"" << folder.path() << "/none.pem\"\n";
  const auto doctor = [&] { return support::run({"capmapctl", "doctor", "--json", "--config", config}, std::chrono::seconds(60)); };
  auto ran = doctor();
  CHECK(ran.code == 1);  // the private key of TLS is not there
  REQUIRE(of_area(ran.output, "tls").size() == 2);
  CHECK(of_area(ran.output, "tls")[1]["health"] == "broken");
  for (const char* area : {"state", "keys", "store"}) {
    INFO(area);
    CHECK(health_of(ran.output, area) == "well");
  }
  REQUIRE(of_area(ran.output, "ports").size() == 3);
  for (const auto& port : of_area(ran.output, "ports")) CHECK(port["health"] == "well");
  CHECK(health_of(ran.output, "disk") != "not told");

  std::ofstream(config) << "state = \"" << deployment.state() << "\"\n[http]\nport = " << deployment.http_port
                        << "\n[messages]\nport = " << deployment.message_port << "\n[enrol]\nport = " << deployment.enrol_port << "\n";
  deployment.stop(SIGTERM);
  ran = doctor();
  INFO(ran.output);
  CHECK(health_of(ran.output, "ports") == "well");  // free
  CHECK(health_of(ran.output, "service") != "well");
  REQUIRE(chmod(deployment.state().c_str(), 0755) == 0);
  ran = doctor();
  CHECK(ran.code == 1);
  CHECK(of_area(ran.output, "state").front()["fix"] == "chmod 700 " + deployment.state());

  std::ofstream(config) << "state = = 1\n";
  CHECK(doctor().code != 0);
}

}  // namespace
