// capmapctl events, in the clear and over TLS, and over a controller that dies.
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>

#include "controller/ctl/commands.hpp"
#include "controller/http/exposure.hpp"
#include "tests/support/access_world.hpp"
#include "tests/support/deployment.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

struct Said {
  CtlExit code = CtlExit::kFailed;
  std::string out, err;
};

Said ctl(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  Said said;
  said.code = run_ctl(arguments, "1.2.3", out, err);
  said.out = out.str();
  said.err = err.str();
  return said;
}

}  // namespace

TEST_CASE("ctl events: what has happened is told as lines and as JSON lines, and a mistake is refused") {
  const AccessWorld world;
  const std::vector<std::string> base = {"--url", "http://127.0.0.1:" + std::to_string(world.port()), "--state", world.folder.path()};
  const auto events = [&base](std::vector<std::string> more) {
    more.insert(more.begin(), "events");
    more.insert(more.begin(), base.begin(), base.end());
    return ctl(std::move(more));
  };
  const auto told = [&] { return events({"--kind", "site"}).out.find("there") != std::string::npos; };
  REQUIRE(soon(told));
  const auto lines = events({"--kind", "site"});
  CHECK(lines.code == CtlExit::kDone);
  CHECK_THAT(lines.out, Contains("site.added") && Contains("there s-") && !Contains("snapshot"));
  const auto json = events({"--kind", "site", "--json"});
  std::istringstream each(json.out);
  std::string first, second;
  std::getline(each, first);
  std::getline(each, second);
  CHECK(nlohmann::json::parse(first)["kind"] == "snapshot");
  CHECK(nlohmann::json::parse(second)["site_name"] == "there");
  CHECK(events({"--kind", "site", "--region", "11"}).out.empty());
  CHECK_THAT(events({"--kind", "node.gone"}).err, Contains("no event is of the kind"));
  CHECK(events({"--site", "nowhere"}).code == CtlExit::kFailed);
  CHECK(events({"--since", "x", "--follow"}).code == CtlExit::kFailed);
  CHECK(ctl({"--url", "http://127.0.0.1:" + std::to_string(free_port()), "events", "--follow"}).code == CtlExit::kUnreachable);
}

TEST_CASE("ctl events: the stream is read over TLS, and who shows nothing is refused") {
  const TemporaryFolder files;
  const auto certificate = files.path() + "/c.crt", key = files.path() + "/c.key";
  REQUIRE(make_self_signed(certificate, key, {"localhost", "127.0.0.1"}, SystemClock().unix_ms() / 1'000));
  Reach reach;
  reach.tls = *TlsPair::load(certificate, key);
  reach.gate.anonymous_reads = false;
  const TemporaryFolder state;
  Site site;
  site.name = "here";
  REQUIRE(create_state(state.path(), site));
  const WholeController controller(state.path(), reach);
  const std::string url = "https://127.0.0.1:" + std::to_string(controller.port);
  const auto added = ctl({"--url", url, "--tls-ca", certificate, "--state", state.path(), "sites", "add", "other", "--region", "11"});
  REQUIRE(added.code == CtlExit::kDone);
  CHECK(soon([&] {
    const auto said = ctl({"--url", url, "--tls-ca", certificate, "--state", state.path(), "events"});
    return said.code == CtlExit::kDone && said.out.find("site.added") != std::string::npos;
  }));
  CHECK(ctl({"--url", url, "--tls-ca", certificate, "--state", files.path(), "events", "-f"}).code == CtlExit::kRefused);
}

TEST_CASE("ctl events: who follows says when the controller is gone, comes again by itself, and says what gap there is") {
  Deployment deployment;
  deployment.start();
  Program follows({"capmapctl", "--url", "http://127.0.0.1:" + std::to_string(deployment.http_port), "--state", deployment.state(),
                   "events", "--follow"});
  REQUIRE(follows.wait_for_output("snapshot", 20s));
  REQUIRE(deployment.ctl({"sites", "add", "second", "--region", "32"}).code == 0);
  REQUIRE(follows.wait_for_output("second s-", 20s));
  deployment.stop(SIGKILL);
  REQUIRE(follows.wait_for_output("asking again in", 20s));
  deployment.start();
  REQUIRE(follows.wait_for_output("-- gap: the controller was restarted since", 60s));
  REQUIRE(deployment.ctl({"sites", "add", "third", "--region", "32"}).code == 0);
  CHECK(follows.wait_for_output("third s-", 20s));
  CHECK(follows.running());
}
