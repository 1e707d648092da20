#include "agent/accelerators.hpp"

#include <algorithm>
#include <utility>

#include "agent/device_drivers.hpp"
#include "agent/release_request.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDriversEveryMs = 60'000, kRequestEveryMs = 5'000;
constexpr std::size_t kNamed = 4;  ///< addresses that a problem line names
constexpr const char* kProbe = "accelerators";

ProbeSamplerOptions sampler_options(const AgentSettings& settings, const std::string& probe) {
  const std::uint64_t every_ms = std::uint64_t{settings.accelerators_every_s} * 1'000;
  std::vector<std::string> words = {"devices", "--root", settings.root, "--every", std::to_string(every_ms), "--state", settings.state};
  if (!settings.nvml_library.empty()) words.insert(words.end(), {"--nvml", settings.nvml_library});
  if (!settings.dcmi_library.empty()) words.insert(words.end(), {"--dcmi", settings.dcmi_library});
  if (!settings.rocm_smi_library.empty()) words.insert(words.end(), {"--rocm-smi", settings.rocm_smi_library});
  return {.program = probe, .arguments = std::move(words), .about = kProbe, .every_ms = every_ms};
}

/// "3 of 8 …: A, B, C"
std::string naming(std::string text, const std::vector<std::string>& addresses) {
  for (std::size_t i = 0; i < std::min(addresses.size(), kNamed); ++i) text += (i == 0 ? ": " : ", ") + addresses[i];
  return addresses.size() > kNamed ? text + ", …" : text;
}

}  // namespace

Accelerators::Accelerators(const AgentSettings& settings, const std::string& probe)
    : state_(settings.state),
      root_(settings.root),
      forced_(!settings.nvml_library.empty() || !settings.dcmi_library.empty()),
      sampler_(sampler_options(settings, probe)) {
  if (auto known = read_known_devices(known_devices_path(state_))) known_ = std::move(*known);
}

bool Accelerators::wanted(std::uint64_t now_ms) {
  if (now_ms >= drivers_due_ms_) {
    drivers_due_ms_ = now_ms + kDriversEveryMs;
    drivers_ = forced_ || find_device_drivers(root_).any();
    if (!drivers_) told_ = {};
  }
  if (!drivers_) return false;
  const bool done = released_ && !answered_ && !sampler_.running();
  if (done || now_ms >= request_due_ms_) {
    request_due_ms_ = now_ms + kRequestEveryMs;
    const auto request = read_release_request(state_, now_ms);
    released_ = request.has_value();
    const bool answer = released_ && !sampler_.running();
    if (answer != answered_) answer_release_request(state_, answer ? request->text : "");
    answered_ = answer;
  }
  return !released_;
}

bool Accelerators::step(std::uint64_t now_ms) {
  const bool run = wanted(now_ms);
  return sampler_.step(now_ms, run) && learn();
}

bool Accelerators::learn() {
  if (sampler_.frame() && !sampler_.frame()->drivers.empty()) told_.drivers = sampler_.frame()->drivers;
  const auto before = known_;
  for (const auto& row : sampler_.frame() ? sampler_.frame()->rows : std::vector<DeviceRow>()) {
    if (row.power_limit_watts) told_.limit_watts[row.use.pci_address] = *row.power_limit_watts;
    if (row.pci_id.empty() || (row.name.empty() && !row.memory_bytes)) continue;
    auto& device = known_[row.use.pci_address];
    if (device.pci_id != row.pci_id) device = {.pci_id = row.pci_id, .memory_bytes = {}, .name = {}};
    if (row.more_dies.size() < device.more_dies.size()) continue;  // a die is lost: what is installed stays what it was
    device.more_dies = row.more_dies;
    for (const auto& die : row.more_dies) known_.erase(die);
    if (!row.name.empty()) device.name = row.name;
    if (row.memory_bytes) device.memory_bytes = row.memory_bytes;
  }
  return known_ != before && write_known_devices(known_devices_path(state_), known_).ok();
}

void Accelerators::set_present(const std::vector<std::string>& addresses) {
  present_ = {addresses.begin(), addresses.end()};
  present_known_ = true;
}

void Accelerators::add_to(Usage& usage, std::uint64_t now_ms) const {
  if (released_) usage.problems.push_back({.probe = kProbe, .what = "the drivers are let go on request (release-accelerators)"});
  sampler_.add_to(usage, now_ms);
  if (!present_known_ || !sampler_.frame()) return;
  std::vector<std::string> beyond;
  std::set<std::string> missing = present_;
  for (const auto& use : usage.accelerators) {
    if (missing.erase(use.pci_address) == 0) beyond.push_back(use.pci_address);
  }
  std::erase_if(usage.accelerators, [this](const auto& use) { return !present_.contains(use.pci_address); });
  if (!beyond.empty()) {
    usage.problems.push_back({.probe = kProbe, .what = naming("a driver shows what is not counted as an accelerator", beyond)});
  }
  if (missing.empty() || sampler_.frame()->rows.empty()) return;
  const auto text = std::to_string(missing.size()) + " of " + std::to_string(present_.size()) + " on the PCI bus are shown by no driver";
  usage.problems.push_back({.probe = kProbe, .what = naming(text, {missing.begin(), missing.end()})});
}

void Accelerators::add_to(Hello& facts) const {
  facts.accelerator_drivers = told_.drivers;
  if (told_.limit_watts.empty()) return;
  for (const auto& address : facts.accelerator_addresses) {
    const auto limit = told_.limit_watts.find(address);
    facts.accelerator_power_limit_watts.push_back(limit == told_.limit_watts.end() ? std::nullopt : std::optional(limit->second));
  }
}

bool Accelerators::take_news(std::uint64_t now_ms) {
  if (told_ == news_ || now_ms < news_due_ms_) return false;
  news_ = told_;
  news_due_ms_ = now_ms + kNewsEveryMs;
  return true;
}

std::uint64_t Accelerators::due_ms() const {
  if (!drivers_) return UINT64_MAX;  // a tick that comes anyway looks for drivers: nobody is woken for that
  const auto sampler = released_ && !sampler_.running() ? UINT64_MAX : sampler_.due_ms();
  return std::min(request_due_ms_, sampler);
}

}  // namespace capmap
