#include "controller/store/store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "common/transport.hpp"
#include "controller/store/lines.hpp"
#include "controller/store/state_folder.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using support::TemporaryFolder;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Site some_site(const std::string& name) {
  Site site;
  site.id = random_id<SiteId>();
  site.name = name;
  site.region = "1101";
  site.security_level = 3;
  return site;
}

KnownNode some_node(const SiteId& site) {
  return {
      .id = random_id<NodeId>(), .public_key = make_curve_keys().public_key, .site = site, .hostname = "host \"1\"", .joined_unix_ms = 17};
}

}  // namespace

TEST_CASE("store: what was put is there after opening again, newest record of an id wins") {
  const TemporaryFolder folder;
  Site site = some_site("东数西算");
  const KnownNode node = some_node(site.id);
  const TokenRecord token{.secret_hash = std::string(64, 'a'), .site = site.id, .uses_left = 2, .expires_unix_ms = 99};
  TokenRecord after = token;
  after.uses_left = 1;
  {
    auto store = open_file_store(folder.path());
    REQUIRE(store);
    REQUIRE((*store)->put_site(site));
    site.region = "31";
    REQUIRE((*store)->put_site(site));
    REQUIRE((*store)->put_token(token));
    REQUIRE((*store)->put_node(node, after));
  }
  for (int round = 0; round < 2; ++round) {  // the second opening reads what the first one compacted
    auto store = open_file_store(folder.path());
    REQUIRE(store);
    CHECK((*store)->state().sites == std::vector{site});
    CHECK((*store)->state().nodes == std::vector{node});
    CHECK((*store)->state().tokens == std::vector{after});
  }
}

TEST_CASE("store: a crash at any byte of the last line loses that line only, and nothing before it") {
  const TemporaryFolder folder;
  const Site first = some_site("first"), second = some_site("second");
  {
    auto store = open_file_store(folder.path());
    REQUIRE(store);
    REQUIRE((*store)->put_site(first));
  }
  const std::string path = folder.path() + "/store.jsonl";
  const std::string before = content_of(path);
  const std::string line = write_line(second) + "\n";
  for (std::size_t kept = 0; kept <= line.size(); ++kept) {
    std::ofstream(path, std::ios::trunc) << before << line.substr(0, kept);
    auto store = open_file_store(folder.path());
    REQUIRE(store);
    const std::size_t expected = kept == line.size() ? 2 : 1;
    CHECK((*store)->state().sites.size() == expected);
    CHECK((*store)->state().sites.front() == first);
  }
}

TEST_CASE("store: a line changed by hand refuses the start and names file and line") {
  const TemporaryFolder folder;
  { REQUIRE(open_file_store(folder.path())); }
  const std::string path = folder.path() + "/store.jsonl";
  std::ofstream(path, std::ios::app) << R"({"kind":"site","id":"s-nonsense"})"
                                     << "\n"
                                     << write_line(some_site("x")) << "\n";
  const std::string written = content_of(path);
  const auto store = open_file_store(folder.path());
  REQUIRE_FALSE(store);
  CHECK(store.error().code == ErrorCode::kMalformed);
  CHECK(store.error().what.find("store.jsonl:2: field \"id\"") != std::string::npos);
  CHECK(content_of(path) == written);  // nothing was thrown away
}

TEST_CASE("store: a second controller on the same folder is refused") {
  const TemporaryFolder folder;
  const auto store = open_file_store(folder.path());
  REQUIRE(store);
  const auto other = open_file_store(folder.path());
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("store: a site's words are checked and the error names the field") {
  Site site = some_site("ok");
  CHECK(validate_site(site));
  site.region = "1";
  CHECK(validate_site(site).error().what.find("region") == 0);
  site = some_site("ok");
  site.owner_class = "nobody";
  CHECK(validate_site(site).error().what.find("owner_class: \"nobody\" is not one of government") == 0);
  site = some_site("a\nb");
  CHECK(validate_site(site).error().what.find("name") == 0);
  site = some_site("ok");
  site.security_level = 6;
  CHECK(validate_site(site).error().what.find("security_level") == 0);
}

TEST_CASE("state folder: init makes keys for their owner only and never overwrites") {
  const TemporaryFolder folder;
  const auto made = create_state(folder.path(), some_site("here"));
  REQUIRE(made);
  struct stat status {};
  REQUIRE(stat((folder.path() + "/server.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(stat((folder.path() + "/admin.token").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto keys = load_server_keys(folder.path());
  REQUIRE(keys);
  CHECK(keys->public_key == made->server_public_key);
  const auto token = load_admin_token(folder.path());
  REQUIRE(token);
  CHECK(token->size() == 52);

  const auto again = create_state(folder.path(), some_site("other"));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kUnavailable);
  CHECK(load_server_keys(folder.path())->public_key == made->server_public_key);
}

TEST_CASE("state folder: an init that was cut off before its key is finished by the next one, with the same site") {
  const TemporaryFolder folder;
  const auto made = create_state(folder.path(), some_site("here"));
  REQUIRE(made);
  REQUIRE(unlink((folder.path() + "/server.key").c_str()) == 0);
  const auto again = create_state(folder.path(), some_site("here"));
  REQUIRE(again);
  CHECK(again->site.id == made->site.id);
}
