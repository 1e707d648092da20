#pragma once
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/chip_table.hpp"
#include "common/shape.hpp"
#include "controller/map/capacity_map.hpp"
#include "tests/fleet/plan.hpp"
#include "tests/fleet/server.hpp"
#include "tests/support/map_agent.hpp"

/// A fleet of which one server in ten lies about what it is.
namespace capmap::test {

inline constexpr std::uint64_t kStart = 1'000'000;
inline constexpr std::uint32_t kNodes = 3'000;

/// In count, in name: what belongs to it elsewhere is left as it is. In all: nothing is.
enum class Lie : std::uint8_t { kNone, kTimes100, kTimes2, kCardMoreInCount, kCardMoreInAll, kBetterByName, kBetterInAll };
inline constexpr std::array kLies = {"honest",
                                     "all figures x100",
                                     "all figures x2",
                                     "one card more, in count",
                                     "one card more, in all",
                                     "next better model, in name",
                                     "next better model, in all"};

inline std::shared_ptr<const ChipTable> catalog_chips() {
  static const auto chips = [] {
    auto loaded = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
    REQUIRE(loaded);
    return std::make_shared<const ChipTable>(std::move(*loaded));
  }();
  return chips;
}

inline void multiply(Shape& shape, std::uint32_t by) {
  auto& cpu = shape.cpu;
  cpu.cores = *cpu.cores * by;
  cpu.pus = *cpu.pus * by;
  for (auto& kind : cpu.core_kinds) {
    kind.cores *= by;
    kind.pus *= by;
  }
  shape.memory_bytes = *shape.memory_bytes * by;
  for (auto& disk : shape.disks) disk.bytes = *disk.bytes * by;
  for (auto& device : shape.accelerators) device.memory_bytes = *device.memory_bytes * by;
}

/// Where a server has none, it says that it has an L40.
inline void add_card(Shape& shape) {
  if (!shape.accelerators.empty()) {
    ++shape.accelerators[0].count;
    return;
  }
  shape.accelerators = {{.kind = AcceleratorKind::kGpu, .vendor_id = 0x10de, .device_id = 0x26b5, .memory_bytes = 48 * kGib, .count = 1}};
}

/// The processor, or the card, that its vendor sells above this one. In name: what tells it is left as it is.
inline void better(Shape& shape, bool in_all) {
  static const auto servers = fleet::general_machines();
  constexpr std::array kCards = {0x20b2, 0x20f3, 0x2329, 0x2324, 0x2330};  // A100, A800, H20, H800, H100
  if (!shape.accelerators.empty()) {
    auto& card = shape.accelerators[0];
    const auto at = std::ranges::find(kCards, int{card.device_id});
    if (card.vendor_id != 0x10de || at == kCards.end()) {
      card.memory_bytes = *card.memory_bytes * 4 / 3;  // what the next one of its line has
      return;
    }
    if (!in_all) card.name = *at == 0x2329 ? "NVIDIA H20" : *at < 0x2200 ? "NVIDIA A100-SXM4-80GB" : "NVIDIA H800";
    card.device_id = static_cast<std::uint16_t>(at + 1 == kCards.end() ? 0x2335 : at[1]);  // an H100 says it is an H200
    return;
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto& cpu = servers[i].shape.cpu;
    if (cpu.model != shape.cpu.model) continue;
    for (std::size_t k = i + 1; k < servers.size(); ++k) {
      const auto& next = servers[k].shape.cpu;
      if (next.vendor != cpu.vendor || (!in_all && next.identity == cpu.identity)) continue;
      if (in_all) shape.cpu = next;
      shape.cpu.model = next.model;
      return;
    }
    shape.cpu.core_kinds[0].base_mhz = *shape.cpu.core_kinds[0].base_mhz * 5 / 4;  // there is none above: a faster one of its kind
  }
}

inline Shape told(const Shape& truth, Lie lie) {
  Shape shape = truth;
  if (lie == Lie::kTimes100) multiply(shape, 100);
  if (lie == Lie::kTimes2) multiply(shape, 2);
  if (lie == Lie::kCardMoreInCount || lie == Lie::kCardMoreInAll) add_card(shape);
  if (lie == Lie::kBetterByName) better(shape, false);
  if (lie == Lie::kBetterInAll) better(shape, true);
  canonicalize(shape);
  return shape;
}

struct Fleet {
  fleet::Plan plan;
  std::uint64_t seed;
  [[nodiscard]] Lie lie_of(std::uint32_t node) const {
    if (node % 10 != 3) return Lie::kNone;
    constexpr std::array kKinds = {Lie::kTimes100, Lie::kTimes2, Lie::kCardMoreInCount, Lie::kBetterByName,
                                   Lie::kTimes100, Lie::kTimes2, Lie::kCardMoreInAll,   Lie::kBetterInAll};
    return kKinds[node / 10 % kKinds.size()];
  }
  [[nodiscard]] const Shape& truth(std::uint32_t node) const { return plan.machines[plan.machine_of[node]].shape; }
};

/// A map that all of them have spoken to. `declared`: what the operators of sites declare; then it binds.
inline CapacityMap told_map(const Fleet& fleet, Believe policy, bool lies, const std::vector<Site>* declared = nullptr) {
  CapacityMap map(MapOptions{.epoch = 7, .declared_binds = declared != nullptr, .contradicted = policy}, catalog_chips(), kStart);
  for (const auto& site : declared != nullptr ? *declared : std::vector<Site>()) map.put_site(site);
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    KnownNode node;
    node.id = numbered_id<NodeId>(i);
    node.site = numbered_id<SiteId>(fleet.plan.site_of[i]);
    map.add_node(node, false, kStart);
    MapAgent agent{.node = node.id, .run_id = 1'000 + i, .shape = told(fleet.truth(i), lies ? fleet.lie_of(i) : Lie::kNone)};
    const fleet::Server server(fleet.plan, i, fleet.seed);
    Hello hello = server.hello(kStart);
    hello.envelope = agent.envelope();
    hello.shape_id = agent.encoded().id;
    hello.memory_total_bytes = *agent.shape.memory_bytes / 100 * 99;
    hello.pus_allowed = agent.shape.cpu.pus;
    if (lies && fleet.lie_of(i) == Lie::kCardMoreInAll) hello.accelerator_addresses.push_back("0000:f7:00.0");
    map.apply(agent.node, hello, kStart, kStart);
    map.apply(agent.node, agent.shape_message(), kStart, kStart);
    map.apply(agent.node, agent.usage(server.usage()), kStart, kStart);
  }
  return map;
}

}  // namespace capmap::test
