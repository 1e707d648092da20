#pragma once
#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/coarse_rate.hpp"
#include "common/labels.hpp"
#include "common/messages.hpp"

namespace capmap {

/// Messages of every kind with values in range, each optional absent now and then; the same seed gives the same messages.
class RandomMessages {
 public:
  explicit RandomMessages(std::uint64_t seed) : random_(seed) {}

  Hello hello();
  ShapeMessage shape_message();
  Heartbeat heartbeat();
  UsageMessage usage();
  Bye bye();
  Ack ack();
  Join join();
  Joined joined();
  Shape shape();  ///< rows not in canonical order

  AgentMessage agent_message();  ///< any kind
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

 private:
  bool often() { return below(4) != 0; }
  std::uint32_t any_u32();
  std::uint64_t any_u64();
  std::uint16_t any_u16() { return static_cast<std::uint16_t>(random_() & 0xFFFFU); }
  std::uint32_t count() { return static_cast<std::uint32_t>(1 + below(below(8) == 0 ? 65'536 : 16)); }
  std::string text();
  std::vector<std::string> texts(std::size_t most);
  Envelope envelope() { return {any_u64() | 1U, any_u32() | 1U}; }
  Readings readings();
  std::vector<AcceleratorUse> accelerator_uses();
  std::vector<SharedFileSystem> file_systems();
  std::vector<Problem> problems();
  CpuShape cpu();

  std::mt19937_64 random_;
};

inline std::uint32_t RandomMessages::any_u32() {
  return static_cast<std::uint32_t>(random_() >> (32 + below(32)));  // all magnitudes
}

inline std::uint64_t RandomMessages::any_u64() {
  return random_() >> below(64);
}

inline std::string RandomMessages::text() {
  const std::size_t length = below(16) == 0 ? below(513) : below(24);
  std::string text(length, ' ');
  for (char& character : text) {
    const auto byte = 0x20 + below(0xE0);
    character = static_cast<char>(byte == 0x7F ? ' ' : byte);
  }
  return text;
}

inline std::vector<std::string> RandomMessages::texts(std::size_t most) {
  std::vector<std::string> list(below(most + 1));
  for (auto& entry : list) entry = text();
  return list;
}

inline Readings RandomMessages::readings() {
  Readings readings;
  for (auto* reading :
       {&readings.cpu_busy_millicores, &readings.memory_used_mib, &readings.storage_used_mb, &readings.storage_read_kbs,
        &readings.storage_write_kbs, &readings.network_receive_kbps, &readings.network_transmit_kbps, &readings.power_watts}) {
    if (often()) *reading = any_u32();
  }
  return readings;
}

inline std::vector<AcceleratorUse> RandomMessages::accelerator_uses() {
  std::set<std::string> addresses;
  const std::size_t most = below(below(16) == 0 ? 200 : 17);
  for (std::size_t i = 0; i < most; ++i) {
    std::array<char, 32> address{};
    std::snprintf(address.data(), address.size(), "%04x:%02x:%02x.%x", below(8) == 0 ? any_u32() : 0U, static_cast<unsigned>(below(256)),
                  static_cast<unsigned>(below(34)), static_cast<unsigned>(below(9)));
    addresses.insert(below(8) == 0 ? "x" + text() : address.data());
  }
  std::vector<AcceleratorUse> uses;
  const bool with_driver = often(), whole = often();
  for (const auto& address : addresses) {
    AcceleratorUse use;
    use.pci_address = address.substr(0, 512);
    if (with_driver && often()) use.used = below(2) != 0;
    if (with_driver && often()) use.memory_used_mib = any_u32();
    if (with_driver && often()) use.busy_permille = static_cast<std::uint32_t>(below(1'001));
    if (often()) use.healthy = below(2) != 0;
    if (with_driver && often()) use.power_watts = static_cast<std::uint32_t>(below(65'536));
    if (with_driver && often()) use.temperature_celsius = static_cast<std::uint32_t>(below(127));
    if (with_driver && often()) use.partitions = static_cast<std::uint32_t>(whole ? 0 : below(255));
    uses.push_back(use);
  }
  return uses;
}

inline std::vector<Problem> RandomMessages::problems() {
  std::vector<Problem> list(below(8) == 0 ? below(65) : below(4));
  for (auto& problem : list) problem = {text(), text()};
  return list;
}

inline CpuShape RandomMessages::cpu() {
  CpuShape cpu;
  cpu.architecture = static_cast<Architecture>(below(7));
  cpu.vendor = text();
  cpu.model = text();
  cpu.identity = text();
  for (auto* number : {&cpu.packages, &cpu.dies, &cpu.cores, &cpu.pus, &cpu.numa_nodes}) {
    if (often()) *number = count();
  }
  cpu.core_kinds.resize(below(4));
  for (auto& kind : cpu.core_kinds) {
    kind.cores = count();
    kind.pus = count();
    if (often()) kind.base_mhz = static_cast<std::uint32_t>(1 + below(100'000));
    if (often()) kind.max_mhz = static_cast<std::uint32_t>(1 + below(100'000));
    kind.base_source = static_cast<ClockSource>(below(4));
    kind.type = static_cast<CoreType>(below(4));
  }
  cpu.isa = texts(24);
  return cpu;
}

inline Shape RandomMessages::shape() {
  Shape shape;
  shape.cpu = cpu();
  if (often()) shape.memory_bytes = any_u64();
  shape.accelerators.resize(below(10));
  for (auto& row : shape.accelerators) {
    row.kind = static_cast<AcceleratorKind>(below(5));
    row.vendor_id = any_u16();
    row.device_id = any_u16();
    row.subsystem_vendor_id = any_u16();
    row.subsystem_device_id = any_u16();
    if (often()) row.memory_bytes = any_u64();
    row.count = count();
    row.dies = static_cast<std::uint32_t>(1 + below(16));
    if (often()) row.name = text();
  }
  shape.nics.resize(below(10));
  for (auto& row : shape.nics) {
    row.type = static_cast<NicType>(below(4));
    row.vendor_id = any_u16();
    row.device_id = any_u16();
    if (often()) row.speed_mbps = any_u32();
    row.rdma = below(2) != 0;
    row.count = count();
  }
  shape.disks.resize(below(20));
  for (auto& row : shape.disks) {
    row.media = static_cast<Media>(below(5));
    row.model = text();
    if (often()) row.bytes = any_u64();
    row.count = count();
  }
  return shape;
}

inline Hello RandomMessages::hello() {
  Hello hello;
  hello.envelope = envelope();
  for (auto& byte : hello.shape_id.bytes) byte = static_cast<std::uint8_t>(below(256));
  for (auto* field : {&hello.agent_version, &hello.hostname, &hello.os, &hello.kernel, &hello.virtualization}) *field = text();
  if (often()) hello.memory_total_bytes = any_u64();
  if (often()) hello.pus_allowed = count();
  if (often()) hello.file_systems_size_mb = any_u64();
  if (often()) hello.time_unix_ms = any_u64();
  hello.disk_names = texts(20);
  hello.nic_names = texts(20);
  hello.accelerator_addresses = texts(20);
  hello.problems = problems();
  if (often()) {
    hello.maker = text();
    hello.product = text();
  }
  for (auto i = below(kMaxLabels + 1); i > 0; --i)
    put_label(hello.labels, "key-" + std::to_string(below(40)), "v" + std::to_string(any_u64()));
  for (auto i = below(3); i > 0; --i) hello.accelerator_drivers.push_back({.name = text(), .version = text(), .cuda_version = text()});
  if (!hello.accelerator_addresses.empty() && often()) {
    hello.accelerator_power_limit_watts.resize(hello.accelerator_addresses.size());
    hello.accelerator_power_limit_watts[0] = 700;
    for (auto& watts : hello.accelerator_power_limit_watts) {
      if (below(2) == 0) watts = static_cast<std::uint32_t>(below(65'535));
    }
  }
  const auto fingerprints = [this](std::size_t most) {
    std::set<Fingerprint> list;
    for (auto i = below(below(8) == 0 ? most + 1 : 9); i > 0; --i) list.insert(any_u64());
    return std::vector<Fingerprint>(list.begin(), list.end());
  };
  hello.fingerprints = fingerprints(kMaxFingerprints);
  if (often()) hello.guest_fingerprints = fingerprints(kMaxGuestFingerprints);
  if (often()) hello.machine.uuid = any_u64();
  if (often()) hello.machine.ports = any_u64();
  if (below(4) == 0) {
    Measured measured;
    measured.at_unix_s = any_u64() | 1U;
    measured.seconds = any_u32();
    measured.threads = any_u32();
    for (auto* figure : {&measured.fp64_gemm_mflops, &measured.fp32_gemm_mflops, &measured.memory_mbs, &measured.disk_read_mbs}) {
      if (often()) *figure = any_u64();
    }
    measured.conditions = texts(16);
    hello.measured = measured;
  }
  return hello;
}

inline ShapeMessage RandomMessages::shape_message() {
  ShapeMessage message;
  message.envelope = envelope();
  message.shape.compressed = below(2) != 0;
  message.shape.body.resize(1 + below(3'000));
  for (auto& byte : message.shape.body) byte = static_cast<std::byte>(below(256));
  const auto over = message.shape.compressed ? 1 + below(20'000) : 0;
  message.shape.raw_bytes = static_cast<std::uint32_t>(message.shape.body.size() + over);
  return message;
}

inline Heartbeat RandomMessages::heartbeat() {
  return {envelope(), any_u64(), readings()};
}

inline std::vector<SharedFileSystem> RandomMessages::file_systems() {
  std::set<std::string> sources;
  for (std::size_t i = below(4) == 0 ? below(65) : 0; i > 0; --i) sources.insert("s" + text().substr(0, 500));
  std::vector<SharedFileSystem> systems;
  for (const auto& source : sources) {
    SharedFileSystem system;
    system.source = source;
    system.type = text();
    if (often()) system.size_mb = any_u64();
    if (often()) system.used_mb = any_u64();
    systems.push_back(std::move(system));
  }
  return systems;
}

inline UsageMessage RandomMessages::usage() {
  UsageMessage message{.envelope = envelope(), .shape_prefix = any_u64(), .usage = {.readings = readings()}};
  auto& usage = message.usage;
  if (often()) usage.cpu_steal_millicores = any_u32();
  if (often()) usage.load_centi = any_u32();
  for (auto* traffic : {&usage.disk_traffic, &usage.nic_traffic}) {
    traffic->resize(below(14));
    for (auto& device : *traffic) device = {coarse_rate(any_u32()), often() ? coarse_rate(any_u32()) : kNoRate};
  }
  usage.accelerators = accelerator_uses();
  usage.file_systems = file_systems();
  usage.problems = problems();
  if (usage.accelerators.empty() || often()) return message;
  message.addresses_as_in_hello = true;
  for (auto& use : usage.accelerators) use.pci_address.clear();
  return message;
}

inline Bye RandomMessages::bye() {
  return {envelope(), text()};
}

inline Ack RandomMessages::ack() {
  Ack ack;
  ack.epoch = any_u64() | 1U;
  ack.run_id = any_u64() | 1U;
  ack.session = any_u32();
  ack.applied_seq = any_u32();
  ack.durable_seq = any_u32();
  ack.next_interval_ms = any_u32() | 1U;
  ack.need_hello = below(2) != 0;
  ack.need_shape = below(2) != 0;
  ack.need_usage = below(2) != 0;
  ack.benchmark_seconds = below(4) == 0 ? static_cast<std::uint32_t>(below(3'601)) : 0;
  ack.time_unix_ms = any_u64();
  return ack;
}

inline Join RandomMessages::join() {
  return {text(), text(), "k" + text().substr(0, 511)};
}

inline Joined RandomMessages::joined() {
  Joined joined;
  joined.accepted = below(2) != 0;
  joined.reason = text();
  for (auto& byte : joined.node_id.bytes) byte = static_cast<std::uint8_t>(1 + below(255));
  joined.site_name = text();
  joined.port = static_cast<std::uint16_t>(1 + below(65'535));
  joined.next_port = any_u16();
  if (joined.accepted) return joined;
  joined.retry_after_s = static_cast<std::uint32_t>(below(86'401));
  joined.pending = joined.retry_after_s != 0 && below(2) == 0;
  return joined;
}

inline AgentMessage RandomMessages::agent_message() {
  switch (below(5)) {
    case 0: return hello();
    case 1: return shape_message();
    case 2: return heartbeat();
    case 3: return usage();
    default: return bye();
  }
}

}  // namespace capmap
