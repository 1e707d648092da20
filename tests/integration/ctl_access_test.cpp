// Users, tokens, logins and the audit as capmapctl does them, against a real controller.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "controller/ctl/commands.hpp"
#include "tests/support/access_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

struct Said {
  CtlExit code = CtlExit::kFailed;
  std::string out, err;
};

struct CtlWorld {
  CtlWorld() { setenv("XDG_CONFIG_HOME", home.path().c_str(), 1); }
  ~CtlWorld() { unsetenv("XDG_CONFIG_HOME"); }
  CtlWorld(const CtlWorld&) = delete;
  CtlWorld& operator=(const CtlWorld&) = delete;
  /// `typed` is what stands on the standard input.
  [[nodiscard]] Said ctl(std::vector<std::string> arguments, const std::string& typed = {}) const {
    arguments.insert(arguments.begin(), {"--url", "http://127.0.0.1:" + std::to_string(world.port()), "--state", world.folder.path()});
    std::istringstream input(typed);
    auto* const before = std::cin.rdbuf(input.rdbuf());
    std::cin.clear();
    std::ostringstream out, err;
    Said said;
    said.code = run_ctl(arguments, "1.2.3", out, err);
    std::cin.rdbuf(before);
    said.out = out.str();
    said.err = err.str();
    return said;
  }
  TemporaryFolder home;
  AccessWorld world;
};

}  // namespace

TEST_CASE("ctl: users are added, changed, disabled and removed") {
  const CtlWorld world;
  CHECK_THAT(world.ctl({"users", "add", "li", "--role", "operator", "--regions", "11", "--password"}, "correct horse battery\n").out,
             Contains("added li: operator, region 11"));
  CHECK(world.ctl({"users", "add", "li", "--role", "viewer"}).code == CtlExit::kFailed);
  CHECK(world.ctl({"users", "add", "bo", "--role", "king"}).code == CtlExit::kUsage);
  CHECK(world.ctl({"users", "add", "bo"}).code == CtlExit::kUsage);
  CHECK_THAT(world.ctl({"users", "add", "bo", "--role", "viewer", "--password"}, "short\n").err, Contains("12 to 1024 bytes"));
  CHECK_THAT(world.ctl({"users", "list"}).out, Contains("li") && Contains("region 11") && Contains("password"));
  CHECK_THAT(world.ctl({"users", "edit", "li", "--everything", "--role", "admin"}).out, Contains("changed li: admin, everything"));
  CHECK_THAT(world.ctl({"users", "edit", "li"}).err, Contains("nothing to change"));
  CHECK_THAT(world.ctl({"users", "disable", "li"}).out, Contains("disabled"));
  CHECK_THAT(world.ctl({"users", "edit", "li", "--enable"}).out, !Contains("disabled"));
  CHECK(world.ctl({"users", "remove", "li"}).code == CtlExit::kRefused);
  CHECK_THAT(world.ctl({"users", "remove", "li", "--yes"}).out, Contains("removed li"));
  CHECK(world.ctl({"users", "edit", "li", "--role", "viewer"}).code == CtlExit::kNotFound);
}

TEST_CASE("ctl: a login keeps a token of its own in a file nobody else may read, and logout ends both") {
  const CtlWorld world;
  REQUIRE(world.ctl({"users", "add", "li", "--role", "viewer", "--password"}, "correct horse battery\n").code == CtlExit::kDone);
  CHECK(world.ctl({"login", "li"}, "wrong password\n").code == CtlExit::kRefused);
  CHECK(world.ctl({"login", "li"}, "").code == CtlExit::kRefused);
  const auto login = world.ctl({"login", "li", "--expires", "1h"}, "correct horse battery\n");
  INFO(login.err);
  CHECK_THAT(login.out, Contains("logged in as li (viewer)"));
  const auto file = login.out.substr(login.out.find('/'), login.out.find('\n') - login.out.find('/'));
  struct stat status {};
  REQUIRE(stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  CHECK_THAT(world.ctl({"whoami"}).out, Contains("li, viewer, everything, by api_token"));
  CHECK(world.ctl({"sites", "add", "x"}).code == CtlExit::kRefused);  // the login goes before admin.token of this machine
  CHECK_THAT(world.ctl({"logout"}).out, Contains("logged out"));
  CHECK(stat(file.c_str(), &status) != 0);
  CHECK(world.ctl({"logout"}).code == CtlExit::kNotFound);
  CHECK(world.ctl({"sites", "add", "x"}).code == CtlExit::kDone);
}

TEST_CASE("ctl: API tokens are made, listed and revoked, and the audit tells of all that and is whole") {
  const CtlWorld world;
  REQUIRE(world.ctl({"users", "add", "li", "--role", "operator"}).code == CtlExit::kDone);
  const auto token =
      world.ctl({"users", "token", "create", "li", "--role", "viewer", "--label", "cron", "--expires", "90d", "--quiet"}).out;
  CHECK(token.starts_with("cma1."));
  const auto list = world.ctl({"users", "token", "list"}).out;
  CHECK_THAT(list, Contains("cron") && Contains("viewer"));
  const auto line = list.substr(list.find('\n') + 1);
  const auto id = line.substr(0, line.find(' '));
  CHECK_THAT(world.ctl({"users", "token", "revoke", id}).out, Contains("revoked API token " + id + " of li"));
  CHECK(world.ctl({"users", "token", "revoke", id}).code == CtlExit::kNotFound);
  const auto audit = world.ctl({"audit", "--json", "--since", "1h"}).out;
  CHECK_THAT(audit, Contains("api_token_made") && Contains("api_token_revoked") && Contains("user_added"));
  CHECK_THAT(world.ctl({"audit", "--what", "user_added"}).out, Contains("user_added") && !Contains("api_token"));
  const auto verified = world.ctl({"audit", "verify"}).out;
  CHECK_THAT(verified, Contains("the audit is whole"));
  const auto head = verified.substr(verified.rfind(' ') + 1, verified.size() - verified.rfind(' ') - 2);
  CHECK(world.ctl({"audit", "verify", "--expect", head}).code == CtlExit::kDone);
  auto forged = head;
  forged.back() = forged.back() == '0' ? '1' : '0';
  CHECK_THAT(world.ctl({"audit", "verify", "--expect", forged}).err, Contains("tampered with"));
}

TEST_CASE("ctl: a certificate is made once, and its fingerprints are shown") {
  const CtlWorld world;
  const auto made = world.ctl({"tls", "self-signed", "--name", "map.example.org"});
  CHECK_THAT(made.out, Contains("tls.crt") && Contains("public key   SHA-256 "));
  CHECK(world.ctl({"tls", "fingerprint"}).out == made.out);
  CHECK(world.ctl({"tls", "self-signed"}).code == CtlExit::kRefused);
}
