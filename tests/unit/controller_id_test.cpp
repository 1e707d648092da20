#include <catch2/catch.hpp>

#include "controller/store/backup.hpp"
#include "controller/store/sqlite.hpp"
#include "controller/store/state_folder.hpp"
#include "controller/store/store.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

std::unique_ptr<Store> opened(const std::string& folder, NoStore none = NoStore::kRefuse) {
  auto store = open_store(folder, none);
  REQUIRE(store);
  return std::move(*store);
}

}  // namespace

TEST_CASE("controller id: it is made once and kept, whatever its bytes") {
  const TemporaryFolder folder;
  std::optional<ControllerId> first;
  for (int start = 0; start < 3; ++start) {
    auto store = opened(folder.path(), NoStore::kCreate);
    const auto before = store->controller_id();
    REQUIRE(before);
    CHECK(*before == first);
    const auto made = store->make_controller_id();
    REQUIRE(made);
    if (first) CHECK(*made == *first);
    first = *made;
    CHECK(*store->controller_id() == first);
    CHECK(store->facts()->generation == 1);
  }
  CHECK(*first != ControllerId{});
}

TEST_CASE("controller id: init makes it, and a copy of the database carries it") {
  const TemporaryFolder folder, other;
  const auto state = folder.path() + "/state";
  const auto made = create_state(state, some_site("lab"));
  REQUIRE(made);
  auto store = opened(state);
  CHECK(*store->controller_id() == made->id);
  const auto copy = other.path() + "/store.db";
  REQUIRE(back_up(state, copy, {}));
  CHECK(*opened(other.path())->controller_id() == made->id);
}

TEST_CASE("controller id: half of one is none, and is not made whole with other bytes") {
  const TemporaryFolder folder;
  auto store = opened(folder.path(), NoStore::kCreate);
  REQUIRE(store->make_controller_id());
  store.reset();
  {
    auto database = Database::open(folder.path() + "/store.db", Database::Mode::kReadWrite);
    REQUIRE(database);
    REQUIRE(database->run("delete from meta where name = 'controller_id_second'"));
  }
  store = opened(folder.path());
  REQUIRE(store->controller_id());
  CHECK_FALSE(*store->controller_id());
  const auto made = store->make_controller_id();
  REQUIRE(made);
  CHECK(*store->controller_id() == *made);
}
