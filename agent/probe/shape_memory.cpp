#include "agent/probe/shape_memory.hpp"

#include <algorithm>
#include <set>

#include "agent/probe/plausible.hpp"
#include "common/shape.hpp"

namespace capmap {
namespace {

constexpr const char* kBlocks = "sys/devices/system/memory";

/// Bytes of the nodes that belong to accelerators although they show as NUMA nodes, or of all others. Absent when one of them told more
/// than there can be, or all do together: the rest would be a part that looks like the whole.
std::optional<std::uint64_t> node_bytes(const Topology& topology, bool of_accelerators) {
  std::uint64_t sum = 0;
  for (const auto& node : topology.numa_nodes) {
    if ((node.kind == "gpu") != of_accelerators) continue;
    sum += node.bytes.value_or(0);  // each at most kMostNodeBytes
    if (node.absurd || sum > kMostMemoryBytes) return std::nullopt;
  }
  return sum;
}

std::set<std::string> accelerator_blocks(const HostRoot& root, const Topology& topology) {
  std::set<std::string> blocks;
  for (const auto& node : topology.numa_nodes) {
    if (node.kind != "gpu") continue;
    const auto names = root.list("sys/devices/system/node/node" + std::to_string(node.number));
    if (names) blocks.insert(names->begin(), names->end());
  }
  return blocks;
}

bool is_memory_block(std::string_view name) {
  return name.starts_with("memory") && number_in(name.substr(6)).has_value();
}

bool is_online(const HostRoot& root, const std::string& block) {
  const auto online = root.read_line(std::string(kBlocks) + "/" + block + "/online");
  if (online) return *online == "1";
  const auto state = root.read_line(std::string(kBlocks) + "/" + block + "/state");
  return state && *state == "online";
}

Result<std::uint64_t> online_block_bytes(const HostRoot& root, const Topology& topology) {
  const std::string size_file = std::string(kBlocks) + "/block_size_bytes";
  const auto size_text = root.read_line(size_file);
  if (!size_text) return size_text.error();
  const auto size = number_in(*size_text, 16);
  if (!size || *size == 0) return Error{ErrorCode::kMalformed, size_file + ": \"" + size_text->substr(0, 40) + "\" is not a size in hex"};
  const auto names = root.list(kBlocks);
  if (!names) return names.error();
  const auto elsewhere = accelerator_blocks(root, topology);
  std::uint64_t online = 0;
  for (const auto& name : *names) {
    if (is_memory_block(name) && !elsewhere.contains(name) && is_online(root, name)) ++online;
  }
  if (online == 0) return Error{ErrorCode::kAbsent, std::string(kBlocks) + ": no block is online"};
  if (*size > kMostMemoryBytes / online) return Error{ErrorCode::kMalformed, size_file + ": makes more memory than there can be"};
  return online * *size;
}

std::string mib(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

void compare_with_numa(const Topology& topology, std::uint64_t total, std::vector<Problem>& problems) {
  const std::uint64_t sum = node_bytes(topology, false).value_or(0);
  const std::uint64_t apart = sum > total ? sum - total : total - sum;
  if (sum == 0 || apart <= total / 10) return;
  problems.push_back({"memory", "sys/devices/system/node: the NUMA nodes hold " + mib(sum) + ", MemTotal is " + mib(total)});
}

}  // namespace

Result<std::uint64_t> parse_memtotal(std::string_view meminfo) {
  std::string_view line;
  while (next_line(meminfo, line)) {
    const auto [key, value] = split_pair(line, ':');
    if (key != "MemTotal") continue;
    const auto words = split_words(value);
    const auto kib = words.empty() ? std::nullopt : number_in(words.front());
    if (kib && *kib > 0 && *kib < kMostMemoryBytes / 1024) return *kib * 1024;
    return Error{ErrorCode::kMalformed, "proc/meminfo: MemTotal has no number"};
  }
  return Error{ErrorCode::kMalformed, "proc/meminfo: no MemTotal"};
}

Probed<MemoryReading> read_memory_shape(const HostRoot& root, const Topology& topology) {
  Probed<MemoryReading> probed;
  const auto meminfo = root.read("proc/meminfo");
  const auto total = meminfo ? parse_memtotal(*meminfo) : Result<std::uint64_t>(meminfo.error());
  if (total) {
    const auto elsewhere = node_bytes(topology, true);
    if (elsewhere) probed.value.total_bytes = *total - std::min(*total - 1, *elsewhere);
    if (elsewhere) compare_with_numa(topology, *probed.value.total_bytes, probed.problems);
  } else {
    probed.problems.push_back({"memory", total.error().what});
  }
  const auto blocks = online_block_bytes(root, topology);
  if (blocks) {
    probed.value.shape_bytes = *blocks;
  } else if (blocks.error().code != ErrorCode::kAbsent) {  // kernels without memory hot-plug have no blocks
    probed.problems.push_back({"memory", blocks.error().what});
  }
  if (!probed.value.shape_bytes && probed.value.total_bytes) probed.value.shape_bytes = rounded_memory_bytes(*probed.value.total_bytes);
  return probed;
}

MemoryReading memory_from_topology(const Topology& topology) {
  const std::uint64_t sum = node_bytes(topology, false).value_or(0);
  if (sum == 0) return {};
  return {.shape_bytes = rounded_memory_bytes(sum), .total_bytes = sum};
}

}  // namespace capmap
