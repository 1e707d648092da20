// capmapctl sites edit over a real controller.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/ctl/commands.hpp"
#include "tests/support/deployment.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

struct Said {
  CtlExit code = CtlExit::kFailed;
  std::string out, err;
};

struct EditWorld {
  EditWorld() {
    deployment.start();
    REQUIRE(deployment.ctl({"sites", "add", "there", "--region", "32"}).code == 0);
    REQUIRE(eventually([this] { return !site("there").is_null(); }, std::chrono::seconds(20)));
  }
  Said edit(std::vector<std::string> more, bool terminal = false) const {
    std::vector<std::string> arguments = {
        "--url", "http://127.0.0.1:" + std::to_string(deployment.http_port), "--state", deployment.state(), "sites", "edit"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::ostringstream out, err;
    Said said;
    said.code = run_ctl(arguments, "1.2.3", out, err, Terminal{.present = terminal});
    said.out = out.str();
    said.err = err.str();
    return said;
  }
  nlohmann::json site(const std::string& name) const {
    const auto answer = nlohmann::json::parse(deployment.ctl({"sites", "list", "--json"}).output, nullptr, false);
    if (!answer.is_object()) return {};
    for (const auto& one : answer.value("sites", nlohmann::json::array())) {
      if (one["name"] == name) return one;
    }
    return {};
  }
  /// The map shows it a moment after it was done.
  bool becomes(const std::string& column, const nlohmann::json& value) const {
    return eventually([&] { return site("there").value(column, nlohmann::json()) == value; }, std::chrono::seconds(20));
  }
  std::string audit() const { return deployment.ctl({"audit", "--json"}).output; }

  Deployment deployment;
};

}  // namespace

TEST_CASE("ctl sites edit: what would change is shown, then done and in the audit; what is not said stays") {
  const EditWorld world;
  const auto shown = world.edit({"there", "--pue", "1.25", "--industry", "steel", "--dry-run"});
  CHECK(shown.code == CtlExit::kDone);
  CHECK_THAT(shown.out, Contains("~ pue – → 1.25\n") && Contains("~ industry – → steel\n") && Contains("nothing was changed: --dry-run"));
  CHECK(world.site("there")["pue"].is_null());
  const auto refused = world.edit({"there", "--pue", "1.25"});
  CHECK(refused.code == CtlExit::kRefused);
  CHECK_THAT(refused.err, Contains("--yes"));
  const auto done = world.edit({"there", "--pue", "1.25", "--industry", "steel", "--declared-nodes", "40", "--yes"});
  INFO(done.err);
  CHECK(done.code == CtlExit::kDone);
  CHECK_THAT(done.out, Contains("site there changed"));
  CHECK(world.becomes("industry", "steel"));
  CHECK(world.site("there")["region"] == "32");
  CHECK(world.site("there")["declared"]["nodes"] == 40);
  CHECK_THAT(world.audit(), Contains("site_changed") && Contains("pue – → 1.25"));
  CHECK_THAT(world.edit({"there", "--pue", "1.25", "--yes"}).out, Contains("nothing to change"));
  const auto id = world.site("there")["id"].get<std::string>();
  CHECK(world.edit({id, "--industry", "", "--yes"}).code == CtlExit::kDone);
  CHECK(world.becomes("industry", nullptr));
  CHECK(world.edit({id, "--name", "elsewhere", "--yes"}).code == CtlExit::kDone);
  CHECK(eventually([&] { return world.site("elsewhere")["id"] == id; }, std::chrono::seconds(20)));
}

TEST_CASE("ctl sites edit: what cannot be is refused with its place, and a site that is not there is not made") {
  const EditWorld world;
  CHECK_THAT(world.edit({"there", "--pue", "9", "--yes"}).err, Contains("pue: must be a number"));
  CHECK_THAT(world.edit({"there", "--owner", "nobody", "--yes"}).err, Contains("owner: no owner is called"));
  const auto nowhere = world.edit({"nowhere", "--pue", "1.2", "--yes"});
  CHECK(nowhere.code == CtlExit::kNotFound);
  CHECK(world.site("nowhere").is_null());
  CHECK_THAT(world.edit({"there", "--region", "99", "--yes"}).err, Contains("region: "));
  CHECK_THAT(world.edit({"there", "--region", "31", "--yes"}).out, Contains("~ region 32 → 31\n"));
  CHECK(world.becomes("region", "31"));
  REQUIRE(world.deployment.ctl({"sites", "add", "taken", "--region", "11"}).code == 0);
  const auto taken = world.edit({"there", "--name", "taken", "--yes"});
  CHECK(taken.code != CtlExit::kDone);
  CHECK_THAT(taken.err, Contains("name: a site \"taken\" is already there"));
  CHECK_THAT(world.edit({"there"}).err, Contains("an editor is asked on a terminal alone"));
}

TEST_CASE("ctl sites edit: in an editor a site's file is changed, and what was typed is kept where it is refused") {
  const EditWorld world;
  unsetenv("VISUAL");
  setenv("EDITOR", "sed -i 's/^industry =.*/industry = steel/'", 1);
  const auto done = world.edit({"there", "--yes"}, true);
  INFO(done.err);
  CHECK(done.code == CtlExit::kDone);
  CHECK_THAT(done.out, Contains("~ industry – → steel"));
  CHECK(world.becomes("industry", "steel"));
  setenv("EDITOR", "true", 1);
  CHECK_THAT(world.edit({"there", "--yes"}, true).out, Contains("nothing to change"));
  setenv("EDITOR", "sed -i 's/^pue =.*/pue = 9/'", 1);
  const auto refused = world.edit({"there", "--yes"}, true);
  CHECK(refused.code == CtlExit::kFailed);
  CHECK_THAT(refused.err, Contains("pue: ") && Contains("what was typed is kept in "));
  const auto at = refused.err.rfind("kept in ");
  REQUIRE(at != std::string::npos);
  const auto path = refused.err.substr(at + 8, refused.err.find('\n', at) - at - 8);
  CHECK_THAT(refused.err, Contains(path + ":"));
  CHECK(std::filesystem::remove(path));
  setenv("EDITOR", "false", 1);
  CHECK_THAT(world.edit({"there", "--yes"}, true).err, Contains("set EDITOR"));
  unsetenv("EDITOR");
}
