#include "controller/map/sanity.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

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

/// Names are those of the devices that the shape counts: more in the shape is a figure that was put in by hand. Long lists are cut on their
/// way, and who names none says nothing.
template <class Row>
std::optional<Finding> doubt_names(const char* what, const std::vector<std::string>& names, const std::vector<Row>& rows) {
  constexpr std::size_t kMostNames = 1'024;
  std::uint64_t count = 0;
  for (const auto& row : rows) count += row.count;
  if (names.empty() || names.size() >= kMostNames || names.size() >= count) return std::nullopt;
  return Finding{.word = Doubt::kHelloAgainstShape,
                 .text = "hello names " + text(names.size()) + " " + what + ", the shape has " + text(count),
                 .claimed = text(count),
                 .plausible = text(names.size())};
}

/// A limit that its driver enforces on a card, over half as much again as its sheet says: no card of that model takes it.
std::optional<Finding> doubt_power_limits(const Hello& hello, const HardwareRow& hardware) {
  const auto& limits = hello.accelerator_power_limit_watts;
  std::size_t at = 0;
  for (std::size_t i = 0; i < hardware.card_watts.size(); ++i) {
    const auto& sheet = hardware.card_watts[i];
    for (std::uint32_t k = 0; k < hardware.shape.accelerators[i].count && at < limits.size(); ++k, ++at) {
      if (!sheet || *sheet == 0 || !limits[at] || *limits[at] * 2 <= *sheet * 3) continue;
      return Finding{.word = Doubt::kCardPower,
                     .text = "the power limit of accelerator " + text(at + 1) + " is " + text(*limits[at]) + " W, over 1.5 x the " +
                             text(*sheet) + " of " + hardware.accelerator_names[i],
                     .claimed = text(*limits[at]),
                     .plausible = text(*sheet)};
    }
  }
  return std::nullopt;
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
      if (value <= kMaxPowerWatts && limits.watts && value > *limits.watts) {
        return "power_watts " + text(value) + " is over the " + text(*limits.watts) + " that its parts take";
      }
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

std::optional<Finding> doubt_measured(const Measured& measured, const HardwareRow& hardware) {
  constexpr auto kVector = static_cast<std::size_t>(Precision::kFp64), kMatrix = static_cast<std::size_t>(Precision::kFp64Matrix);
  const auto& cpu = hardware.shape.cpu;
  const auto nominal = std::max(hardware.peak.cpu[kVector], hardware.peak.cpu[kMatrix]);
  if (!measured.fp64_gemm_mflops || !nominal || *nominal == 0) return std::nullopt;
  std::uint64_t most = *nominal / 10 * 25;
  const auto clocked = [](const CoreKind& kind) { return kind.base_mhz && *kind.base_mhz > 0 && kind.max_mhz; };
  if (!cpu.core_kinds.empty() && std::ranges::all_of(cpu.core_kinds, clocked)) {
    std::uint64_t permille = 0;
    for (const auto& kind : cpu.core_kinds) permille = std::max(permille, *kind.max_mhz * std::uint64_t{1'000} / *kind.base_mhz);
    most = *nominal / 10'000 * 11 * std::max<std::uint64_t>(permille, 1'000);
  }
  const auto got = *measured.fp64_gemm_mflops;
  if (got > most) {
    return Finding{
        .word = Doubt::kMeasuredTooFast,
        .text = "measured " + text(got) + " MFLOP/s FP64, over the " + text(most) + " that its processors can at their highest clock",
        .claimed = text(got),
        .plausible = text(most)};
  }
  const std::uint64_t cores = std::max(cpu.cores.value_or(1), 1U), threads = std::min<std::uint64_t>(std::max(measured.threads, 1U), cores);
  const auto least = *nominal / 10 / cores * threads;
  if (got >= least) return std::nullopt;
  return Finding{.word = Doubt::kMeasuredTooSlow,
                 .text = "measured " + text(got) + " MFLOP/s FP64 with " + text(measured.threads) +
                         " threads, below a tenth of the nominal " + text(*nominal) + " of " + text(cores) + " cores",
                 .claimed = text(*nominal),
                 .plausible = text(got)};
}

std::vector<Finding> findings_of(const Hello& hello, const HardwareRow& hardware) {
  std::vector<Finding> found = hardware.findings;
  const auto against_shape = [&found](std::string why, std::uint64_t claimed, std::uint64_t plausible) {
    found.push_back({.word = Doubt::kHelloAgainstShape, .text = std::move(why), .claimed = text(claimed), .plausible = text(plausible)});
  };
  const auto& shape = hardware.shape;
  if (hello.memory_total_bytes && shape.memory_bytes) {
    const auto said = "MemTotal is " + text(*hello.memory_total_bytes) + " bytes, ";
    const auto of_shape = " the shape's " + text(*shape.memory_bytes);
    if (*hello.memory_total_bytes > *shape.memory_bytes) {
      against_shape(said + "more than" + of_shape, *hello.memory_total_bytes, *shape.memory_bytes);
    }
    if (*hello.memory_total_bytes < *shape.memory_bytes / kLeastMemoryShare) {
      against_shape(said + "less than half of" + of_shape, *shape.memory_bytes, *hello.memory_total_bytes);
    }
  }
  if (hello.pus_allowed && shape.cpu.pus && *hello.pus_allowed > *shape.cpu.pus) {
    against_shape(text(*hello.pus_allowed) + " PUs are allowed, more than the shape's " + text(*shape.cpu.pus), *hello.pus_allowed,
                  *shape.cpu.pus);
  }
  for (auto&& why :
       {doubt_names("accelerators", hello.accelerator_addresses, shape.accelerators), doubt_names("disks", hello.disk_names, shape.disks),
        doubt_names("ports", hello.nic_names, shape.nics), doubt_power_limits(hello, hardware)}) {
    if (why) found.push_back(why.value());
  }
  if (hello.measured) {
    if (auto why = doubt_measured(*hello.measured, hardware)) found.push_back(std::move(*why));
  }
  return found;
}

}  // namespace capmap
