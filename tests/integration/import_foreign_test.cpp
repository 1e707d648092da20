// Inventories of other programs, from a file through capmapctl to what sites declare.
#include <catch2/catch.hpp>

#include "tests/support/import_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

std::string fixture(const char* name) {
  return std::string(CAPMAP_SOURCE_DIR) + "/tests/fixtures/inventories/" + name;
}

}  // namespace

TEST_CASE("sites import --from: what another program knows is shown first, then declared; the same again changes nothing") {
  const ImportWorld world;
  const auto import = [&world](std::vector<std::string> more) {
    more.insert(more.begin(), {"sites", "import", "--from", "slurm", fixture("slurm.conf"), "--site", "north"});
    return world.ctl(more);
  };
  const auto looked = import({"--dry-run"});
  INFO(looked.err);
  CHECK(looked.code == CtlExit::kDone);
  CHECK_THAT(looked.out,
             Contains("+ site north:") && Contains("declared.nodes 105") && Contains("+ pool") && Contains("9 machines left out"));
  CHECK(!world.sites().contains("north"));
  REQUIRE(import({"--yes"}).code == CtlExit::kDone);
  REQUIRE(world.shows("north"));
  CHECK(world.sites()["north"]["declared"]["nodes"] == 105);
  CHECK_THAT(import({"--yes"}).out, Contains("nothing to change"));

  const auto zones = world.ctl({"sites", "import", "--from", "kubernetes", fixture("kubernetes.json"), "--yes"});
  INFO(zones.err);
  CHECK(zones.code == CtlExit::kDone);
  CHECK(world.sites()["north"]["declared"]["nodes"] == 1);
  CHECK(world.sites()["south"]["declared"]["accelerators"] == 8);
}

TEST_CASE("sites import --from: mistakes are told with file and line, and nothing is changed; words that do not fit are wrong use") {
  const ImportWorld world;
  const auto file = world.file("nodes.txt", "NodeName=a Sockets=2\n\nNodeName=b Sockets=two\n");
  const auto wrong = world.ctl({"sites", "import", "--from", "slurm", file, "--site", "north", "--yes"});
  CHECK(wrong.code == CtlExit::kFailed);
  CHECK_THAT(wrong.err, Contains(file + ":3: sockets: \"two\" is no whole number") && Contains("nothing was changed"));
  CHECK(!world.sites().contains("north"));
  CHECK(world.ctl({"sites", "import", "--from", "excel", file}).code == CtlExit::kUsage);
  CHECK(world.ctl({"sites", "import", file, "--site", "north"}).code == CtlExit::kUsage);
  CHECK(world.ctl({"sites", "import", "--from", "slurm", "/nowhere/x", "--site", "n"}).code == CtlExit::kNotFound);
}
