#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "controller/map/capacity_map.hpp"
#include "tests/support/catalog_regions.hpp"
#include "tests/support/map_agent.hpp"

namespace capmap::test {

inline constexpr std::uint64_t kStart = 1'000'000;

/// A map without a chip table, with the catalog's regions, one site and the agents let in after the start.
struct World {
  CapacityMap map{MapOptions{.epoch = 7, .regions = support::catalog_regions()}, nullptr, kStart};
  std::uint64_t now = kStart;

  MapAgent agent(std::uint64_t number, Shape shape, std::uint64_t site = 1) {
    KnownNode node;
    node.id = numbered_id<NodeId>(number);
    node.site = numbered_id<SiteId>(site);
    node.hostname = "joined-as";
    map.add_node(node, false, now);
    return {.node = node.id, .run_id = 1'000 + number, .shape = std::move(shape)};
  }
  Answer say(const MapAgent& agent, AgentMessage message) { return map.apply(agent.node, message, now, now + 5'000); }
  /// Hello, shape and usage.
  void introduce(MapAgent& agent, Usage usage) {
    say(agent, agent.hello());
    say(agent, agent.shape_message());
    say(agent, agent.usage(std::move(usage)));
  }
  void pass(std::uint64_t ms) {
    now += ms;
    map.advance(now);
  }
  std::vector<Cell> cells() { return map.view(now, now)->cells.ordered(); }
  NodeRow row(const MapAgent& agent) { return *map.node(agent.node); }
};

}  // namespace capmap::test
