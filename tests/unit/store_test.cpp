#include "controller/store/store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "controller/store/backup.hpp"
#include "controller/store/schema.hpp"
#include "controller/store/state_folder.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::unique_ptr<Store> opened(const std::string& folder, NoStore none = NoStore::kRefuse) {
  auto store = open_store(folder, none);
  INFO((store ? std::string() : store.error().what));
  REQUIRE(store);
  return std::move(*store);
}

}  // namespace

TEST_CASE("store: what was put is there after opening again, the newest of an id wins, and notes stay when a node is put again") {
  const TemporaryFolder folder;
  Site site = some_site("东数西算");
  KnownNode node = some_node(site.id);
  TokenRecord token = some_token(site.id);
  const EncodedShape shape = some_shape(3);
  const AuditEntry entry{.at_unix_ms = 5, .who = "admin", .what = "site_added", .subject = to_text(site.id), .detail = "x\ny"};
  {
    auto store = opened(folder.path(), NoStore::kCreate);
    REQUIRE(store->put_site(site));
    site.region = "31";
    site.security_level.reset();
    site.public_compute = false;
    site.industry.clear();
    REQUIRE(store->put_site(site));
    REQUIRE(store->put_token(token));
    REQUIRE(store->begin());
    REQUIRE(store->put_node(node));
    token.uses_left = 1;
    REQUIRE(store->put_token(token));
    REQUIRE(store->add_audit(entry));
    REQUIRE(store->commit());
    REQUIRE(store->note({{.node = node.id, .seen_unix_ms = 4'000'000, .shape = shape.id, .bytes = shape}}));
    node.hostname = "renamed";
    REQUIRE(store->put_node(node));
  }
  const auto store = opened(folder.path());
  CHECK(*store->sites() == std::vector{site});
  CHECK(*store->find_site(site.name) == site);
  CHECK(*store->find_site(to_text(site.id)) == site);
  CHECK_FALSE(store->find_site("nowhere")->has_value());
  CHECK(nodes_of(*store) == std::vector{StoredNode{.node = node, .shape = shape.id, .last_seen_unix_ms = 4'000'000}});
  CHECK(*store->find_node(node.public_key) == node);
  CHECK(*store->find_token(token.secret_hash) == token);
  CHECK(*store->audit() == std::vector{entry});
  CHECK(*store->shapes() == std::vector{shape});
}

TEST_CASE("store: what is rolled back was never there") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path(), NoStore::kCreate);
  const Site site = some_site("a");
  REQUIRE(store->begin());
  REQUIRE(store->put_site(site));
  REQUIRE(store->put_node(some_node(site.id)));
  store->roll_back();
  CHECK(store->sites()->empty());
  CHECK(store->facts()->nodes == 0);
  REQUIRE(store->put_site(site));
  CHECK(store->sites()->size() == 1);
}

TEST_CASE("store: notes of unknown nodes are passed over, a new shape takes the old one's place, seen times keep to the hour") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path(), NoStore::kCreate);
  const KnownNode node = some_node(random_id<SiteId>());
  REQUIRE(store->put_node(node));
  const EncodedShape first = some_shape(1), second = some_shape(2);
  REQUIRE(store->note({{.node = random_id<NodeId>(), .seen_unix_ms = 1, .shape = {}, .bytes = {}}}));
  REQUIRE(store->note({{.node = node.id, .seen_unix_ms = 10'000'000, .shape = first.id, .bytes = first}}));
  REQUIRE(store->note({{.node = node.id, .seen_unix_ms = 10'060'000, .shape = {}, .bytes = {}}}));
  CHECK(nodes_of(*store).at(0).last_seen_unix_ms == 10'000'000U);
  REQUIRE(store->note({{.node = node.id, .seen_unix_ms = 13'600'000, .shape = {}, .bytes = {}}}));
  CHECK(nodes_of(*store).at(0).last_seen_unix_ms == 13'600'000U);
  CHECK(nodes_of(*store).at(0).shape == first.id);
  REQUIRE(store->note({{.node = node.id, .seen_unix_ms = 13'600'000, .shape = second.id, .bytes = {}}}));
  CHECK_FALSE(nodes_of(*store).at(0).shape.has_value());  // another shape, its bytes not known: the old one would be a lie
  REQUIRE(store->note({{.node = node.id, .seen_unix_ms = 13'600'000, .shape = second.id, .bytes = second}}));
  CHECK(nodes_of(*store).at(0).shape == second.id);
  CHECK(*store->shapes() == std::vector{second});
  CHECK(nodes_of(*store).size() == 1);
}

TEST_CASE("store: a second controller on the same folder is refused") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path(), NoStore::kCreate);
  const auto other = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("store: a folder that has lost its database is no new one") {
  const TemporaryFolder folder;
  const auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == ErrorCode::kAbsent);
  CHECK(store.error().what.find("capmapctl restore FILE") != std::string::npos);
}

