// What admins order of whole sites and pools, where nodes stand, their labels, and own rows of the chip table: in the store, within a
// scope, and back on the map after a restart.
#include <catch2/catch.hpp>

#include "common/clock.hpp"
#include "controller/admission_access.hpp"
#include "controller/restore.hpp"
#include "tests/support/catalog_chips.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

constexpr std::uint64_t kNow = 1'790'000'000'000;

/// A store with a node at each of two sites, and a pool at the first.
struct Kept {
  TemporaryFolder folder;
  Site lab = some_site("lab"), far = some_site("far");
  KnownNode node = some_node(lab.id), distant = some_node(far.id);
  Pool pool;
  std::unique_ptr<Store> store;

  Kept() {
    far.region = "3101";
    pool.id = random_id<PoolId>();
    pool.site = lab.id;
    pool.name = "batch";
    open(NoStore::kCreate);
    for (const auto& site : {lab, far}) REQUIRE(store->put_site(site));
    REQUIRE(store->put_pool(pool));
    for (const auto& one : {node, distant}) REQUIRE(store->put_node(one));
  }
  void open(NoStore none) {
    store.reset();
    auto opened = open_store(folder.path(), none);
    REQUIRE(opened);
    store = std::move(*opened);
  }
  Change ask(decltype(AdminRequest::what) what, std::shared_ptr<const Asker> asker = {}) {
    REQUIRE(store->begin());
    auto change = carry_out_for(*store, {.ticket = 1, .what = std::move(what), .asker = std::move(asker)}, {}, kNow);
    REQUIRE(store->commit());
    REQUIRE(change);
    return *change;
  }
  NodeRow on_map(const NodeId& id) {
    CapacityMap map({.epoch = 1}, nullptr, 1'000);
    REQUIRE(restore(*store, map, ManualClock{}));
    return *map.node(id);
  }
  [[nodiscard]] std::string last_word() const { return (*store->audit()).back().what; }
};

std::shared_ptr<const Asker> scoped_to(const SiteId& site) {
  Principal principal{.name = "li", .role = Role::kOperator, .scopes = {Scope{.regions = {}, .sites = {site}}}, .via = Via::kApiToken};
  return std::make_shared<const Asker>(Asker{.principal = std::move(principal), .address = "192.0.2.1"});
}

std::string error_of(const Change& change) {
  const auto* const error = std::get_if<Error>(&change);
  return error == nullptr ? "" : error->what;
}

}  // namespace

