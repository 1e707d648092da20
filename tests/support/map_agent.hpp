#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/messages.hpp"
#include "common/shape.hpp"

namespace capmap::test {

inline constexpr std::uint64_t kGib = 1ULL << 30;

/// A shape of one server: cores with two PUs each, GPUs of one model, one disk of 1 TB a disk counted.
inline Shape server_shape(std::uint32_t cores, std::uint64_t memory_gib, std::uint32_t gpus, std::uint32_t disks = 1) {
  Shape shape;
  shape.cpu.architecture = Architecture::kX86_64;
  shape.cpu.vendor = "GenuineIntel";
  shape.cpu.model = "Test CPU " + std::to_string(cores);
  shape.cpu.packages = 2;
  shape.cpu.cores = cores;
  shape.cpu.pus = cores * 2;
  shape.memory_bytes = memory_gib * kGib;
  AcceleratorShape gpu;
  gpu.kind = AcceleratorKind::kGpu;
  gpu.vendor_id = 0x10de;
  gpu.device_id = 0x2330;
  gpu.count = gpus;
  if (gpus > 0) shape.accelerators.push_back(gpu);
  DiskShape disk;
  disk.media = Media::kNvme;
  disk.bytes = 1'000'000'000'000;
  disk.count = disks;
  if (disks > 0) shape.disks.push_back(disk);
  canonicalize(shape);
  return shape;
}

/// Ids told apart by a number, spread like random ones.
template <class IdType>
IdType numbered_id(std::uint64_t number) {
  IdType id;
  std::uint64_t mixed = (number + 1) * 0x9E37'79B9'7F4A'7C15U;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(mixed >> (8 * (i % 8)));
    if (i == 7) mixed = number + 1;
  }
  return id;
}

/// Speaks as one agent start does: counts its messages, names its shape.
struct MapAgent {
  NodeId node;
  std::uint64_t run_id = 1;
  Shape shape;
  std::uint32_t seq = 0;

  [[nodiscard]] EncodedShape encoded() const { return pack_shape(shape); }
  Envelope envelope() { return {.run_id = run_id, .seq = ++seq}; }
  Hello hello() {
    Hello hello;
    hello.envelope = envelope();
    hello.shape_id = encoded().id;
    hello.hostname = "host";
    hello.memory_total_bytes = shape.memory_bytes;
    hello.pus_allowed = shape.cpu.pus;
    return hello;
  }
  ShapeMessage shape_message() { return {.envelope = envelope(), .shape = encoded()}; }
  Heartbeat heartbeat(Readings moved = {}) {
    return {.envelope = envelope(), .shape_prefix = shape_prefix(encoded().id), .moved = std::move(moved)};
  }
  UsageMessage usage(Usage usage = {}) {
    return {.envelope = envelope(), .shape_prefix = shape_prefix(encoded().id), .usage = std::move(usage)};
  }
  Bye bye(std::string reason = "stopped") { return {.envelope = envelope(), .reason = std::move(reason)}; }
};

/// Readings of the two divisible things.
inline Readings busy(std::uint32_t millicores, std::uint32_t memory_used_mib) {
  Readings readings;
  readings.cpu_busy_millicores = millicores;
  readings.memory_used_mib = memory_used_mib;
  return readings;
}

/// Use of devices by letter: u used, f free, ? unknown, x unhealthy.
inline std::vector<AcceleratorUse> devices(const std::string& letters) {
  std::vector<AcceleratorUse> list;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    AcceleratorUse device;
    device.pci_address = "0000:" + std::to_string(10 + i) + ":00.0";
    if (letters[i] != '?') device.used = letters[i] == 'u';
    if (letters[i] == 'x') device.healthy = false;
    list.push_back(std::move(device));
  }
  return list;
}

inline Usage usage_of(Readings readings, const std::string& letters = "") {
  Usage usage;
  usage.readings = std::move(readings);
  usage.accelerators = devices(letters);
  return usage;
}

}  // namespace capmap::test
