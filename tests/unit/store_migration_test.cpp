// Tables of older versions become today's.
#include <catch2/catch.hpp>

#include "controller/store/schema.hpp"
#include "controller/store/store.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

std::unique_ptr<Store> opened(const std::string& folder) {
  auto store = open_store(folder, NoStore::kRefuse);
  INFO((store ? std::string() : store.error().what));
  REQUIRE(store);
  return std::move(*store);
}

}  // namespace

TEST_CASE("store: tables of version 1 become today's with all in them, and the old file is kept") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.db";
  const KnownNode node = some_node(random_id<SiteId>());
  {
    auto old = Database::open(path, Database::Mode::kCreate);
    REQUIRE(old);
    REQUIRE(migrate(*old, store_migrations().first(1)));
    auto put = old->prepare("insert into nodes values (?1, ?2, ?3, ?4, ?5)");
    REQUIRE(put);
    put->bind_blob(1, node.id.bytes).bind(2, node.public_key).bind_blob(3, node.site.bytes).bind(4, node.hostname).bind(5, 17);
    REQUIRE(put->step());
  }
  {
    const auto store = opened(folder.path());
    CHECK(nodes_of(*store) == std::vector{StoredNode{.node = node, .shape = {}, .last_seen_unix_ms = {}}});
    CHECK(store->facts()->version == store_migrations().size());
  }
  auto kept = Database::open(path + ".version-1", Database::Mode::kReadOnly);
  REQUIRE(kept);
  CHECK(*kept->number("pragma user_version") == 1);
  CHECK(*kept->number("select count(*) from nodes") == 1);
}

TEST_CASE("store: sites of version 5 declare nothing yet, not nought, and may from then on") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.db";
  Site site;
  site.id = random_id<SiteId>();
  site.name = "old";
  site.region = "1101";
  site.security_level = 3;
  site.hub = "京津冀";
  site.hub_cluster = "张家口";
  site.industry = "research";
  site.public_compute = true;
  {
    auto old = Database::open(path, Database::Mode::kCreate);
    REQUIRE(old);
    REQUIRE(migrate(*old, store_migrations().first(5)));
    auto put = old->prepare("insert into sites values (?1, 'old', '1101', '', '', '', 3, '京津冀', '张家口', 'research', 1)");
    REQUIRE(put);
    put->bind_blob(1, site.id.bytes);
    REQUIRE(put->step());
  }
  {
    const auto store = opened(folder.path());
    CHECK(*store->sites() == std::vector{site});
    site.declared = some_site("any").declared;
    REQUIRE(store->put_site(site));
  }
  CHECK(*opened(folder.path())->find_site("old") == site);
  auto kept = Database::open(path + ".version-5", Database::Mode::kReadOnly);
  REQUIRE(kept);
  CHECK(*kept->number("select count(*) from sites") == 1);
}

TEST_CASE("store: sites of version 6 have no owner and lie nowhere yet, and owners and links may come from then on") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.db";
  Site site;
  site.id = random_id<SiteId>();
  site.name = "old";
  site.region = "11";
  {
    auto old = Database::open(path, Database::Mode::kCreate);
    REQUIRE(old);
    REQUIRE(migrate(*old, store_migrations().first(6)));
    auto put = old->prepare("insert into sites values (?1, 'old', '11', '', '', '', null, '', '', '', null, '')");
    REQUIRE(put);
    put->bind_blob(1, site.id.bytes);
    REQUIRE(put->step());
  }
  const std::vector<Owner> owners = {{.name = "a", .owner_class = ""}, {.name = "b", .owner_class = "private"}};
  TrunkLink link{.name = "l", .from = site.id, .to = random_id<SiteId>(), .gbps = 400, .km = {}, .latency_us = 0};
  {
    const auto store = opened(folder.path());
    CHECK(*store->sites() == std::vector{site});
    CHECK(store->site_register()->owners.empty());
    site.owner = "b";
    site.filing_number = "7";
    site.latitude_udeg = -1;
    site.longitude_udeg = 180'000'000;
    site.pue_permille = 1'000;
    site.green_share_permille = 0;
    REQUIRE(store->put_site(site));
    REQUIRE(store->put_owner(owners[1]));
    REQUIRE(store->put_owner({.name = "a", .owner_class = "government"}));
    REQUIRE(store->put_owner(owners[0]));
    REQUIRE(store->put_link(link));
    link.gbps.reset();
    REQUIRE(store->put_link(link));
  }
  const auto store = opened(folder.path());
  CHECK(*store->find_site("old") == site);
  CHECK(store->site_register()->owners == owners);
  CHECK(store->site_register()->links == std::vector{link});
  CHECK(*store->find_owner("b") == owners[1]);
  CHECK_FALSE(store->find_owner("c")->has_value());
  CHECK(*Database::open(path + ".version-6", Database::Mode::kReadOnly)->number("select count(*) from sites") == 1);
}

TEST_CASE("store: a step that fails leaves the version before it whole") {
  const TemporaryFolder folder;
  auto database = Database::open(folder.path() + "/x.db", Database::Mode::kCreate);
  REQUIRE(database);
  const std::vector<Migration> steps = {{.what = "a", .sql = "create table a(x integer) strict;"},
                                        {.what = "b", .sql = "create table b(x integer) strict; insert into nowhere values (1);"}};
  CHECK_FALSE(migrate(*database, steps));
  CHECK(*database->number("pragma user_version") == 1);
  CHECK(*database->number("select count(*) from sqlite_schema") == 1);
}
