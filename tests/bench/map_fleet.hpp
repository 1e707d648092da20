#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controller/map/capacity_map.hpp"
#include "tests/support/map_agent.hpp"

namespace capmap::test {

inline constexpr std::size_t kSites = 20'000, kHardware = 3'000, kHardwareASite = 15, kCells = kSites * kHardwareASite;
inline constexpr std::uint64_t kStart = 1'000'000;

/// What a node is, by its number alone: its site, and one of the few kinds of hardware of that site. The first 300,000 make all cells.
struct Fleet {
  std::vector<EncodedShape> shapes;
  Fleet() {
    for (std::uint32_t i = 0; i < kHardware; ++i) shapes.push_back(pack_shape(server_shape(8 + i, 64 + i % 8, i % 3 == 0 ? 8 : 0)));
  }
  static std::size_t site(std::size_t node) { return node % kSites; }
  static std::size_t hardware(std::size_t node) { return (site(node) * 7 + (node / kSites) % kHardwareASite) % kHardware; }
  [[nodiscard]] std::uint64_t prefix(std::size_t node) const { return shape_prefix(shapes[hardware(node)].id); }
};

inline Site site_of(std::size_t number) {
  constexpr std::array owners = {"government", "state-owned", "private", ""};
  constexpr std::array classes = {"general", "intelligent", "super", "edge"};
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = "site " + std::to_string(number);
  site.region = std::to_string(11 + number % 34) + std::to_string(10 + number % 11) + std::to_string(10 + number % 7);
  site.owner_class = owners[number % owners.size()];
  site.compute_class = classes[number % 5 % classes.size()];
  site.security_level = static_cast<std::uint32_t>(number % 6);
  return site;
}

inline void add_nodes(CapacityMap& map, const Fleet& fleet, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    KnownNode known;
    known.id = numbered_id<NodeId>(i);
    known.site = numbered_id<SiteId>(Fleet::site(i));
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
    hello.memory_total_bytes = (63 * kGib) + i % 1'000 * 4'096;
    hello.disk_names = {"nvme0n1"};
    hello.nic_names = {"ens1f0", "ens1f1"};
    const bool gpus = Fleet::hardware(i) % 3 == 0;
    if (gpus) {
      for (std::size_t k = 0; k < 8; ++k) hello.accelerator_addresses.push_back("0000:" + std::to_string(10 + k) + ":00.0");
    }
    if (map.apply(known.id, hello, kStart, 0).need_shape) {
      map.apply(known.id, ShapeMessage{.envelope = {i + 1, 2}, .shape = fleet.shapes[Fleet::hardware(i)]}, kStart, 0);
    }
    auto usage = usage_of(busy(1'000, 2'000), gpus ? "uuuuffff" : "");
    for (auto& device : usage.accelerators) device.memory_used_mib = static_cast<std::uint32_t>(i % 80'000);
    map.apply(known.id, UsageMessage{.envelope = {i + 1, 3}, .shape_prefix = fleet.prefix(i), .usage = std::move(usage)}, kStart, 0);
  }
}

}  // namespace capmap::test
