#include "controller/http/chips_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/chip_table.hpp"
#include "controller/http/words.hpp"
#include "controller/requests.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostSites = 20, kMostShown = 1'000;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string hex4(std::uint16_t value) {
  std::string text(4, '0');
  for (std::size_t i = 4; i-- > 0; value = static_cast<std::uint16_t>(value >> 4U)) text[i] = "0123456789abcdef"[value & 0xF];
  return text;
}

Json seen_json(const UnratedChip& chip) {
  if (chip.device == UnratedChip::kProcessor) {
    const auto& cpu = chip.where->shape.cpu;
    return {{"vendor", text_or_null(cpu.vendor)},
            {"model", text_or_null(cpu.model)},
            {"identity", text_or_null(cpu.identity)},
            {"architecture", kArchitectureWords[static_cast<std::size_t>(cpu.architecture)]}};
  }
  const auto& card = chip.where->shape.accelerators[chip.device];
  const bool subsystem = card.subsystem_vendor_id != 0 || card.subsystem_device_id != 0;
  return {{"vendor", nullptr},
          {"model", chip.where->accelerator_names[chip.device]},
          {"driver_name", text_or_null(card.name)},
          {"pci_id", hex4(card.vendor_id) + ":" + hex4(card.device_id)},
          {"subsystem_id", subsystem ? Json(hex4(card.subsystem_vendor_id) + ":" + hex4(card.subsystem_device_id)) : Json(nullptr)},
          {"memory_bytes", or_null(card.memory_bytes)}};
}

/// Which row of which file would rate it. Null: none would, the machine has to tell more or something else.
Json would_identify(const UnratedChip& chip, const ChipTable& chips) {
  if (chip.device == UnratedChip::kProcessor) {
    const auto& cpu = chip.where->shape.cpu;
    if (cpu.identity.empty()) return nullptr;
    if (!chip.part().entry) return "a row of cpus with identity " + cpu.identity;
    if (!chips.microarchitecture(cpu)) return nullptr;  // a hypervisor hides which one it is
    return "a row of cpu_skus with this model's base_mhz, or of cpus with its rates";
  }
  const auto& card = chip.where->shape.accelerators[chip.device];
  const auto pci_id = hex4(card.vendor_id) + ":" + hex4(card.device_id);
  if (chip.part().entry) return "a row of accelerators of this vendor, model and form with peaks whose source is of confidence A or B";
  return "a row of accelerators with pci_ids " + pci_id +
         (chips.accelerator_kind(card.vendor_id, card.device_id) == AcceleratorKind::kUnknown
              ? ""
              : ", and memory_gb or names that tell it from the others of that id");
}

Json sites_json(const UnratedChip& chip, const MapView& view) {
  Json names = Json::array();
  for (std::size_t i = 0; i < std::min(chip.sites.size(), kMostSites); ++i) {
    const auto* const site = chip.sites[i] < view.sites.size() ? view.sites[chip.sites[i]].get() : nullptr;
    if (site != nullptr) names.push_back(site->name.empty() ? to_text(site->id) : site->name);
  }
  return {{"count", chip.sites.size()}, {"names", std::move(names)}};
}

}  // namespace

Json chip_json(const ChipEntry& entry) {
  const bool cpu = entry.part == "cpu";
  Json rates = Json::object();
  for (std::size_t p = 0; p < kPrecisionCount; ++p) rates[kPrecisionNames[p]] = or_null(entry.rates[p]);
  return {{"part", entry.part},
          {"vendor", text_or_null(entry.vendor)},
          {"name", entry.name},
          {"covers", text_or_null(entry.covers)},
          {"rate_unit", cpu ? "operations a cycle and core" : "MFLOP/s or MOP/s a device"},
          {"rates", std::move(rates)},
          {"memory_bytes", or_null(entry.memory_bytes)},
          {"bandwidth_mbs", or_null(entry.bandwidth_mbs)},
          {"tdp_watts", or_null(entry.tdp_watts)},
          {"confidence", std::string(1, entry.confidence)},
          {"unsourced", entry.unsourced},
          {"unrated", text_or_null(entry.unrated)},
          {"own", entry.own},
          {"notes", text_or_null(entry.notes)},
          {"source", entry.source}};
}

Json unrated_chip_json(const UnratedChip& chip, const MapView& view) {
  const bool cpu = chip.device == UnratedChip::kProcessor;
  const auto kind = cpu ? AcceleratorKind::kUnknown : chip.where->shape.accelerators[chip.device].kind;
  return {{"id", chip.id},
          {"part", cpu                                 ? "cpu"
                   : kind == AcceleratorKind::kUnknown ? "other"
                                                       : kAcceleratorKindWords[static_cast<std::size_t>(kind)]},
          {"seen", seen_json(chip)},
          {"nodes", chip.nodes},
          {"parts", chip.parts},
          {"sites", sites_json(chip, view)},
          {"why", chip.part().unrated},
          {"would_identify", view.chips ? would_identify(chip, *view.chips) : Json(nullptr)}};
}

Json chips_changed_json(const ChipsChanged& changed) {
  Json changes = Json::array();
  for (std::size_t i = 0; i < std::min(changed.changes.size(), kMostShown); ++i) {
    const auto& one = changed.changes[i];
    changes.push_back(
        {{"row", one.key}, {"before", text_or_null(one.before)}, {"now", text_or_null(one.now)}, {"in_catalog", one.over_catalog}});
  }
  Json effects = Json::array();
  for (const auto& one : changed.effects) {
    effects.push_back({{"what", text_or_null(one.what)},
                       {"nodes", one.nodes},
                       {"parts", one.parts},
                       {"unrated_before", text_or_null(one.before)},
                       {"unrated_now", text_or_null(one.now)}});
  }
  return {{"catalog_before", changed.before_version},
          {"catalog", changed.version},
          {"dry_run", changed.dry_run},
          {"digest", changed.digest},
          {"change_count", changed.changes.size()},
          {"changes", std::move(changes)},
          {"effects", std::move(effects)}};
}

}  // namespace capmap
