#include "agent/probe/memory_kinds.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr const char *kDevices = "sys/bus/dax/devices", *kNodes = "sys/devices/system/node/node";
constexpr std::size_t kMaxDevices = 1'024;
constexpr std::uint64_t kMaxMbs = 1'000'000'000;  // no memory comes near

/// 10^6 bytes a second from the nearest processors, as firmware's table of memory performance says it.
std::optional<std::uint64_t> read_bandwidth(const HostRoot& root, unsigned node) {
  const auto value = root.read_u64(kNodes + std::to_string(node) + "/access0/initiators/read_bandwidth");
  return value && *value != 0 && *value < kMaxMbs ? std::optional(*value) : std::nullopt;
}

bool has_processors(const HostRoot& root, unsigned node) {
  const auto list = root.read(kNodes + std::to_string(node) + "/cpulist");
  return list && list->find_first_of("0123456789") != std::string::npos;
}

/// Faster than every node of DRAM by half: stacked memory. Slower is no proof of anything.
std::string kind_by_speed(const HostRoot& root, unsigned node, const std::vector<NumaNode>& nodes) {
  std::uint64_t dram = 0;
  for (const auto& other : nodes) {
    if (other.number != node && has_processors(root, other.number)) dram = std::max(dram, read_bandwidth(root, other.number).value_or(0));
  }
  const auto own = read_bandwidth(root, node);
  return own && dram != 0 && *own > dram + dram / 2 ? "hbm" : "unknown";
}

/// What a device's place tells; empty when nothing.
std::string kind_by_place(std::string_view place) {
  const auto in_place = [place](std::string_view part) { return place.find(part) != std::string_view::npos; };
  if (in_place("/ndbus") || in_place("/ndctl")) return "nvm";
  if (in_place("/dax_region") || in_place("/decoder") || in_place("cxl")) return "cxl";
  return in_place("/hmem") ? "hmem" : "";
}

}  // namespace

void correct_memory_kinds(const HostRoot& root, std::vector<NumaNode>& nodes) {
  const auto names = root.list(kDevices, kMaxDevices);
  if (!names) return;
  for (const auto& name : *names) {
    const auto folder = std::string(kDevices) + "/" + name;
    const auto place = root.link_target(folder);
    const auto target = root.read_u64(folder + "/target_node");
    if (!place || !target || !root.exists("sys/bus/dax/drivers/kmem/" + name)) continue;
    const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const NumaNode& one) { return one.number == *target; });
    if (node == nodes.end() || node->kind == "gpu" || has_processors(root, node->number)) continue;
    const auto kind = kind_by_place(*place);
    if (!kind.empty()) node->kind = kind == "hmem" ? kind_by_speed(root, node->number, nodes) : kind;
  }
}

std::map<std::string, std::optional<std::uint64_t>> bytes_by_kind(const std::vector<NumaNode>& nodes) {
  std::map<std::string, std::optional<std::uint64_t>> sums;
  for (const auto& node : nodes) {
    const auto [sum, first] = sums.try_emplace(node.kind, 0);
    const bool fits = sum->second && node.bytes && *node.bytes <= UINT64_MAX - *sum->second;
    sum->second = fits ? std::optional(*sum->second + *node.bytes) : std::nullopt;
  }
  return sums;
}

}  // namespace capmap
