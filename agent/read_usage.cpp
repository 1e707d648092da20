#include "agent/read_usage.hpp"

#include <chrono>
#include <utility>

namespace capmap {
namespace {

/// Probes one after the other, each with how it did.
struct Looks {
  Usage& usage;
  std::vector<ProbeReport> reports{};
  /// The value, or a problem line under the probe's name and an empty value.
  template <class Probe>
  auto operator()(const char* probe, Probe look) {
    const auto begin = std::chrono::steady_clock::now();
    auto read = look();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    reports.push_back({.name = probe, .success = read.ok(), .took_us = static_cast<std::uint64_t>(took.count())});
    if (!read) usage.problems.push_back({.probe = probe, .what = read.error().what});
    return read ? std::move(*read) : std::decay_t<decltype(*read)>{};
  }
};

}  // namespace

Usage read_usage(const HostRoot& root, ProbeMemory& memory, std::uint64_t now_ms, std::vector<ProbeReport>& reports) {
  Usage usage;
  Looks look{usage};
  const auto ram = look("memory", [&] { return read_memory(root, memory.meminfo); });
  const auto cpu = look("cpu", [&] { return read_cpu(root, memory.cpu, now_ms); });
  auto disks = look("storage", [&] { return read_disk_traffic(root, memory.storage, now_ms); });
  auto nics = look("network", [&] { return read_network(root, memory.network, now_ms); });
  usage.readings = {
      .cpu_busy_millicores = cpu.busy_millicores,
      .memory_used_mib = memory_used_mib(ram),
      .storage_used_mb = look("file_systems", [&] { return read_storage_used(root, memory.storage); }),
      .storage_read_kbs = disks.out,
      .storage_write_kbs = disks.in,
      .network_receive_kbps = nics.in,
      .network_transmit_kbps = nics.out,
      .power_watts = look("energy", [&] { return read_power(root, memory.energy, now_ms); }),
  };
  usage.cpu_steal_millicores = cpu.steal_millicores;
  usage.load_centi = cpu.load_centi;
  usage.disk_traffic = std::move(disks.devices);
  usage.nic_traffic = std::move(nics.devices);
  reports = std::move(look.reports);
  return usage;
}

}  // namespace capmap
