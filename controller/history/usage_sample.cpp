#include "controller/history/usage_sample.hpp"

#include <algorithm>
#include <unordered_map>

#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

constexpr char kBetween = '\x1f';  ///< below every character of a name, so keys stand in the order of their parts

std::optional<std::uint64_t> value_of(U128 value) {
  if (value > kMaxSampleValue) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

/// The amount that each of kSampleSums is.
std::array<const Amount*, kSampleSumCount> sums_of(const RollupGroup& group) {
  return {&group.cpu_busy_millicores, &group.cpu_free_millicores, &group.memory_used_mib, &group.memory_free_mib, &group.storage_used_mb,
          &group.storage_free_mb,     &group.receive_kbps,        &group.transmit_kbps,   &group.power_watts};
}

SampleValues values_of(const RollupGroup& group) {
  SampleValues values;
  values[kSampleNodesInstalled] = value_of(group.installed_nodes);
  values[kSampleNodesAvailable] = value_of(group.available_nodes);
  const auto sums = sums_of(group);
  for (std::size_t i = 0; i < kSampleSumCount; ++i) {
    if (group.available_nodes > sums[i]->unknown) values[kSampleSums[i]] = value_of(sums[i]->value);
    values[kSampleUnknown + i] = value_of(sums[i]->unknown);
  }
  values[kSampleAccelerators] = value_of(group.accelerators);
  values[kSampleAcceleratorsUseUnknown] = value_of(group.accelerators_use_unknown);
  values[kSampleAcceleratorsUnhealthy] = value_of(group.accelerators_unhealthy);
  const bool told = group.accelerators_used + group.accelerators_free > 0;
  if (group.accelerators == 0 || told || (group.accelerators_use_unknown == 0 && group.available_nodes > 0)) {
    values[kSampleAcceleratorsUsed] = value_of(group.accelerators_used);
    values[kSampleAcceleratorsFree] = value_of(group.accelerators_free);
  }
  return values;
}

Rollup roll_up_usage(const MapView& view, std::vector<Dimension> by) {
  Measures measures;
  for (const auto measure : {Measure::kNodes, Measure::kCpuUse, Measure::kMemoryUse, Measure::kStorageUse, Measure::kNetworkUse,
                             Measure::kPower, Measure::kAccelerators, Measure::kAcceleratorUse}) {
    measures.set(static_cast<std::size_t>(measure));
  }
  return roll_up_query(view, {.by = std::move(by), .filter = std::nullopt, .measures = measures}, view.at_boot_ms);
}

void sort_rows(UsageSample& sample) {
  std::ranges::sort(sample.rows, {}, &SampleRow::key);
  const auto same = [](const SampleRow& a, const SampleRow& b) { return a.key == b.key; };
  sample.rows.erase(std::unique(sample.rows.begin(), sample.rows.end(), same), sample.rows.end());
}

}  // namespace

std::string to_text(const RegionKey& key) {
  return key.region_2 + kBetween + key.compute_class + kBetween + key.accelerator_model;
}

RegionKey parse_region_key(std::string_view text) {
  const auto first = text.find(kBetween);
  const auto second = first == std::string_view::npos ? first : text.find(kBetween, first + 1);
  if (second == std::string_view::npos)
    return {.region_2 = std::string(text.substr(0, first)), .compute_class = {}, .accelerator_model = {}};
  return {.region_2 = std::string(text.substr(0, first)),
          .compute_class = std::string(text.substr(first + 1, second - first - 1)),
          .accelerator_model = std::string(text.substr(second + 1))};
}

std::string region_prefix(const std::string& region_2) {
  return region_2 + kBetween;
}

UsageSample sample_regions(const MapView& view, std::uint64_t at_unix_ms) {
  const auto rollup = roll_up_usage(view, {Dimension::kRegion2, Dimension::kComputeClass, Dimension::kAcceleratorModel});
  UsageSample sample{.at_unix_ms = at_unix_ms, .rows = {}};
  sample.rows.reserve(rollup.groups.size());
  for (const auto& group : rollup.groups) {
    sample.rows.push_back(
        {.key = to_text(RegionKey{.region_2 = group.key[0], .compute_class = group.key[1], .accelerator_model = group.key[2]}),
         .values = values_of(group)});
  }
  sort_rows(sample);
  return sample;
}

UsageSample sample_sites(const MapView& view, std::uint64_t at_unix_ms) {
  std::unordered_map<std::string, std::string> ids;  // by name, as groups are named
  for (const auto& site : view.sites) {
    if (site) ids.emplace(site->name.empty() ? to_text(site->id) : site->name, to_text(site->id));
  }
  const auto rollup = roll_up_usage(view, {Dimension::kSite});
  UsageSample sample{.at_unix_ms = at_unix_ms, .rows = {}};
  sample.rows.reserve(rollup.groups.size());
  for (const auto& group : rollup.groups) {
    if (const auto id = ids.find(group.key.front()); id != ids.end())
      sample.rows.push_back({.key = id->second, .values = values_of(group)});
  }
  sort_rows(sample);
  return sample;
}

}  // namespace capmap
