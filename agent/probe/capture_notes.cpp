#include "agent/probe/capture_notes.hpp"

#include <algorithm>

#include "agent/fields.hpp"

namespace capmap {
namespace {

constexpr std::string_view kSpeedKey = "network.speed_mbps.", kVirtualizationKey = "virtualization", kClockKey = "cpu.cpuid_base_mhz";
constexpr std::string_view kAllowedKey = "pus_allowed", kModelKey = "accelerators.model.";
constexpr std::uint64_t kMaxMhz = 20'000, kMaxPus = 1 << 20, kMaxWord = 32, kMaxModel = 200;

std::optional<std::uint32_t> number_up_to(std::string_view text, std::uint64_t most) {
  const auto value = to_number(text);
  if (!value || *value > most) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

void apply_line(std::string_view key, std::string_view value, Machine& machine) {
  const auto known_word = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  if (key == kVirtualizationKey && value.size() <= kMaxWord && std::all_of(value.begin(), value.end(), known_word)) {
    machine.platform.virtualization = value;
  }
  if (key == kAllowedKey && number_up_to(value, kMaxPus)) machine.pus_allowed = number_up_to(value, kMaxPus);
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
