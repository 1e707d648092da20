#include <catch2/catch.hpp>

#include "controller/store/schema.hpp"
#include "controller/store/state_folder.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

const RegionList kList = {.year = 2024,
                          .rows = {{.code = "11", .name = "北京市", .name_en = "Beijing", .year = 2024},
                                   {.code = "1101", .name = "市辖区", .name_en = {}, .year = 2024},
                                   {.code = "110103", .name = "崇文区", .name_en = {}, .year = 2009}}};

}  // namespace

TEST_CASE("store: a code list of regions is kept as a whole, with its year and what former lists said, and replaced as a whole") {
  const TemporaryFolder folder;
  {
    auto store = open_store(folder.path(), NoStore::kCreate);
    REQUIRE(store);
    CHECK(*(*store)->regions() == RegionList{});
    REQUIRE((*store)->begin());
    REQUIRE((*store)->put_regions(kList));
    REQUIRE((*store)->commit());
    REQUIRE((*store)->begin());
    REQUIRE((*store)->put_regions({.year = 2025, .rows = {}}));
    (*store)->roll_back();
  }
  auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE(store);
  CHECK(*(*store)->regions() == kList);
  const RegionList next = {.year = 2025, .rows = {{.code = "12", .name = "天津市", .name_en = {}, .year = 2025}}};
  REQUIRE((*store)->put_regions(next));
  CHECK(*(*store)->regions() == next);
}

TEST_CASE("store: tables before code lists had years become today's, without a list") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.db";
  std::size_t before = 0;
  while (std::string(store_migrations()[before].what).find("code list") == std::string::npos) ++before;
  {
    auto old = Database::open(path, Database::Mode::kCreate);
    REQUIRE(old);
    REQUIRE(migrate(*old, store_migrations().first(before)));
  }
  auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE(store);
  CHECK(*(*store)->regions() == RegionList{});
  REQUIRE((*store)->put_regions(kList));
  CHECK(*(*store)->regions() == kList);
}
