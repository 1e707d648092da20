#include "controller/map/sanity.hpp"

#include <algorithm>
#include <string_view>

#include "controller/map/node_table.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kMostWatts = 5'000;  ///< a card of today draws up to some 1,500
constexpr std::uint64_t kBytesPerMb = 1'000'000;
constexpr std::uint64_t kLeastMemoryShare = 2;  ///< MemTotal below 1/2 of the shape's memory is more than a kernel's reserve

/// value > 1.1 x limit
bool over_by_a_tenth(std::uint64_t value, std::uint64_t limit) {
  return value * 10 > limit * 11;
}

std::string text(std::uint64_t value) {
  return std::to_string(value);
}

}  // namespace

std::optional<std::string> doubt_reading(std::size_t field, std::uint32_t value, const ReadingLimits& limits) {
  switch (field) {
    case kCpuBusy:
      if (!limits.pus || !over_by_a_tenth(value, *limits.pus * std::uint64_t{1'000})) return std::nullopt;
      return "cpu_busy_millicores " + text(value) + " is over 1.1 x " + text(*limits.pus) + " PUs";
    case kMemoryUsed:
      if (!limits.memory_mib || value <= *limits.memory_mib + 1) return std::nullopt;
      return "memory_used_mib " + text(value) + " is over the " + text(*limits.memory_mib) + " MiB there are";
    case kStorageUsed:
      if (!limits.disks_bytes || !over_by_a_tenth(value, *limits.disks_bytes / kBytesPerMb)) return std::nullopt;
      return "storage_used_mb " + text(value) + " is over 1.1 x the disks' " + text(*limits.disks_bytes / kBytesPerMb) + " MB";
    case kPower:
      if (value <= kMaxPowerWatts) return std::nullopt;
      return "power_watts " + text(value) + " is more than a server can take";
    default: return std::nullopt;
  }
}

std::optional<std::string> doubt_accelerators(const std::vector<AcceleratorUse>& devices, const ReadingLimits& limits) {
  if (devices.size() > kMaxDevices) return "use of " + text(devices.size()) + " accelerators, more than a server holds";
  std::vector<std::string_view> addresses;
  addresses.reserve(devices.size());
  for (const auto& device : devices) addresses.push_back(device.pci_address);
  std::sort(addresses.begin(), addresses.end());
  const auto twice = std::adjacent_find(addresses.begin(), addresses.end());
  if (twice != addresses.end()) return "accelerator " + std::string(*twice) + " is listed twice";
  if (limits.accelerators && devices.size() > *limits.accelerators) {
    return "use of " + text(devices.size()) + " accelerators where the shape has " + text(*limits.accelerators);
  }
  for (const auto& device : devices) {
    if (limits.accelerator_mib && device.memory_used_mib && over_by_a_tenth(*device.memory_used_mib, *limits.accelerator_mib)) {
      return "accelerator " + device.pci_address + " uses " + text(*device.memory_used_mib) + " MiB, over 1.1 x the " +
             text(*limits.accelerator_mib) + " MiB of the largest";
    }
    if (device.power_watts.value_or(0) > kMostWatts) {
      return "accelerator " + device.pci_address + " draws " + text(*device.power_watts) + " W, over " + text(kMostWatts);
    }
  }
  return std::nullopt;
}

void forget_absurd_size(SharedFileSystem& system) {
  constexpr std::uint64_t kMostMb = 1'000'000'000'000;
  const bool good = system.size_mb.value_or(0) <= kMostMb && system.used_mb.value_or(0) <= system.size_mb.value_or(kMostMb);
  if (!good) system.size_mb = system.used_mb = std::nullopt;
}

std::vector<std::string> contradictions(const Hello& hello, const HardwareRow& hardware) {
  std::vector<std::string> found;
  const auto& shape = hardware.shape;
  if (hello.memory_total_bytes && shape.memory_bytes) {
    const auto said = "MemTotal is " + text(*hello.memory_total_bytes) + " bytes, ";
    const auto of_shape = " the shape's " + text(*shape.memory_bytes);
    if (*hello.memory_total_bytes > *shape.memory_bytes) found.push_back(said + "more than" + of_shape);
    if (*hello.memory_total_bytes < *shape.memory_bytes / kLeastMemoryShare) found.push_back(said + "less than half of" + of_shape);
  }
  if (hello.pus_allowed && shape.cpu.pus && *hello.pus_allowed > *shape.cpu.pus) {
    found.push_back(text(*hello.pus_allowed) + " PUs are allowed, more than the shape's " + text(*shape.cpu.pus));
  }
  for (const auto& part : hardware.peak.unrated) {
    if (part.contradicted) found.push_back(part.what + ": " + part.why);
  }
  return found;
}

}  // namespace capmap
