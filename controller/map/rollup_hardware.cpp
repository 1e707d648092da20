#include "controller/map/rollup_hardware.hpp"

#include <algorithm>
#include <map>

namespace capmap {
namespace {

constexpr const char* kCpuPart = "cpu";  ///< Unrated::what of a machine's packages

void add_storage_and_network(RollupGroup& group, const Shape& shape, std::uint64_t nodes) {
  for (const auto& disk : shape.disks) {
    const auto disks = nodes * disk.count;
    if (!disk.bytes) {
      group.storage_bytes.unknown += disks;
      continue;
    }
    const auto bytes = static_cast<U128>(*disk.bytes) * disks;
    group.storage_bytes.value += bytes;
    group.storage_bytes_by_media[static_cast<std::size_t>(disk.media)] += bytes;
  }
  for (const auto& nic : shape.nics) {
    group.nics += nodes * nic.count;
    if (nic.speed_mbps) {
      group.nic_mbps += static_cast<U128>(*nic.speed_mbps) * (nodes * nic.count);
    } else {
      group.nic_speed_unknown += nodes * nic.count;
    }
  }
}

/// parts(precision): packages or devices of one node that are in the sum.
template <class Parts>
void add_peak(RatedPeak& peak, const PeakMflops& of_node, Parts parts, std::uint64_t nodes) {
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    if (!of_node[i]) continue;
    peak.mflops[i] += *of_node[i] * nodes;
    peak.offered[i] += parts(i) * nodes;
  }
}

void add_peaks(RollupGroup& group, const HardwareRow& row, std::uint64_t nodes) {
  const std::uint64_t packages = row.shape.cpu.packages.value_or(1);
  add_peak(
      group.cpu_peak, row.peak.cpu, [packages](std::size_t) { return packages; }, nodes);
  add_peak(
      group.accelerator_peak, row.peak.accelerators, [&](std::size_t i) { return row.peak.accelerators_counted[i]; }, nodes);
  group.rated_accelerators += nodes * row.peak.rated_accelerators;
  for (const auto& part : row.peak.unrated) {
    (part.what == kCpuPart ? group.unrated_packages : group.unrated_accelerators) += nodes * part.count;
  }
  if (!row.peak.unrated.empty()) group.unrated_nodes += nodes;
}

void add_row(RollupGroup& group, const HardwareRow* row, std::uint64_t nodes) {
  if (row == nullptr) {
    group.hardware_unknown_nodes += nodes;
    group.unrated_nodes += nodes;
    return;
  }
  const auto& shape = row->shape;
  group.packages += nodes * shape.cpu.packages.value_or(0);
  group.cores += nodes * shape.cpu.cores.value_or(0);
  group.pus += nodes * shape.cpu.pus.value_or(0);
  if (shape.memory_bytes) {
    group.memory_bytes.value += static_cast<U128>(*shape.memory_bytes) * nodes;
  } else {
    group.memory_bytes.unknown += nodes;
  }
  for (const auto& device : shape.accelerators) group.accelerators += nodes * device.count;
  add_storage_and_network(group, shape, nodes);
  add_peaks(group, *row, nodes);
}

/// The number of a text, given to it when it is new.
template <class Text>
std::uint32_t number_of(std::map<Text, std::uint32_t>& numbers, std::vector<Text>& texts, Text text) {
  const auto [at, made] = numbers.try_emplace(std::move(text), static_cast<std::uint32_t>(texts.size()));
  if (made) texts.push_back(at->first);
  return at->second;
}

/// Moves the counts of one group to its map and leaves zeros.
template <class Text>
void hand_over(std::vector<std::uint64_t>& counts, const std::vector<Text>& texts, std::map<Text, std::uint64_t>& into) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) into[texts[i]] = std::exchange(counts[i], 0);
  }
}

}  // namespace

void add_installed(std::vector<HardwareNodes>& installed, const HardwareNodes& more) {
  if (!installed.empty() && installed.back().first == more.first) {
    installed.back().second += more.second;
  } else {
    installed.push_back(more);
  }
}

void merge_rows(std::vector<HardwareNodes>& installed) {
  std::ranges::sort(installed);
  std::vector<HardwareNodes> merged;
  for (const auto& row : installed) add_installed(merged, row);
  installed = std::move(merged);
}

HardwareSums::HardwareSums(const MapView& view) : view_(view), words_(view.hardware.size()) {
  std::map<std::string, std::uint32_t> model_numbers;
  std::map<std::pair<std::string, std::string>, std::uint32_t> reason_numbers;
  for (std::size_t i = 0; i < view.hardware.size(); ++i) {
    const auto* row = view.hardware[i].get();
    if (row == nullptr) continue;
    for (std::size_t k = 0; k < row->shape.accelerators.size(); ++k) {
      words_[i].models.emplace_back(number_of(model_numbers, models_, row->accelerator_names[k]), row->shape.accelerators[k].count);
    }
    for (const auto& part : row->peak.unrated) {
      words_[i].reasons.emplace_back(number_of(reason_numbers, reasons_, {part.what, part.why}), part.count);
    }
  }
  model_counts_.resize(models_.size());
  reason_counts_.resize(reasons_.size());
}

void HardwareSums::add(RollupGroup& group, const std::vector<HardwareNodes>& installed) {
  for (const auto& [hardware, nodes] : installed) {
    add_row(group, view_.hardware[hardware].get(), nodes);
    for (const auto& [model, devices] : words_[hardware].models) model_counts_[model] += devices * nodes;
    for (const auto& [reason, parts] : words_[hardware].reasons) reason_counts_[reason] += parts * nodes;
  }
  hand_over(model_counts_, models_, group.accelerators_by_model);
  hand_over(reason_counts_, reasons_, group.unrated_why);
}

}  // namespace capmap
