#include "agent/snapshot.hpp"

#include "agent/probe_memory.hpp"

namespace capmap {
namespace {

/// The value, or a problem line under the probe's name and an empty value.
template <class T>
T value_or_problem(Usage& usage, const char* probe, const Result<T>& read) {
  if (read) return *read;
  usage.problems.push_back({.probe = probe, .what = read.error().what});
  return {};
}

}  // namespace

Usage read_usage(const HostRoot& root, ProbeMemory& memory, std::uint64_t now_ms) {
  Usage usage;
  const auto ram = value_or_problem(usage, "memory", read_memory(root, memory.meminfo));
  const auto disks = value_or_problem(usage, "storage", read_disk_rates(root, memory.storage, now_ms));
  const auto nics = value_or_problem(usage, "network", read_network(root, memory.network, now_ms));
  usage.readings = {
      .cpu_busy_millicores = value_or_problem(usage, "cpu", read_cpu(root, memory.cpu, now_ms)),
      .memory_used_mib = memory_used_mib(ram),
      .storage_used_mb = value_or_problem(usage, "file_systems", read_storage_used(root, memory.storage)),
      .storage_read_kbs = disks.read_kbs,
      .storage_write_kbs = disks.write_kbs,
      .network_receive_kbps = nics.receive_kbps,
      .network_transmit_kbps = nics.transmit_kbps,
  };
  return usage;
}

}  // namespace capmap
