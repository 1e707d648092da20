#include <catch2/catch.hpp>

#include "controller/store/site_codes.hpp"
#include "controller/store/state_folder.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

TEST_CASE("store: codes of a site are kept with it, replaced as a whole, and gone when it has none any more") {
  const TemporaryFolder folder;
  Site coded = some_site("coded"), bare = some_site("bare");
  coded.codes = {{"organization", "20004"}, {"pool_zones.a=b", "503"}};
  {
    auto store = open_store(folder.path(), NoStore::kCreate);
    REQUIRE(store);
    REQUIRE((*store)->put_site(coded));
    REQUIRE((*store)->put_site(bare));
    CHECK(*(*store)->find_site("coded") == coded);
    CHECK(*(*store)->find_site(to_text(bare.id)) == bare);
  }
  auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE(store);
  auto sites = *(*store)->sites();
  std::ranges::sort(sites, {}, &Site::name);
  CHECK(sites == std::vector{bare, coded});
  coded.codes = {{"zone", "1"}};
  REQUIRE((*store)->put_site(coded));
  CHECK(*(*store)->find_site("coded") == coded);
  coded.codes.clear();
  REQUIRE((*store)->put_site(coded));
  CHECK(*(*store)->find_site("coded") == coded);
}

TEST_CASE("site codes: what is no code or codes nothing is refused with what would be right") {
  CHECK(validate_codes({}));
  CHECK(validate_codes({{"zone", "502"}, {"pool_zones.批处理", "A-1_b"}}));
  CHECK(validate_codes({{"zone", "5 2"}}).error().what == "codes.zone: must be 1 to 32 of a-z A-Z 0-9 - _");
  CHECK(validate_codes({{"zone", ""}}).error().what == "codes.zone: must be 1 to 32 of a-z A-Z 0-9 - _");
  CHECK(validate_codes({{"zone", std::string(33, '1')}}).error().code == ErrorCode::kMalformed);
  for (const char* name : {"region", "pool_zones.", "pool_zones.a\nb", "zone.x"}) {
    CAPTURE(name);
    CHECK_FALSE(validate_codes({{name, "1"}}));
  }
  SiteCodes many;
  for (int i = 0; i <= 1'000; ++i) many.emplace("pool_zones.p" + std::to_string(i), "1");
  CHECK(validate_codes(many).error().what == "codes: at most 1000");
  CHECK(unpacked_codes(packed(SiteCodes{{"zone", "1"}, {"pool_zones.x", "2"}})) == SiteCodes{{"zone", "1"}, {"pool_zones.x", "2"}});
  CHECK(unpacked_codes("zone\n=1\nnothing=1\nzone=5 2\ncity=1101").size() == 1);
}
