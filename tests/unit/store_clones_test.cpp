#include <catch2/catch.hpp>

#include "controller/admission.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

Clone some_clone(const NodeId& node) {
  return {.node = node,
          .since_unix_ms = 1'000,
          .runs = {{.run_id = UINT64_MAX, .hostname = "one", .product = "R750", .first_unix_ms = 5, .last_unix_ms = 900},
                   {.run_id = 7, .hostname = "two", .product = {}, .first_unix_ms = 6, .last_unix_ms = 950}}};
}

std::vector<std::string> audited(Store& store) {
  std::vector<std::string> words;
  const auto entries = store.audit();
  for (const auto& entry : *entries) words.push_back(entry.what);
  return words;
}

}  // namespace

TEST_CASE("store: a clone is kept over a restart with one line in the audit, and what an admin settled outlives late notes of it") {
  const TemporaryFolder folder;
  const Site site = some_site("lab");
  const KnownNode node = some_node(site.id);
  const auto clone = some_clone(node.id);
  {
    auto store = open_store(folder.path(), NoStore::kCreate);
    REQUIRE(store);
    REQUIRE((*store)->put_site(site));
    REQUIRE((*store)->put_node(node));
    for (int i = 0; i < 3; ++i) REQUIRE(keep_clone(**store, clone));  // the map tells it again and again
    REQUIRE(keep_clone(**store, some_clone(some_node(site.id).id)));  // of a node that is gone: passed over
    CHECK(audited(**store) == std::vector<std::string>{"clone_found"});
  }
  auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE(store);
  REQUIRE((*store)->clones()->size() == 1);
  CHECK((*store)->clones()->at(0) == clone);

  const auto settle = [&store, &node](std::uint64_t run, std::uint64_t now) {
    REQUIRE((*store)->begin());
    auto change = carry_out(**store, SettleClone{.node = node.id, .keep_run = run}, TokenMaking{}, now);
    REQUIRE((*store)->commit());
    REQUIRE(change);
    return *change;
  };
  CHECK(std::get<Error>(settle(9, 2'000)).code == ErrorCode::kMalformed);
  CHECK(std::get<CloneSettled>(settle(7, 2'000)).keep_run == 7U);
  CHECK(std::get<Error>(settle(7, 2'000)).code == ErrorCode::kAbsent);
  REQUIRE(keep_clone(**store, clone));
  auto kept = *(*store)->find_clone(node.id);
  REQUIRE(kept);
  CHECK(kept->settled_unix_ms == 2'000);
  CHECK(kept->runs[0].refused);
  CHECK_FALSE(kept->runs[1].refused);

  CHECK(audited(**store).back() == "clone_settled");

  // Found again later: it is open again; and with its key the record goes.
  auto again = clone;
  again.since_unix_ms = 3'000;
  REQUIRE(keep_clone(**store, again));
  CHECK((*(*store)->find_clone(node.id))->settled_unix_ms == 0);
  REQUIRE((*store)->remove_node(node, 4'000));
  CHECK((*store)->clones()->empty());
  CHECK((*store)->removed_nodes()->at(0).public_key == node.public_key);
}