TEST_CASE("store: an order of a site or pool is kept, found again after a restart, and taken back") {
  Kept kept;
  const ServiceOrder drain{.state = ServiceState::kDraining, .from_unix_ms = {}, .until_unix_ms = kNow + 1'000, .who = {}, .why = "power"};
  const auto ordered = kept.ask(OrderGroupService{.site = "lab", .order = drain});
  REQUIRE(std::holds_alternative<GroupServiceOrdered>(ordered));
  CHECK(std::get<GroupServiceOrdered>(ordered).order.who == "admin");
  CHECK(kept.last_word() == "site_service_ordered");
  kept.ask(OrderGroupService{.site = {}, .pool = to_text(kept.pool.id), .order = {.state = ServiceState::kMaintenance}});
  kept.open(NoStore::kRefuse);
  const auto groups = kept.store->group_services();
  REQUIRE(groups);
  REQUIRE(groups->size() == 2);
  for (const auto& group : *groups) {
    CHECK(group.site == kept.lab.id);
    if (!group.pool) CHECK(group.order.until_unix_ms == kNow + 1'000);
    if (group.pool) CHECK(*group.pool == kept.pool.id);
  }
  CHECK(kept.on_map(kept.node.id).site_order->why == "power");
  CHECK(!kept.on_map(kept.distant.id).site_order);
  kept.ask(OrderGroupService{.site = "lab", .order = {}});
  CHECK(kept.store->group_services()->size() == 1);
}

TEST_CASE("store: orders that cannot be, of what is not there or beyond a scope, change nothing") {
  Kept kept;
  const ServiceOrder drain{.state = ServiceState::kDraining};
  CHECK_THAT(error_of(kept.ask(OrderGroupService{.site = "none", .order = drain})), Contains("no site is called"));
  CHECK_THAT(error_of(kept.ask(OrderGroupService{.site = {}, .pool = "batch", .order = drain})), Contains("no pool is called"));
  CHECK_THAT(error_of(kept.ask(OrderGroupService{.site = "lab", .order = {.state = ServiceState::kRetired}})), Contains("state:"));
  CHECK_THAT(error_of(kept.ask(OrderGroupService{
                 .site = "lab", .order = {.state = ServiceState::kDraining, .from_unix_ms = {}, .until_unix_ms = kNow - 1}})),
             Contains("until: lies in the past"));
  const auto li = scoped_to(kept.far.id);
  CHECK(std::holds_alternative<OutOfScope>(kept.ask(OrderGroupService{.site = "lab", .order = drain}, li)));
  CHECK(std::holds_alternative<OutOfScope>(kept.ask(OrderGroupService{.site = {}, .pool = to_text(kept.pool.id), .order = drain}, li)));
  CHECK(std::holds_alternative<OutOfScope>(kept.ask(MoveNode{.node = kept.node.id, .site = "far"}, li)));
  CHECK(std::holds_alternative<OutOfScope>(kept.ask(MoveNode{.node = kept.distant.id, .site = "lab"}, li)));
  CHECK(std::holds_alternative<OutOfScope>(kept.ask(LabelNode{.node = kept.node.id, .labels = {{"a", "b"}}}, li)));
  CHECK(std::holds_alternative<OutOfScope>(kept.ask(ChangeChips{}, li)));
  CHECK(kept.store->group_services()->empty());
  CHECK(std::holds_alternative<GroupServiceOrdered>(kept.ask(OrderGroupService{.site = "far", .order = drain}, li)));
}

TEST_CASE("store: a node moves to another site and pool, and that is audited once") {
  Kept kept;
  const auto moved = kept.ask(MoveNode{.node = kept.distant.id, .site = "lab", .pool = "batch"});
  REQUIRE(std::holds_alternative<NodeMoved>(moved));
  CHECK(std::get<NodeMoved>(moved).node.pool == kept.pool.id);
  CHECK((*kept.store->find_node(kept.distant.id))->site == kept.lab.id);
  const auto entries = kept.store->audit()->size();
  CHECK(kept.last_word() == "node_moved");
  kept.ask(MoveNode{.node = kept.distant.id, .site = "lab", .pool = "batch"});
  CHECK(kept.store->audit()->size() == entries);
  CHECK_THAT(error_of(kept.ask(MoveNode{.node = kept.node.id, .site = "far", .pool = "batch"})), Contains("has no pool"));
  CHECK_THAT(error_of(kept.ask(MoveNode{.node = NodeId{{99}}, .site = "far"})), Contains("no node has the id"));
}

TEST_CASE("store: labels are put and taken back one by one, held to what a label is, and gone with their node") {
  Kept kept;
  kept.ask(LabelNode{.node = kept.node.id, .labels = {{"rack", "r1"}, {"contract", "2026-3"}}});
  kept.ask(LabelNode{.node = kept.node.id, .labels = {{"rack", "r2"}, {"contract", ""}}});
  CHECK(*kept.store->node_labels(kept.node.id) == std::vector<Label>{{"rack", "r2"}});
  CHECK_THAT(error_of(kept.ask(LabelNode{.node = kept.node.id, .labels = {{"Rack", "r1"}}})), Contains("labels:"));
  kept.open(NoStore::kRefuse);
  CHECK(kept.on_map(kept.node.id).labels == std::vector<Label>{{"rack", "r2"}});
  kept.ask(RemoveNode{kept.node.id});
  CHECK(kept.store->node_labels(kept.node.id)->empty());
}

TEST_CASE("store: own rows of the chip table are kept when they were shown so, and a dry run keeps nothing") {
  Kept kept;
  const std::string rows =
      "vendor,model,form,kind,pci_ids,names,devices_per_card,fp64,fp64_matrix,fp32,fp32_matrix,tf32,fp16,bf16,fp8,fp4,int8,int4,"
      "memory_gb,memory_bandwidth_gbs,tdp_w,confidence,unsourced,notes,source\n"
      "Acme,Ninety,PCIe,npu,abcd:0090,,1,,,10,,,100,,,,200,,64,1000,300,A,,,our test\n";
  CapacityMap map({.epoch = 1}, catalog_chips(), 1'000);
  ChangeChips change{.view = map.view(1'000, kNow), .file = ChipFile::kAccelerators, .rows = rows};
  change.dry_run = true;
  const auto shown = std::get<ChipsChanged>(kept.ask(change));
  CHECK(shown.changes.size() == 1);
  CHECK(*kept.store->own_chips() == OwnChips{});
  change.dry_run = false;
  change.expect = "another";
  CHECK(std::get<ChipsChanged>(kept.ask(change)).others);
  CHECK(*kept.store->own_chips() == OwnChips{});
  change.expect = shown.digest;
  const auto done = std::get<ChipsChanged>(kept.ask(change));
  CHECK(!done.others);
  CHECK(done.chips->version() == shown.version);
  CHECK(kept.last_word() == "chips_changed");
  kept.open(NoStore::kRefuse);
  CHECK(*kept.store->own_chips() == done.chips->own());
}