TEST_CASE("store: the journal of capmap 0.1 is taken over once, its torn last line dropped, and kept under another name") {
  const TemporaryFolder folder;
  Site site = some_site("old");
  site.hub = site.hub_cluster = site.industry = {};  // a journal knows none of these
  site.public_compute.reset();
  site.declared = {};
  site.owner = site.filing_number = {};
  site.latitude_udeg.reset();
  site.longitude_udeg.reset();
  site.pue_permille.reset();
  site.green_share_permille.reset();
  const KnownNode node = some_node(site.id);
  const std::string journal = folder.path() + "/store.jsonl";
  const std::string token = R"({"kind":"token","secret_hash":"aa","site":")" + to_text(site.id) + R"(","uses_left":)";
  const std::string text =
      "{\"capmap_store\":1}\n"
      R"({"kind":"site","name":"old","region":"1101","owner_class":"","compute_class":"","service":"",)"
      R"("security_level":3,"id":")" +
      to_text(site.id) + "\"}\n" + token + "2,\"expires_unix_ms\":9}\n" +
      R"({"kind":"node","hostname":"host-1","joined_unix_ms":17,"id":")" + to_text(node.id) + R"(","public_key":")" + node.public_key +
      R"(","site":")" + to_text(site.id) + R"(","token":)" + token + "1,\"expires_unix_ms\":9}}\n{\"kind\":\"si";
  std::ofstream(journal) << text;
  for (int round = 0; round < 2; ++round) {
    const auto store = opened(folder.path());
    CHECK(*store->sites() == std::vector{site});
    CHECK(nodes_of(*store) == std::vector{StoredNode{.node = node, .shape = {}, .last_seen_unix_ms = {}}});
    CHECK((*store->find_token("aa"))->uses_left == 1);
  }
  CHECK(content_of(journal + ".imported") == text);
  CHECK(access(journal.c_str(), F_OK) != 0);
}

TEST_CASE("store: a journal line changed by hand refuses the start, names file and line, and nothing is made of the rest") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/store.jsonl") << "{\"capmap_store\":1}\n{\"kind\":\"site\",\"id\":\"s-nonsense\"}\n";
  const auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == ErrorCode::kMalformed);
  CHECK(store.error().what.find("store.jsonl:2: field \"id\"") != std::string::npos);
  CHECK(access((folder.path() + "/store.db").c_str(), F_OK) != 0);
}

TEST_CASE("store: tables of a newer capmap and databases of somebody else are refused and left as they are") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.db";
  opened(folder.path(), NoStore::kCreate).reset();
  REQUIRE(Database::open(path, Database::Mode::kReadWrite)->run("pragma user_version = 99"));
  const auto newer = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().what.find("has version 99, made by a newer capmap") != std::string::npos);
  REQUIRE(Database::open(path, Database::Mode::kReadWrite)->run("pragma application_id = 7"));
  const auto foreign = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().what.find("no store of capmap") != std::string::npos);
}

TEST_CASE(
    "store: a file with garbage in its middle, cut short, emptied or no database refuses the start, says the way out, stays as it is") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.db";
  {
    const auto store = opened(folder.path(), NoStore::kCreate);
    REQUIRE(store->begin());
    for (int i = 0; i < 500; ++i) REQUIRE(store->put_node(some_node(random_id<SiteId>())));
    REQUIRE(store->commit());
  }
  const std::string whole = content_of(path);
  REQUIRE(whole.size() > 40'000);
  const std::string garbage = whole.substr(0, 20'000) + std::string(8'192, '\xA5') + whole.substr(28'192);
  for (const auto& bad : {garbage, whole.substr(0, whole.size() / 2), std::string(), std::string(30'000, 'x')}) {
    std::ofstream(path, std::ios::trunc) << bad;
    const auto store = open_store(folder.path(), NoStore::kRefuse);
    REQUIRE_FALSE(store);
    CHECK(store.error().code == ErrorCode::kMalformed);
    CHECK(store.error().what.find(path) == 0);
    CHECK(store.error().what.find("restore") != std::string::npos);
    CHECK(content_of(path) == bad);
    CHECK_FALSE(check_store_file(path));
  }
}

TEST_CASE("backup: holds one moment while the store is open, is never overwritten, and comes back with a higher generation") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/backup.db", path = folder.path() + "/store.db";
  const Site before = some_site("before"), after = some_site("after");
  auto store = opened(folder.path(), NoStore::kCreate);
  REQUIRE(store->put_site(before));
  const auto facts = back_up(folder.path(), file, {});
  REQUIRE(facts);
  CHECK(facts->sites == 1);
  struct stat status {};
  REQUIRE(stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(back_up(folder.path(), file, {}).error().code == ErrorCode::kDenied);
  REQUIRE(store->put_site(after));
  CHECK(check_store_file(file)->sites == 1);

  CHECK(restore_store(folder.path(), file, 1'000, {}).error().what.find("its controller runs") != std::string::npos);
  const auto generation = store->facts()->generation;
  store.reset();
  const auto restored = restore_store(folder.path(), file, 1'000, {});
  REQUIRE(restored);
  CHECK(restored->facts.generation > generation);
  CHECK(*opened(folder.path())->sites() == std::vector{before});
  CHECK(check_store_file(restored->kept_as)->sites == 2);  // what stood there is not lost

  std::ofstream(path, std::ios::trunc) << "damaged";
  const auto over_damage = restore_store(folder.path(), file, 50'000'000'000, {});
  REQUIRE(over_damage);
  CHECK(over_damage->facts.generation >= 50'000'000);
  CHECK(content_of(over_damage->kept_as) == "damaged");
  CHECK(*opened(folder.path())->sites() == std::vector{before});

  std::ofstream(folder.path() + "/bad") << "no database at all, but long enough to be looked at";
  CHECK(restore_store(folder.path(), folder.path() + "/bad", 1'000, {}).error().code == ErrorCode::kMalformed);
  CHECK(restore_store(folder.path(), folder.path() + "/none", 1'000, {}).error().code == ErrorCode::kAbsent);
  CHECK(*opened(folder.path())->sites() == std::vector{before});
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
