#include "agent/probe/capture_notes.hpp"

#include <algorithm>

#include "agent/fields.hpp"
#include "agent/mountinfo.hpp"
#include "agent/probe/plausible.hpp"

namespace capmap {
namespace {

constexpr std::string_view kSpeedKey = "network.speed_mbps.", kVirtualizationKey = "virtualization", kClockKey = "cpu.cpuid_base_mhz";
constexpr std::string_view kHypervisorKey = "hypervisor", kNoFirmwareKey = "firmware.why_unknown";
constexpr std::string_view kCgroupKey = "cgroup", kCgroupCpuKey = "cgroup.cpu_millicores", kCgroupMemoryKey = "cgroup.memory_bytes",
                           kCgroupPusKey = "cgroup.pus";
constexpr std::string_view kAllowedKey = "pus_allowed", kFileSystemKey = "file_system", kModelKey = "accelerators.model.";
constexpr std::size_t kMaxFileSystems = 1'024;
constexpr std::uint64_t kMaxMhz = 20'000, kMaxPus = 1 << 20, kMaxWord = 32, kMaxReason = 200, kMaxModel = 200;

std::optional<std::uint32_t> number_up_to(std::string_view text, std::uint64_t most) {
  const auto value = to_number(text);
  if (!value || *value > most) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

/// That limits are told comes before what they are.
void apply_cgroup(std::string_view key, std::string_view value, std::optional<CgroupLimits>& limits) {
  if (key == kCgroupKey && value == "told") limits.emplace();
  if (!limits) return;
  if (key == kCgroupCpuKey) limits->cpu_millicores = number_up_to(value, UINT32_MAX);
  if (key == kCgroupPusKey) limits->pus = number_up_to(value, kMaxPus);
  if (const auto bytes = to_number(value); key == kCgroupMemoryKey && bytes && *bytes <= kMostMemoryBytes) limits->memory_bytes = bytes;
}

/// A name without blanks, as the kernel writes them in mountinfo.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && c != '\\') {
      out += c;
      continue;
    }
    out += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + (byte >> shift & 7U));
  }
  return out;
}

/// "local ext4 /dev/sda1 / 1000 500", "-" for a size that is not known.
void apply_file_system(std::string_view words, Machine& machine) {
  MountedFileSystem system;
  system.remote = take_word(words) == "remote";
  system.type = take_word(words);
  system.source = unescaped_mount_text(take_word(words));
  system.mount = unescaped_mount_text(take_word(words));
  system.size_bytes = to_number(take_word(words));
  system.free_bytes = to_number(take_word(words));
  const bool sane = system.size_bytes.has_value() == system.free_bytes.has_value() && system.free_bytes <= system.size_bytes;
  if (!sane || system.mount.empty()) return;
  const auto known = std::find_if(machine.file_systems.begin(), machine.file_systems.end(),
                                  [&](const MountedFileSystem& one) { return one.source == system.source && one.mount == system.mount; });
  if (known != machine.file_systems.end()) {
    *known = std::move(system);
  } else if (machine.file_systems.size() < kMaxFileSystems) {
    machine.file_systems.push_back(std::move(system));
  }
}

void apply_line(std::string_view key, std::string_view value, Machine& machine) {
  apply_cgroup(key, value, machine.platform.cgroup);
  const auto known_word = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  const bool word = value.size() <= kMaxWord && std::all_of(value.begin(), value.end(), known_word);
  if (key == kVirtualizationKey && word) machine.platform.virtualization = value;
  if (key == kHypervisorKey && word) machine.platform.hypervisor = value;
  if (key == kNoFirmwareKey && value.size() <= kMaxReason && !machine.firmware) machine.no_firmware = value;
  if (key == kAllowedKey && number_up_to(value, kMaxPus)) machine.pus_allowed = number_up_to(value, kMaxPus);
  if (key == kFileSystemKey) apply_file_system(value, machine);
  auto& kinds = machine.shape.cpu.core_kinds;
  if (key == kClockKey && kinds.size() == 1 && number_up_to(value, kMaxMhz)) {
    kinds[0].base_mhz = number_up_to(value, kMaxMhz);
    kinds[0].base_source = ClockSource::kCpuid;
  }
  if (key.starts_with(kModelKey) && value.size() <= kMaxModel) {
    const auto address = key.substr(kModelKey.size());
    for (auto& one : machine.accelerators) {
      if (one.pci_address == address && one.model.empty()) one.model = value;
    }
  }
  if (!key.starts_with(kSpeedKey)) return;
  key.remove_prefix(kSpeedKey.size());
  const auto nic = std::find_if(machine.nics.begin(), machine.nics.end(), [key](const Nic& one) { return one.name == key; });
  if (nic == machine.nics.end()) return;
  if (value == "unknown") nic->shape.speed_mbps.reset();
  if (const auto speed = number_up_to(value, UINT32_MAX)) nic->shape.speed_mbps = speed;
}

}  // namespace

std::string write_notes(const Machine& machine) {
  std::string notes;
  const auto line = [&notes](std::string_view key, const std::string& value) { notes.append(key).append("=").append(value).append("\n"); };
  line(kVirtualizationKey, machine.platform.virtualization);
  line(kHypervisorKey, machine.platform.hypervisor);
  if (const auto& limits = machine.platform.cgroup) {
    line(kCgroupKey, "told");
    if (limits->cpu_millicores) line(kCgroupCpuKey, std::to_string(*limits->cpu_millicores));
    if (limits->memory_bytes) line(kCgroupMemoryKey, std::to_string(*limits->memory_bytes));
    if (limits->pus) line(kCgroupPusKey, std::to_string(*limits->pus));
  }
  if (!machine.firmware) line(kNoFirmwareKey, machine.no_firmware);
  if (machine.pus_allowed) line(kAllowedKey, std::to_string(*machine.pus_allowed));
  const auto& kinds = machine.shape.cpu.core_kinds;
  if (kinds.size() == 1 && kinds[0].base_mhz && kinds[0].base_source == ClockSource::kCpuid) {
    line(kClockKey, std::to_string(*kinds[0].base_mhz));
  }
  for (const auto& one : machine.accelerators) {
    if (!one.model.empty()) line(std::string(kModelKey) + one.pci_address, one.model);
  }
  for (const auto& nic : machine.nics) {
    line(std::string(kSpeedKey) + nic.name, nic.shape.speed_mbps ? std::to_string(*nic.shape.speed_mbps) : "unknown");
  }
  const auto size = [](const std::optional<std::uint64_t>& bytes) { return bytes ? std::to_string(*bytes) : std::string("-"); };
  for (const auto& system : machine.file_systems) {
    line(kFileSystemKey, std::string(system.remote ? "remote " : "local ") + escaped(system.type) + " " + escaped(system.source) + " " +
                             escaped(system.mount) + " " + size(system.size_bytes) + " " + size(system.free_bytes));
  }
  return notes;
}

void apply_notes(std::string_view notes, Machine& machine) {
  while (!notes.empty()) {
    auto value = take_line(notes);
    const auto key = take_until(value, '=');
    apply_line(key, value, machine);
  }
}

}  // namespace capmap
