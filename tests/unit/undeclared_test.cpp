// Cards of models that a site's operator does not declare.
#include <catch2/catch.hpp>

#include "common/chip_table.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

std::shared_ptr<const ChipTable> chips() {
  auto loaded = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
  REQUIRE(loaded);
  return std::make_shared<const ChipTable>(std::move(*loaded));
}

/// Nodes of two H100 each at site 1.
struct DeclaringWorld : World {
  explicit DeclaringWorld(bool binds)
      : World{.map = CapacityMap(MapOptions{.epoch = 7, .declared_binds = binds, .contradicted = Believe::kExclude}, chips(), kStart)} {}
  MapAgent join(std::uint64_t number, std::uint64_t site = 1, std::uint32_t cards = 2) {
    auto agent = this->agent(number, server_shape(8, 64, cards), site);
    introduce(agent, usage_of(busy(1, 1)));
    return agent;
  }
  void declare(std::optional<std::uint64_t> all, std::map<std::string, std::uint64_t> models, std::uint64_t number = 1) {
    Site site;
    site.id = numbered_id<SiteId>(number);
    site.name = "hall";
    site.declared.figures[static_cast<std::size_t>(Declared::kAccelerators)] = all;
    site.declared.accelerators_by_model = std::move(models);
    map.put_site(site);
    while (map.advance(now)) {
    }
  }
  std::optional<Finding> undeclared(const MapAgent& agent) {
    for (const auto& one : row(agent).findings) {
      if (one.word == Doubt::kUndeclaredCard) return one;
    }
    return std::nullopt;
  }
};

}  // namespace

TEST_CASE(
    "undeclared cards: where all cards of a site are declared by model, another model leaves its node unproven, until it is declared") {
  DeclaringWorld world(false);
  const auto agent = world.join(1);
  const auto name = world.map.view(world.now, world.now)->hardware[world.row(agent).hardware]->accelerator_names.at(0);
  INFO(name);
  CHECK(name.find("H100") != std::string::npos);
  CHECK_FALSE(world.undeclared(agent));
  world.declare(64, {{"NVIDIA H20", 32}});  // of the others nothing is said
  CHECK_FALSE(world.undeclared(agent));
  world.declare(std::nullopt, {{"NVIDIA H20", 64}});
  CHECK_FALSE(world.undeclared(agent));
  world.declare(64, {{"NVIDIA H20", 64}});
  const auto found = world.undeclared(agent);
  REQUIRE(found);
  CHECK_FALSE(found->contradicts);
  CHECK(found->claimed == name);
  CHECK(world.row(agent).verdict == Verdict::kUnproven);
  CHECK(world.row(agent).counted_service == ServiceState::kInService);
  const auto bare = world.join(2, 1, 0);
  CHECK_FALSE(world.undeclared(bare));
  const auto elsewhere = world.join(3, 2);
  CHECK_FALSE(world.undeclared(elsewhere));
  world.declare(66, {{"NVIDIA H20", 64}, {name, 2}});
  CHECK_FALSE(world.undeclared(agent));
  world.declare(0, {});
  CHECK(world.undeclared(agent));
  CHECK_FALSE(world.undeclared(bare));
}

TEST_CASE(
    "undeclared cards: where declarations bind they contradict, and policy takes the node out; many nodes are judged anew bit by bit") {
  DeclaringWorld world(true);
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 0; i < 3'000; ++i) agents.push_back(world.join(i, 1 + i % 3));
  world.declare(8, {{"NVIDIA H20", 8}});
  for (std::uint64_t i = 0; i < agents.size(); ++i) {
    const bool there = i % 3 == 0;
    REQUIRE(world.undeclared(agents[i]).has_value() == there);
    REQUIRE((world.row(agents[i]).verdict == Verdict::kContradicted) == there);
    REQUIRE((world.row(agents[i]).counted_service == ServiceState::kQuarantined) == there);
  }
  KnownNode moved;
  moved.id = agents[1].node;
  moved.site = numbered_id<SiteId>(1);
  world.map.add_node(moved, false, world.now);
  CHECK(world.undeclared(agents[1]));
  world.declare(std::nullopt, {});
  for (const auto& agent : agents) REQUIRE(world.row(agent).verdict != Verdict::kContradicted);
}
