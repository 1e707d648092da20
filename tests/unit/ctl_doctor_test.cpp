#include <catch2/catch.hpp>
#include <fstream>

#include "controller/ctl/doctor.hpp"
#include "tests/support/program.hpp"

namespace capmap {
namespace {

TEST_CASE("ctl doctor: the exposure that systemd tells is read in tenths, and other text tells none") {
  CHECK(exposure_of("✗ PrivateNetwork= … 0.5\n\n→ Overall exposure level for capmap-controller.service: 1.2 OK 🙂\n") == 12);
  CHECK(exposure_of("→ Overall exposure level for x.service: 9.6 UNSAFE") == 96);
  CHECK(exposure_of("→ Overall exposure level for x.service: 10.0 DANGEROUS") == 100);
  for (const char* text :
       {"", "Overall exposure level for ", "Overall exposure level for x.service:", "Overall exposure level for x.service: ",
        "Overall exposure level for x.service: OK", "Overall exposure level for x.service: 123456.7"}) {
    INFO(text);
    CHECK_FALSE(exposure_of(text));
  }
}

TEST_CASE("ctl doctor: places and ports come from the settings file, and what it does not say stays as it was") {
  const support::TemporaryFolder folder;
  const std::string file = folder.path() + "/controller.toml";
  std::ofstream(file) << "[http]\nport = 9470\ncertificate_file = \"/etc/a.crt\"\nprivate_key_file = \"/etc/a.pem\"\n"
                         "[messages]\nmost_connections = 5000\n[enrol]\nport = 70000\n";
  const auto places = read_controller_places(file, {});
  REQUIRE(places);
  CHECK(places->http_port == 9'470);
  CHECK(places->message_port == 8'471);
  CHECK(places->enrol_port == 8'472);  // 70000 is no port: the controller says so
  CHECK(places->most_connections == 5'000);
  CHECK(places->certificates == std::vector<std::string>{"/etc/a.crt"});
  CHECK(places->private_keys == std::vector<std::string>{"/etc/a.pem"});

  ControllerPlaces own;
  own.state = "/srv/state";
  CHECK(read_controller_places(folder.path() + "/none", own)->state == "/srv/state");
  std::ofstream(file) << "[http\n";
  const auto bad = read_controller_places(file, {});
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == ErrorCode::kMalformed);
  CHECK(bad.error().what.find(file + ":") == 0);
}

}  // namespace
}  // namespace capmap
