#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/map/capacity_map.hpp"
#include "tests/fleet/plan.hpp"
#include "tests/support/map_agent.hpp"

namespace capmap::test {

inline constexpr std::size_t kSites = 20'000, kHardware = 3'000, kHardwareASite = 15, kCells = kSites * kHardwareASite;
inline constexpr std::size_t kPooledSites = 2'000, kPoolsASite = 3;  ///< every tenth site has pools
inline constexpr std::uint64_t kStart = 1'000'000;

/// What a node is, by its number alone: its site, and one of the few kinds of hardware of that site. The first 300,000 make all cells.
/// Hardware is as it is sold: fourteen processors, seven accelerators that the chip table rates, their memory, disks and networks.
struct Fleet {
  std::vector<EncodedShape> shapes;
  std::vector<std::uint32_t> cards, disks, nics;  ///< [hardware] a node
  std::vector<std::uint64_t> memory;              ///< [hardware] bytes
  Fleet() {
    const auto general = fleet::general_machines(), intelligent = fleet::intelligent_machines();
    const auto sets = fleet::disk_sets();
    const auto count = [](const auto& rows) {
      std::uint32_t all = 0;
      for (const auto& row : rows) all += row.count;
      return all;
    };
    for (std::size_t i = 0; i < kHardware; ++i) {
      const bool with_cards = i % 3 == 0;
      const auto& machines = with_cards ? intelligent : general;
      const auto number = with_cards ? i / 3 : i - i / 3 - 1;
      auto shape = machines[number % machines.size()].shape;
      fleet::vary(shape, number / machines.size());
      shape.disks = sets[number / machines.size() / fleet::kVariants % sets.size()].disks;
      canonicalize(shape);
      cards.push_back(count(shape.accelerators));
      disks.push_back(count(shape.disks));
      nics.push_back(count(shape.nics));
      memory.push_back(*shape.memory_bytes);
      shapes.push_back(pack_shape(shape));
    }
  }
  static std::size_t site(std::size_t node) { return node % kSites; }
  static std::size_t hardware(std::size_t node) { return (site(node) * 7 + (node / kSites) % kHardwareASite) % kHardware; }
  /// Of a pooled site each kind of hardware is in one pool, or in none: pools make no more cells.
  static std::optional<PoolId> pool(std::size_t node) {
    const auto which = node / kSites % kHardwareASite % (kPoolsASite + 1);
    if (site(node) % (kSites / kPooledSites) != 0 || which == kPoolsASite) return std::nullopt;
    return numbered_id<PoolId>(site(node) * kPoolsASite + which);
  }
  [[nodiscard]] std::uint64_t prefix(std::size_t node) const { return shape_prefix(shapes[hardware(node)].id); }
};

inline Site site_of(std::size_t number) {
  constexpr std::array owners = {"government", "state-owned", "private", "foreign-or-joint", "university-or-research", ""};
  constexpr std::array classes = {"general", "intelligent", "super", "edge"};
  constexpr std::array services = {"public", "private", "hybrid", ""};
  constexpr std::array hubs = {"1307", "310118", "320509", "3402", "4402", "510116", "500109", "520111", "150123", "621002", "640502"};
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = "site " + std::to_string(number);
  site.region = std::to_string(11 + number % 34) + std::to_string(10 + number % 11) + std::to_string(10 + number % 7);
  if (number % 9 == 0) site.region = hubs[number / 9 % hubs.size()];
  if (number % 31 == 0) site.hub = "declared hub " + std::to_string(number % 3);
  site.owner_class = owners[number % owners.size()];
  site.compute_class = classes[number % 5 % classes.size()];
  site.service = services[number / 7 % services.size()];
  if (number % 4 != 0) site.industry = "industry " + std::to_string(number % 13);
  if (number % 5 != 0) site.public_compute = number % 2 == 0;
  site.security_level = static_cast<std::uint32_t>(number % 6);
  return site;
}

inline void add_sites(CapacityMap& map) {
  for (std::size_t i = 0; i < kSites; ++i) map.put_site(site_of(i));
  for (std::size_t i = 0; i < kSites; i += kSites / kPooledSites) {
    for (std::size_t k = 0; k < kPoolsASite; ++k) {
      constexpr std::array names = {"batch", "web", "training"}, classes = {"", "", "intelligent"};
      map.put_pool(
          {.id = numbered_id<PoolId>(i * kPoolsASite + k), .site = numbered_id<SiteId>(i), .name = names[k], .compute_class = classes[k]});
    }
  }
}

inline void add_nodes(CapacityMap& map, const Fleet& fleet, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    KnownNode known;
    known.id = numbered_id<NodeId>(i);
    known.site = numbered_id<SiteId>(Fleet::site(i));
    known.pool = Fleet::pool(i);
    known.hostname = "node-" + std::to_string(i);
    map.add_node(known, false, kStart);
    Hello hello;
    hello.envelope = {.run_id = i + 1, .seq = 1};
    hello.shape_id = fleet.shapes[Fleet::hardware(i)].id;
    hello.hostname = known.hostname;
    hello.os = "Debian GNU/Linux 12 (bookworm)";
    hello.kernel = "6.1.0-" + std::to_string(i % 40) + "-amd64";
    hello.agent_version = "1.0." + std::to_string(i % 7);
    hello.virtualization = "none";
    hello.memory_total_bytes = fleet.memory[Fleet::hardware(i)] / 64 * 63 + i % 1'000 * 4'096;
    for (std::size_t k = 0; k < fleet.disks[Fleet::hardware(i)]; ++k) hello.disk_names.push_back("nvme" + std::to_string(k) + "n1");
    for (std::size_t k = 0; k < fleet.nics[Fleet::hardware(i)]; ++k) hello.nic_names.push_back("ens1f" + std::to_string(k));
    const auto cards = fleet.cards[Fleet::hardware(i)];
    for (std::size_t k = 0; k < cards; ++k) hello.accelerator_addresses.push_back("0000:" + std::to_string(10 + k) + ":00.0");
    std::uint32_t seq = 1;
    if (map.apply(known.id, hello, kStart, 0).need_shape) {
      map.apply(known.id, ShapeMessage{.envelope = {i + 1, ++seq}, .shape = fleet.shapes[Fleet::hardware(i)]}, kStart, 0);
    }
    // Half of the cards of most nodes are used; of some all or none.
    const auto used = i % 5 == 0 ? 0 : i % 7 == 0 ? cards : cards / 2;
    auto usage = usage_of(busy(1'000, 2'000), std::string(used, 'u') + std::string(cards - used, 'f'));
    for (auto& device : usage.accelerators) device.memory_used_mib = static_cast<std::uint32_t>(i % 40'000);
    map.apply(known.id, UsageMessage{.envelope = {i + 1, ++seq}, .shape_prefix = fleet.prefix(i), .usage = std::move(usage)}, kStart, 0);
  }
}

}  // namespace capmap::test
