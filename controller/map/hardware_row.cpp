#include "controller/map/hardware_row.hpp"

#include <algorithm>
#include <utility>

#include "common/chip_table.hpp"
#include "common/codec.hpp"
#include "controller/map/physics.hpp"

namespace capmap {
namespace {

constexpr const char* kNoChipTable = "no chip table loaded";

std::string pci_text(const AcceleratorShape& device) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const std::uint16_t id : {device.vendor_id, device.device_id}) {
    if (!text.empty()) text += ':';
    for (int shift = 12; shift >= 0; shift -= 4) text += digits[(id >> shift) & 0xF];
  }
  return text;
}

PeakRating unrated(const Shape& shape, const std::vector<std::string>& names) {
  PeakRating rating;
  rating.unrated.push_back({.what = "cpu", .why = kNoChipTable, .count = shape.cpu.packages.value_or(1)});
  for (std::size_t i = 0; i < names.size(); ++i) {
    rating.unrated.push_back({.what = names[i], .why = kNoChipTable, .count = shape.accelerators[i].count});
  }
  return rating;
}

}  // namespace

HardwareRow describe_hardware(Shape shape, const ChipTable* chips) {
  HardwareRow row;
  row.id = shape_id_of(encode_shape_raw(shape));
  for (const auto& device : shape.accelerators) {
    auto name = chips != nullptr ? chips->accelerator_name(device) : std::nullopt;
    if (!name && !device.name.empty()) name = device.name;
    row.accelerator_names.push_back(name ? std::move(*name) : pci_text(device));
  }
  if (chips != nullptr) row.microarchitecture = chips->microarchitecture(shape.cpu);
  row.peak = chips != nullptr ? chips->rate(shape) : unrated(shape, row.accelerator_names);
  if (chips != nullptr) {
    const auto fit = chips->fit(shape);
    row.parts = chips->parts(shape);
    row.findings = physical_findings(shape, row.microarchitecture, &fit);
    for (std::size_t i = 0; i < fit.devices.size(); ++i) {
      const auto& watts = fit.devices[i].tdp_watts;
      row.card_watts.push_back(watts ? std::optional(*watts * std::max(shape.accelerators[i].dies, 1U)) : std::nullopt);
    }
  } else {
    row.findings = physical_findings(shape, row.microarchitecture, nullptr);
  }
  for (const auto& part : row.peak.unrated) {
    if (!part.contradicted) continue;
    row.findings.push_back(
        {.word = Doubt::kProcessorFeatures, .text = part.what + ": " + part.why, .claimed = {}, .plausible = {}, .guest_may = true});
  }
  row.shape = std::move(shape);
  return row;
}

}  // namespace capmap
