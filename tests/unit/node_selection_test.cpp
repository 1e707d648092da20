// Which rows a reader gets: judged by cells first, by what nodes say where that is not enough.
#include "controller/map/node_selection.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

namespace capmap {
namespace {

using test::server_shape;
using test::World;

NodeSelection selection_of(CapacityMap& map, const std::string& filter, std::uint64_t now) {
  const auto view = map.view(now, now);
  NodeSelection selection;
  selection.filter.emplace(*parse_filter(filter), *dictionaries_of(*view));
  return selection;
}

Hello labelled(Hello hello, const std::string& hostname, std::vector<Label> labels) {
  hello.hostname = hostname;
  hello.labels = std::move(labels);
  return hello;
}

std::vector<std::string> names(const std::vector<NodeRow>& rows) {
  std::vector<std::string> found;
  for (const auto& row : rows) found.push_back(row.hostname);
  return found;
}

/// Four nodes: two of 64 cores in rack r1, one of 64 in r2, one of 8 without a label.
struct Racks : World {
  std::vector<test::MapAgent> agents;
  Racks() {
    const std::vector<std::pair<std::string, std::uint32_t>> said = {{"r1", 64}, {"r1", 64}, {"r2", 64}, {"", 8}};
    for (std::size_t i = 0; i < said.size(); ++i) {
      agents.push_back(agent(i + 1, server_shape(said[i].second, 256, 0)));
      auto& one = agents.back();
      std::vector<Label> labels;
      if (!said[i].first.empty()) labels.push_back({"rack", said[i].first});
      say(one, labelled(one.hello(), "n" + std::to_string(i), labels));
      say(one, one.shape_message());
      say(one, one.usage({}));
    }
  }
  std::vector<std::string> kept(const std::string& filter) {
    auto selection = selection_of(map, filter, now);
    return names(map.chunk(0, selection));
  }
};

TEST_CASE("node selection: rdma_nics is a number of the hardware, and parts have each node once") {
  World world;
  for (std::uint64_t i = 1; i <= 64; ++i) {
    auto shape = server_shape(8, 64, 0);
    if (i <= 24) shape.nics = {{.type = NicType::kInfiniband, .speed_mbps = 400'000, .rdma = true, .count = 2}};
    auto one = world.agent(i, shape);
    world.introduce(one, {});
  }
  auto with = selection_of(world.map, "rdma_nics >= 2", world.now);
  CHECK(world.map.chunk(0, with).size() == 24);
  auto without = selection_of(world.map, "rdma_nics = 0", world.now);
  CHECK(world.map.chunk(0, without).size() == 40);
  std::set<NodeId> met;
  for (std::uint64_t part = 0; part < 3; ++part) {
    auto selection = selection_of(world.map, "cores = 8", world.now);
    selection.part = part;
    selection.parts = 3;
    const auto rows = world.map.chunk(0, selection);
    CHECK(rows.size() < 64);
    for (const auto& row : rows) CHECK(met.insert(row.id).second);
  }
  CHECK(met.size() == 64);
}

TEST_CASE("node selection: filters of cells, of nodes and of both keep what they say; an unknown text fulfils no comparison") {
  using Names = std::vector<std::string>;
  Racks world;
  CHECK(world.kept("cores = 64") == Names{"n0", "n1", "n2"});
  CHECK(world.kept("label.rack = r1") == Names{"n0", "n1"});
  CHECK(world.kept("label.rack != r1") == Names{"n2"});
  CHECK(world.kept("not label.rack = r1") == Names{"n2", "n3"});
  CHECK(world.kept("label.rack = \"\"") == Names{"n3"});
  CHECK(world.kept("label.rack in (r1, r2) and hostname in (n1, n3)") == Names{"n1"});
  CHECK(world.kept("label.rack prefix r and not hostname = n0") == Names{"n1", "n2"});
  CHECK(world.kept("cores = 8 or label.rack = r2") == Names{"n2", "n3"});
  CHECK(world.kept("virtualization != none or virtualization = none").empty());
  CHECK(world.kept("label.other = r1").empty());
}

TEST_CASE("node selection: what a cell rules out is not copied, and what it decides is not asked of the node") {
  Racks world;
  auto selection = selection_of(world.map, "cores = 64 and label.rack = r1", world.now);
  const auto matches = world.map.matching(0, selection);
  CHECK(matches.size() == 3);
  for (const auto& match : matches) CHECK(match.holds == Holds::kAsk);
  CHECK(selection.looked_at == 4);
  auto cells = selection_of(world.map, "cores = 64 or label.rack = r1", world.now);
  const auto decided = world.map.matching(0, cells);
  REQUIRE(decided.size() == 4);
  CHECK(decided[0].holds == Holds::kYes);
  CHECK(decided[3].holds == Holds::kAsk);
}

TEST_CASE("node selection: pages by first slot and most neither skip nor repeat") {
  Racks world;
  auto selection = selection_of(world.map, "label.rack prefix r", world.now);
  std::vector<std::string> seen;
  for (int page = 0; page < 5; ++page) {
    selection.most = 2;  // one more than a page
    const auto rows = world.map.chunk(0, selection);
    if (rows.empty()) break;
    seen.push_back(rows[0].hostname);
    if (rows.size() < 2) break;
    selection.first_slot = rows[1].slot;
  }
  CHECK(seen == std::vector<std::string>{"n0", "n1", "n2"});
}

TEST_CASE("node selection: nodes that move between cells while a reader goes on are judged by the cell they are in") {
  std::mt19937_64 random(run_seed());
  World world;
  std::vector<test::MapAgent> agents;
  std::set<NodeId> large;
  for (std::uint64_t i = 1; i <= 60; ++i) {
    agents.push_back(world.agent(i, server_shape(i % 2 == 0 ? 64 : 8, 64, 0), 1 + i % 3));
    world.introduce(agents.back(), {});
    if (i % 2 == 0) large.insert(agents.back().node);
  }
  auto selection = selection_of(world.map, "cores = 64 and not service_state = draining", world.now);
  for (int step = 0; step < 200; ++step) {
    const auto& agent = agents[random() % agents.size()];
    const auto state = static_cast<ServiceState>(random() % 4);
    world.map.set_service(agent.node, {.state = state}, world.now);
    if (random() % 8 == 0) world.pass(1'000);
    std::set<NodeId> wanted, got;
    for (const auto& row : world.map.chunk(0)) {
      if (large.contains(row.id) && row.service != ServiceState::kDraining) wanted.insert(row.id);
    }
    for (const auto& row : world.map.chunk(0, selection)) got.insert(row.id);
    CHECK(got == wanted);
  }
}

}  // namespace
}  // namespace capmap
