#include <catch2/catch.hpp>

#include "controller/admission.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr std::uint64_t kNow = 1'790'000'000'000, kHour = 3'600'000;

std::unique_ptr<Store> opened(const std::string& folder) {
  auto store = open_store(folder, NoStore::kCreate);
  REQUIRE(store);
  return std::move(*store);
}

Change order(Store& store, const NodeId& node, ServiceOrder wanted) {
  const auto change = carry_out(store, OrderService{.node = node, .order = std::move(wanted)}, {}, kNow);
  REQUIRE(change);
  return *change;
}

std::string last_audit(Store& store) {
  const auto entries = store.audit();
  return entries && !entries->empty() ? entries->back().what + " " + entries->back().subject : std::string();
}

}  // namespace

TEST_CASE("store: a removed node is gone with what was noted of it, its key is kept as refused, and a new join lets it in again") {
  const TemporaryFolder folder;
  const Site site = some_site("a");
  KnownNode node = some_node(site.id), other = some_node(site.id);
  other.hostname = "other";
  {
    const auto store = opened(folder.path());
    REQUIRE(store->put_site(site));
    REQUIRE(store->put_node(node));
    REQUIRE(store->put_node(other));
    const auto removed = carry_out(*store, RemoveNode{node.id}, {}, kNow);
    REQUIRE(removed);
    CHECK(std::get<NodeRemoved>(*removed).node == node);
    CHECK(last_audit(*store) == "node_removed " + to_text(node.id));
    const auto again = carry_out(*store, RemoveNode{node.id}, {}, kNow);
    REQUIRE(again);
    CHECK(std::get<Error>(*again).code == ErrorCode::kAbsent);
  }
  const auto store = opened(folder.path());
  CHECK(nodes_of(*store) == std::vector{StoredNode{.node = other, .shape = {}, .last_seen_unix_ms = {}}});
  CHECK(*store->removed_nodes() == std::vector{RemovedNode{.public_key = node.public_key, .node = node.id, .removed_unix_ms = kNow}});
  CHECK_FALSE(store->find_node(node.public_key)->has_value());
  node.id = random_id<NodeId>();
  REQUIRE(store->put_node(node));
  CHECK(store->removed_nodes()->empty());
}

TEST_CASE("store: a service order is there after opening again, and wrong ones are refused with the reason") {
  const TemporaryFolder folder;
  const KnownNode node = some_node(some_site("a").id);
  const ServiceOrder wanted{
      .state = ServiceState::kMaintenance, .from_unix_ms = kNow + kHour, .until_unix_ms = kNow + 2 * kHour, .who = "admin", .why = "fans"};
  {
    const auto store = opened(folder.path());
    REQUIRE(store->put_node(node));
    CHECK(std::get<ServiceOrdered>(order(*store, node.id, wanted)).order == wanted);
    CHECK(last_audit(*store) == "service_ordered " + to_text(node.id));
    const auto refused = [&](ServiceOrder wrong) { return std::get<Error>(order(*store, node.id, std::move(wrong))); };
    CHECK(refused({.state = ServiceState::kDrained, .until_unix_ms = kNow}).what == "until: lies in the past");
    CHECK(refused({.state = ServiceState::kDrained, .from_unix_ms = kNow + 2, .until_unix_ms = kNow + 1}).code == ErrorCode::kMalformed);
    CHECK(refused({.state = ServiceState::kInService, .until_unix_ms = kNow + 1}).code == ErrorCode::kMalformed);
    CHECK(refused({.state = ServiceState::kDrained, .why = std::string(401, 'x')}).code == ErrorCode::kMalformed);
    CHECK(std::get<Error>(order(*store, random_id<NodeId>(), wanted)).code == ErrorCode::kAbsent);
  }
  const auto store = opened(folder.path());
  REQUIRE(store->put_node(node));  // as when it moves: the order stays
  CHECK(nodes_of(*store).at(0).service == wanted);
  order(*store, node.id, {});
  CHECK(nodes_of(*store).at(0).service == ServiceOrder{.who = "admin"});
}

TEST_CASE("store: pools belong to a site, their names are told apart within it, and nodes are put into them") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path());
  const Site here = some_site("here"), there = some_site("there");
  REQUIRE(store->put_site(here));
  REQUIRE(store->put_site(there));
  const KnownNode node = some_node(here.id);
  REQUIRE(store->put_node(node));
  const auto add = [&store](const std::string& site, const std::string& name, const std::string& word = {}) {
    AddPool wanted{.site = site, .pool = {}};
    wanted.pool.name = name;
    wanted.pool.compute_class = word;
    const auto change = carry_out(*store, wanted, {}, kNow);
    REQUIRE(change);
    return *change;
  };
  const auto batch = std::get<Pool>(add("here", "batch", "intelligent"));
  CHECK(batch.site == here.id);
  CHECK(std::get<Error>(add("here", "batch")).code == ErrorCode::kDenied);
  CHECK(std::get<Error>(add("nowhere", "batch")).code == ErrorCode::kAbsent);
  CHECK(std::get<Error>(add("here", "odd", "enormous")).code == ErrorCode::kMalformed);
  CHECK(std::get<Error>(add("here", "")).code == ErrorCode::kMalformed);
  const auto foreign = std::get<Pool>(add("there", "batch"));
  CHECK(store->pools()->size() == 2);

  const auto assign = [&](const std::string& pool) {
    const auto change = carry_out(*store, AssignPool{.node = node.id, .pool = pool}, {}, kNow);
    REQUIRE(change);
    return *change;
  };
  CHECK(std::get<PoolAssigned>(assign("batch")).node.pool == batch.id);
  CHECK(nodes_of(*store).at(0).node.pool == batch.id);
  CHECK(std::get<Error>(assign(to_text(foreign.id))).code == ErrorCode::kAbsent);
  CHECK_FALSE(std::get<PoolAssigned>(assign("")).node.pool);
  CHECK_FALSE(nodes_of(*store).at(0).node.pool);
}

TEST_CASE("store: a shape that no node has had for a day and an hour is deleted, one that came back into use is not") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path());
  const KnownNode node = some_node(some_site("a").id);
  REQUIRE(store->put_node(node));
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
    const auto shape = some_shape(number);
    REQUIRE(store->note({{.node = node.id, .seen_unix_ms = kNow, .shape = shape.id, .bytes = shape}}));
  }
  CHECK(*store->forget_shapes(kNow) == 0);
  CHECK(*store->forget_shapes(kNow + 24 * kHour) == 0);
  REQUIRE(store->note({{.node = node.id, .seen_unix_ms = kNow + 24 * kHour, .shape = some_shape(1).id, .bytes = {}}}));
  CHECK(*store->forget_shapes(kNow + 26 * kHour) == 0);  // the first is used again, the second unused since now
  CHECK(*store->forget_shapes(kNow + 50 * kHour) == 0);
  CHECK(*store->forget_shapes(kNow + 52 * kHour) == 1);
  CHECK(*store->shapes() == std::vector{some_shape(1)});
  CHECK(store->facts()->shapes == 1);
}
