// How the real capmap-agent takes its settings, with the real capmap-probe behind it.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <utility>

#include "common/transport.hpp"
#include "tests/support/program.hpp"
#include "tests/support/put_file.hpp"

using namespace capmap;
using support::put_file;
using support::Ran;
using support::run;
using support::TemporaryFolder;

namespace {

TEST_CASE("agent settings: --print-config shows values and where they come from, lowest to highest joined, file, flag") {
  const TemporaryFolder folder;
  const std::string config = folder.path() + "/agent.toml", joined = folder.path() + "/joined.toml";
  put_file(joined, "[controller]\nendpoint = \"tcp://a:1\"\npublic_key = \"k\"\n");
  put_file(config, "state = \"" + folder.path() + "\"\ncontroller.endpoint = \"tcp://b:2\"\n[shape]\nevery_s = 77\n");
  const Ran ran = run({"capmap-agent", "--config", config, "--shape-every-s=99", "--print-config"});
  CAPTURE(ran.output);
  CHECK(ran.code == 0);
  CHECK(ran.output.find("controller.endpoint = \"tcp://b:2\"  # " + config + ":2\n") != std::string::npos);
  CHECK(ran.output.find("controller.public_key = \"k\"  # " + joined + ":3\n") != std::string::npos);
  CHECK(ran.output.find("shape.every_s = 99  # flag\n") != std::string::npos);
  CHECK(ran.output.find("log.level = \"info\"  # default\n") != std::string::npos);
}

TEST_CASE("agent settings: labels come from the file and the flag; a bad one stops the service and names its line and the fix") {
  const TemporaryFolder folder;
  const std::string config = folder.path() + "/agent.toml";
  put_file(config, "[labels]\nrack = \"r12\"\nroom = \"1\"\n");
  const Ran ran =
      run({"capmap-agent", "--state", folder.path(), "--config", config, "--label", "rack=r13", "--label=row=b", "--print-config"});
  CAPTURE(ran.output);
  CHECK(ran.output.find("labels = { \"rack\" = \"r13\", \"room\" = \"1\", \"row\" = \"b\" }  # flag\n") != std::string::npos);
  put_file(config, "[labels]\nrack = \"r12\"\nRoom = \"1\"\n");
  const Ran wrong = run({"capmap-agent", "--state", folder.path(), "--config", config});
  CAPTURE(wrong.output);
  CHECK(wrong.code == 2);
  CHECK(wrong.output.find(config + ":3:1: labels.Room is no label: a key has 1 to 63 of a-z 0-9 . _ -") != std::string::npos);
}

TEST_CASE("agent settings: an unknown key stops the service and names its line and the nearest key") {
  const TemporaryFolder folder;
  const std::string config = folder.path() + "/agent.toml";
  put_file(config, "\n[controler]\nendpoint = \"x\"\n");
  const Ran ran = run({"capmap-agent", "--state", folder.path(), "--config", config});
  CAPTURE(ran.output);
  CHECK(ran.code == 2);
  CHECK(ran.output.find(config + ":2:") != std::string::npos);
  CHECK(ran.output.find("unknown key controler; the nearest known one is controller\n") != std::string::npos);
}

TEST_CASE("agent settings: what would not start is not printed as if it would") {
  for (const auto& [flag, what] : {std::pair{"--log-level=loud", "log.level: \"loud\" is none of trace, debug, info, warn, error"},
                                   std::pair{"--metrics-listen=0.0.0.0:9", "metrics.listen: \"0.0.0.0:9\""}}) {
    const Ran ran = run({"capmap-agent", flag, "--print-config"});
    CAPTURE(ran.output);
    CHECK(ran.code == 2);
    CHECK(ran.output.find(what) != std::string::npos);
  }
}

TEST_CASE("agent settings: a named file must be there, readable and within bounds") {
  const TemporaryFolder folder;
  const std::string config = folder.path() + "/agent.toml";
  const Ran absent = run({"capmap-agent", "--state", folder.path(), "--config", config});
  CHECK(absent.code == 1);
  CHECK(absent.output.find(config + ": No such file or directory") != std::string::npos);
  const Ran no_file = run({"capmap-agent", "--state", folder.path(), "--config", folder.path()});
  CHECK(no_file.output.find("not a file") != std::string::npos);
  put_file(config, "shape.every_s = 120\n");
  REQUIRE(chmod(config.c_str(), 0) == 0);
  if (geteuid() == 0) return;
  const Ran denied = run({"capmap-agent", "--state", folder.path(), "--config", config});
  CHECK(denied.code == 1);
  CHECK(denied.output.find("Permission denied") != std::string::npos);
}

TEST_CASE("agent settings: without a controller it says how to join") {
  const TemporaryFolder folder;
  const Ran ran = run({"capmap-agent", "--state", folder.path()});
  CAPTURE(ran.output);
  CHECK(ran.code == 1);
  CHECK(ran.output.find("capmap-agent join TOKEN") != std::string::npos);
}

TEST_CASE("agent settings: values without meaning and flags that do not exist are refused") {
  const TemporaryFolder folder;
  const std::string key = make_curve_keys().public_key;
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"capmap-agent", "--state", folder.path()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const auto refused = [&](std::vector<std::string> more, const std::string& because) {
    const Ran ran = with(std::move(more));
    CAPTURE(ran.output, because);
    CHECK(ran.code == 2);
    CHECK(ran.output.find(because) != std::string::npos);
  };
  refused({"--controller-endpoint", "a:1"}, "is not tcp://host:port");
  refused({"--controller-endpoint", "tcp://a:65536"}, "is not tcp://host:port");
  refused({"--controller-endpoint", "tcp://a:1", "--controller-public-key", "short"}, "not a key of 40 characters");
  refused({"--controller-endpoint", "tcp://a:1", "--controller-public-key", key, "--log-level", "loud"}, "none of trace");
  refused({"--shape-every-s", "0"}, "--shape-every-s takes a number from 1 to");
  refused({"--colour", "red"}, "unknown flag \"--colour\"");
  refused({"--state"}, "--state takes a value");
  refused({"start"}, "unknown word \"start\"");
}

TEST_CASE("agent settings: a key that others may read is refused, a missing one says how to get it") {
  const TemporaryFolder folder;
  const auto keys = make_curve_keys();
  const std::vector<std::string> words = {
      "capmap-agent", "--state", folder.path(), "--controller-endpoint", "tcp://127.0.0.1:1", "--controller-public-key", keys.public_key};
  const Ran absent = run(words);
  CHECK(absent.code == 1);
  CHECK(absent.output.find("agent.key") != std::string::npos);
  REQUIRE(save_curve_keys(folder.path() + "/agent.key", keys));
  REQUIRE(chmod((folder.path() + "/agent.key").c_str(), 0644) == 0);
  const Ran open = run(words);
  CHECK(open.code == 1);
  CHECK(open.output.find("chmod 600") != std::string::npos);
  REQUIRE(chmod((folder.path() + "/agent.key").c_str(), 0600) == 0);
  const std::string server_keys = folder.path() + "/server.keys";
  std::ofstream(server_keys) << "1\n";
  REQUIRE(chmod(server_keys.c_str(), 0664) == 0);
  const Ran replaceable = run(words);
  CHECK(replaceable.code == 1);
  CHECK(replaceable.output.find("chmod 600 " + server_keys) != std::string::npos);
}

TEST_CASE("agent settings: --help lists every flag, --version tells the version") {
  const Ran help = run({"capmap-agent", "--help"});
  CHECK(help.code == 0);
  CHECK(help.output.find("--thresholds-usage-every-intervals VALUE") != std::string::npos);
  const Ran version = run({"capmap-agent", "--version"});
  CHECK(version.code == 0);
  CHECK(version.output.find("capmap-agent ") == 0);
}

}  // namespace
