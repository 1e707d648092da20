#include "controller/map/chip_census.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "common/chip_table.hpp"

namespace capmap {
namespace {

/// FNV-1a over texts, each behind its length.
class Sign {
 public:
  Sign& add(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) byte(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  Sign& add(const std::string& text) {
    add(text.size());
    for (const char c : text) byte(static_cast<std::uint8_t>(c));
    return *this;
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  void byte(std::uint8_t value) { hash_ = (hash_ ^ value) * 1'099'511'628'211U; }
  std::uint64_t hash_ = 14'695'981'039'346'656'037U;
};

std::uint64_t sign_of(const HardwareRow& row, std::size_t device) {
  if (device == UnratedChip::kProcessor) {
    const auto& cpu = row.shape.cpu;
    return Sign().add(std::uint64_t{0}).add(cpu.vendor).add(cpu.identity).add(cpu.model).add(row.parts.cpu.unrated).value();
  }
  const auto& card = row.shape.accelerators[device];
  const auto ids = (std::uint64_t{card.vendor_id} << 48U) | (std::uint64_t{card.device_id} << 32U) |
                   (std::uint64_t{card.subsystem_vendor_id} << 16U) | card.subsystem_device_id;
  return Sign()
      .add(std::uint64_t{1})
      .add(ids)
      .add(card.memory_bytes.value_or(0))
      .add(card.name)
      .add(row.parts.devices[device].unrated)
      .value();
}

std::string hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U) text[i] = "0123456789abcdef"[value & 0xF];
  return text;
}

struct Standing {
  std::vector<std::uint64_t> nodes;                             ///< [hardware]
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;  ///< (hardware with an unrated part, site), each once
};

Standing standing_of(const MapView& view, const std::vector<bool>& at, ChipCensus& census) {
  Standing found{.nodes = std::vector<std::uint64_t>(view.hardware.size()), .places = {}};
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      const auto site = keys.site(i), hardware = keys.hardware[i];
      if (keys.state[i] == kFreeSlot || !counts_as_installed(service_of(keys.state[i])) || hardware >= found.nodes.size()) continue;
      if (!at.empty() && (site >= at.size() || !at[site])) continue;
      const auto* const row = view.hardware[hardware].get();
      if (row == nullptr) census.unknown_nodes += keys.nodes[i];
      if (row == nullptr) continue;
      found.nodes[hardware] += keys.nodes[i];
      if (!row->peak.unrated.empty()) found.places.emplace_back(hardware, site);
    }
  }
  std::ranges::sort(found.places);
  found.places.erase(std::unique(found.places.begin(), found.places.end()), found.places.end());
  return found;
}

class Queue {
 public:
  void add(const std::shared_ptr<const HardwareRow>& row, std::size_t device, std::uint64_t nodes, std::uint64_t parts,
           const std::vector<std::uint32_t>& sites) {
    const auto sign = sign_of(*row, device);
    const auto [at, fresh] = by_sign_.emplace(sign, list_.size());
    if (fresh) list_.push_back({.id = hex(sign), .where = row, .device = device, .sites = {}});
    auto& chip = list_[at->second];
    chip.nodes += nodes;
    chip.parts += nodes * parts;
    chip.sites.insert(chip.sites.end(), sites.begin(), sites.end());
  }
  std::vector<UnratedChip> take() {
    for (auto& chip : list_) {
      std::ranges::sort(chip.sites);
      chip.sites.erase(std::unique(chip.sites.begin(), chip.sites.end()), chip.sites.end());
    }
    std::ranges::sort(list_, {}, &UnratedChip::id);
    return std::move(list_);
  }

 private:
  std::vector<UnratedChip> list_;
  std::unordered_map<std::uint64_t, std::size_t> by_sign_;
};

void count(ChipCensus& census, const ChipPart& part, std::uint64_t nodes, std::uint64_t parts) {
  if (!part.entry || *part.entry >= census.entries.size()) return;
  census.entries[*part.entry].nodes += nodes;
  census.entries[*part.entry].parts += nodes * parts;
}

}  // namespace

ChipCensus chip_census(const MapView& view, const std::vector<bool>& at) {
  ChipCensus census;
  if (view.chips) census.entries.resize(view.chips->entry_count());
  const auto standing = standing_of(view, at, census);
  Queue queue;
  auto place = standing.places.begin();
  for (std::uint32_t i = 0; i < standing.nodes.size(); ++i) {
    const auto nodes = standing.nodes[i];
    std::vector<std::uint32_t> sites;
    for (; place != standing.places.end() && place->first == i; ++place) sites.push_back(place->second);
    if (nodes == 0) continue;
    const auto& row = view.hardware[i];
    const auto packages = row->shape.cpu.packages.value_or(1);
    count(census, row->parts.cpu, nodes, packages);
    if (!row->parts.cpu.unrated.empty()) queue.add(row, UnratedChip::kProcessor, nodes, packages, sites);
    for (std::size_t d = 0; d < row->parts.devices.size(); ++d) {
      const auto cards = row->shape.accelerators[d].count;
      count(census, row->parts.devices[d], nodes, cards);
      if (!row->parts.devices[d].unrated.empty()) queue.add(row, d, nodes, cards, sites);
    }
  }
  census.unrated = queue.take();
  return census;
}

}  // namespace capmap
