#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "agent/settings.hpp"
#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

TEST_CASE("agent settings: what capmap-probe writes is what the service reads") {
  AgentSettings settings;
  settings.controller_endpoint = "tcp://[::1]:8471";
  settings.controller_public_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7=";
  settings.state = "/tmp/a folder=with signs";
  settings.shape_every_s = 60;
  settings.thresholds.permille = 7;
  settings.thresholds.usage_every_intervals = 3;
  settings.labels = {{"a.b", "c = d"}, {"rack", "r12"}};
  const auto read = parse_setting_lines(write_setting_lines(settings));
  REQUIRE(read);
  CHECK(write_setting_lines(*read) == write_setting_lines(settings));
  CHECK(read->controller_public_key == settings.controller_public_key);
  CHECK(read->state == settings.state);
  CHECK(read->thresholds.permille == 7);
  CHECK(read->labels == settings.labels);
}

TEST_CASE("agent settings: lines of another version are refused by name") {
  for (const char* lines : {"new.key=1\n", "shape.every_s=soon\n", "shape.every_s=0\n", "thresholds.permille=4294967296\n",
                            "shape.every_s\n", "labels=Rack=x\n"}) {
    CAPTURE(lines);
    const auto read = parse_setting_lines(lines);
    REQUIRE_FALSE(read);
    CHECK(read.error().what.find("are capmap-agent and capmap-probe of one version?") != std::string::npos);
  }
  CHECK(parse_setting_lines(""));
}

TEST_CASE("agent settings: the example file names every setting with its default") {
  std::ifstream in(CAPMAP_SOURCE_DIR "/packaging/config/agent.toml");
  REQUIRE(in);
  std::string uncommented;
  for (std::string line; std::getline(in, line);) {
    const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    uncommented += (setting ? line.substr(1) : line) + "\n";
  }
  const test::FakeHost folder;
  folder.put("agent.toml", uncommented);
  AgentSettings read;
  auto list = list_settings(read);
  const auto done = read_toml(folder.path() + "/agent.toml", list);
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  for (const auto& setting : list) {
    CAPTURE(setting.key);
    CHECK(setting.origin != "default");
  }
  CHECK(write_setting_lines(read) == write_setting_lines(AgentSettings{}));
}

}  // namespace
}  // namespace capmap
