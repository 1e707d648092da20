// What nodes say of their machines, and what an admin settles of doubles, in the store and back on the map.
#include <catch2/catch.hpp>

#include "common/clock.hpp"
#include "controller/admission_access.hpp"
#include "controller/map/rollup.hpp"
#include "controller/note_taker.hpp"
#include "controller/restore.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr MachineMarks kMarks{.uuid = UINT64_MAX - 1, .ports = 7};

/// A store with three nodes at two sites.
struct Kept {
  TemporaryFolder folder;
  Site lab = some_site("lab"), far = some_site("far");
  KnownNode before = some_node(lab.id), after = some_node(lab.id), distant = some_node(far.id);
  std::unique_ptr<Store> store;

  Kept() {
    far.region = "3101";
    open(NoStore::kCreate);
    for (const auto& site : {lab, far}) REQUIRE(store->put_site(site));
    for (const auto& node : {before, after, distant}) REQUIRE(store->put_node(node));
  }
  void open(NoStore none) {
    store.reset();
    auto opened = open_store(folder.path(), none);
    REQUIRE(opened);
    store = std::move(*opened);
  }
  Change settle(const NodeId& node, const NodeId& other, bool same, std::uint64_t now = 2'000, std::shared_ptr<const Asker> asker = {}) {
    REQUIRE(store->begin());
    auto change = carry_out_for(*store, {.ticket = 1, .what = SettleDouble{node, other, same}, .asker = std::move(asker)}, {}, now);
    REQUIRE(store->commit());
    REQUIRE(change);
    return *change;
  }
  void note(const NodeId& node, const MachineMarks& marks) const {
    REQUIRE(store->note({{.node = node, .seen_unix_ms = 1'000, .shape = {}, .bytes = {}, .machine = marks}}));
  }
  [[nodiscard]] MachineMarks noted(const NodeId& node) const {
    for (const auto& stored : nodes_of(*store)) {
      if (stored.node.id == node) return stored.machine;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("store: what a node says of its machine is noted, and a note that says nothing leaves it") {
  Kept kept;
  CHECK_FALSE(kept.noted(kept.before.id).any());
  kept.note(kept.before.id, kMarks);
  kept.note(kept.before.id, {});
  kept.open(NoStore::kRefuse);
  CHECK(kept.noted(kept.before.id) == kMarks);
  kept.note(kept.before.id, {.ports = 8});
  CHECK(kept.noted(kept.before.id) == MachineMarks{.ports = 8});
  REQUIRE(kept.store->put_node(kept.before));  // it moves, or has another key
  CHECK(kept.noted(kept.before.id) == MachineMarks{.ports = 8});
}

TEST_CASE("store: what is settled of doubles is kept over a restart with its line in the audit, one word a pair") {
  Kept kept;
  const auto first = std::get<DoubleSettled>(kept.settle(kept.before.id, kept.after.id, true)).settled;
  CHECK(first == SettledDouble{.node = kept.before.id, .other = kept.after.id, .same = true, .settled_unix_ms = 2'000});
  kept.open(NoStore::kRefuse);
  CHECK(kept.store->doubles()->at(0) == first);
  const auto second = std::get<DoubleSettled>(kept.settle(kept.after.id, kept.before.id, false, 3'000)).settled;
  REQUIRE(kept.store->doubles()->size() == 1);
  CHECK(kept.store->doubles()->at(0) == second);
  const auto audit = kept.store->audit();
  REQUIRE(audit->size() == 2);
  CHECK(audit->at(0).what == "double_confirmed");
  CHECK(audit->at(0).subject == to_text(kept.before.id));
  CHECK(audit->at(0).detail == "the same machine as " + to_text(kept.after.id));
  CHECK(audit->at(1).what == "double_dismissed");
  REQUIRE(kept.store->remove_node(kept.before, 4'000));
  CHECK(kept.store->doubles()->empty());
}

TEST_CASE("store: doubles that would leave nobody, or name nobody, are refused") {
  Kept kept;
  const auto refused = [&kept](const NodeId& node, const NodeId& other) { return std::get<Error>(kept.settle(node, other, true)).code; };
  CHECK(refused(kept.before.id, kept.before.id) == ErrorCode::kMalformed);
  CHECK(refused(kept.before.id, random_id<NodeId>()) == ErrorCode::kAbsent);
  kept.settle(kept.before.id, kept.after.id, true);
  kept.settle(kept.after.id, kept.distant.id, true);
  CHECK(refused(kept.distant.id, kept.before.id) == ErrorCode::kDenied);
  CHECK(kept.store->doubles()->size() == 2);
  CHECK(std::holds_alternative<DoubleSettled>(kept.settle(kept.after.id, kept.before.id, true)));  // the other way round, instead
}

TEST_CASE("store: who has a scope settles doubles within it alone, both of them") {
  Kept kept;
  auto asker = std::make_shared<Asker>();
  asker->principal.name = "li";
  asker->principal.role = Role::kOperator;
  asker->principal.scopes = {*make_scope({"11"}, {})};
  CHECK(std::holds_alternative<OutOfScope>(kept.settle(kept.before.id, kept.distant.id, true, 2'000, asker)));
  CHECK(std::holds_alternative<OutOfScope>(kept.settle(kept.distant.id, kept.before.id, false, 2'000, asker)));
  CHECK(kept.store->doubles()->empty());
  CHECK(std::holds_alternative<DoubleSettled>(kept.settle(kept.before.id, kept.after.id, true, 2'000, asker)));
  CHECK(kept.store->audit()->back().who == "li");
}

TEST_CASE("store: a node that was lost before a restart is found again as the double of one that joins after it") {
  Kept kept;
  kept.note(kept.before.id, kMarks);
  kept.settle(kept.before.id, kept.distant.id, false);
  kept.open(NoStore::kRefuse);
  ManualClock clock;
  CapacityMap map(MapOptions{.epoch = 7}, nullptr, clock.boot_ms());
  REQUIRE(restore(*kept.store, map, clock));
  CHECK(map.machine(kept.before.id) == kMarks);
  Hello hello;
  hello.envelope = {.run_id = 1, .seq = 1};
  hello.machine = kMarks;
  NoteTaker notes;
  ReportBatch batch;
  for (const auto& node : {kept.after, kept.distant}) {
    batch.reports.push_back({.node = node.id, .route = {}, .message = hello});
  }
  map.apply(batch, 5'000);
  notes.look_at(
      batch, 5'000, [](const NodeId&) { return std::optional<ShapeId>(); }, [&map](const NodeId& node) { return map.machine(node); });
  for (const auto& note : notes.take(10'000)) CHECK(note.machine == kMarks);
  const auto view = map.view(clock.boot_ms() + 2'000, 6'000);
  REQUIRE(view->doubles);
  CHECK(view->doubles->pairs.size() == 3);
  CHECK(view->doubles->pairs[2].state == DoubleState::kDismissed);
  CHECK(view->doubles->suspected_nodes == 3);
}
