#include "controller/http/map_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/words.hpp"

namespace capmap {
namespace {

Json decimal_or_null(bool known, U128 value) {
  if (!known) return nullptr;
  return decimal(value);
}

/// Whole numbers that stay far below 2^53 stay numbers.
Json count_or_null(bool known, U128 value) {
  if (!known) return nullptr;
  return static_cast<std::uint64_t>(value);
}

Json nodes_json(const RollupGroup& group) {
  Json nodes = {{"installed", group.installed_nodes}, {"healthy", group.healthy_nodes}, {"available", group.available_nodes}};
  for (const auto liveness : {Liveness::kFresh, Liveness::kStale, Liveness::kLost, Liveness::kResyncing}) {
    const auto i = static_cast<std::size_t>(liveness);
    nodes[kLivenessNames[i]] = group.nodes_by_liveness[i];
  }
  nodes["hardware_unknown"] = group.hardware_unknown_nodes;
  return nodes;
}

Json cpu_json(const RollupGroup& group) {
  return {{"packages", group.packages},
          {"cores", group.cores},
          {"pus", group.pus},
          {"busy_millicores", count_or_null(use_known(group, group.cpu_busy_millicores), group.cpu_busy_millicores.value)},
          {"free_millicores", count_or_null(use_known(group, group.cpu_free_millicores), group.cpu_free_millicores.value)},
          {"use_unknown_nodes", group.cpu_busy_millicores.unknown}};
}

Json memory_json(const RollupGroup& group) {
  constexpr U128 kMib = 1'048'576;
  return {{"installed_bytes", decimal(group.memory_bytes.value)},
          {"unknown_nodes", group.memory_bytes.unknown},
          {"used_bytes", decimal_or_null(use_known(group, group.memory_used_mib), group.memory_used_mib.value * kMib)},
          {"free_bytes", decimal_or_null(use_known(group, group.memory_free_mib), group.memory_free_mib.value * kMib)},
          {"use_unknown_nodes", group.memory_used_mib.unknown}};
}

Json power_json(const RollupGroup& group) {
  return {{"watts", count_or_null(use_known(group, group.power_watts), group.power_watts.value)},
          {"unknown_nodes", group.power_watts.unknown}};
}

Json accelerators_json(const RollupGroup& group) {
  const bool known = accelerator_use_known(group);
  return {{"installed", group.accelerators},
          {"used", count_or_null(known, group.accelerators_used)},
          {"free", count_or_null(known, group.accelerators_free)},
          {"use_unknown", group.accelerators_use_unknown},
          {"by_model", Json(group.accelerators_by_model)}};
}

Json storage_json(const RollupGroup& group) {
  Json media = Json::object();
  for (std::size_t i = 0; i < kMediaWords.size(); ++i) {
    if (group.storage_bytes_by_media[i] != 0) media[kMediaWords[i]] = decimal(group.storage_bytes_by_media[i]);
  }
  return {{"installed_bytes", decimal(group.storage_bytes.value)}, {"unknown_disks", group.storage_bytes.unknown}, {"by_media", media}};
}

bool asked_peak(const Measures& measures, std::size_t precision) {
  return measures.test(static_cast<std::size_t>(Measure::kPeakFp64) + precision);
}

Json rates_json(const RatedPeak& peak, const Measures& measures) {
  Json rates = Json::object();
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    if (!asked_peak(measures, i)) continue;
    rates[std::string(kPrecisionNames[i]) + "_mflops"] = decimal_or_null(peak.offered[i] != 0, peak.mflops[i]);
  }
  return rates;
}

/// Rated accelerators that are in no sum of a precision, because no sourced figure of it is known for them.
Json missing_json(const RollupGroup& group, const Measures& measures) {
  Json missing = Json::object();
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    if (!asked_peak(measures, i)) continue;
    const auto counted = std::min(group.accelerator_peak.offered[i], group.rated_accelerators);
    if (counted < group.rated_accelerators) missing[kPrecisionNames[i]] = group.rated_accelerators - counted;
  }
  return missing;
}

Json peak_json(const RollupGroup& group, const Measures& measures) {
  Json why = Json::array();
  for (const auto& [reason, count] : group.unrated_why) why.push_back({{"what", reason.first}, {"why", reason.second}, {"count", count}});
  return {{"cpu", rates_json(group.cpu_peak, measures)},
          {"accelerators", rates_json(group.accelerator_peak, measures)},
          {"accelerators_missing", missing_json(group, measures)},
          {"unrated",
           {{"cpu_packages", group.unrated_packages},
            {"accelerators", group.unrated_accelerators},
            {"nodes", group.unrated_nodes},
            {"why", std::move(why)}}}};
}

Json age_json(const RollupGroup& group) {
  if (group.age_known_nodes == 0) return nullptr;
  return {{"mean", group.age_mean_ms}, {"max", group.age_max_ms}, {"known_nodes", group.age_known_nodes}};
}

}  // namespace

bool any_peak(const Measures& measures) {
  return (measures >> static_cast<std::size_t>(Measure::kPeakFp64)).any();
}

Json group_json(const RollupGroup& group, Json key, const Measures& measures) {
  const auto asked = [&measures](std::initializer_list<Measure> any) {
    return std::ranges::any_of(any, [&](Measure measure) { return measures.test(static_cast<std::size_t>(measure)); });
  };
  Json out = {{"key", std::move(key)}};
  if (asked({Measure::kNodes})) out["nodes"] = nodes_json(group);
  if (asked({Measure::kCpu, Measure::kCpuUse})) out["cpu"] = cpu_json(group);
  if (asked({Measure::kMemory, Measure::kMemoryUse})) out["memory"] = memory_json(group);
  if (asked({Measure::kAccelerators, Measure::kAcceleratorUse, Measure::kAcceleratorModels}))
    out["accelerators"] = accelerators_json(group);
  if (asked({Measure::kStorage})) out["storage"] = storage_json(group);
  if (asked({Measure::kNetwork})) {
    out["network"] = {{"nics", group.nics}, {"speed_mbps", decimal(group.nic_mbps)}, {"speed_unknown", group.nic_speed_unknown}};
  }
  if (asked({Measure::kPower})) out["power"] = power_json(group);
  if (any_peak(measures) || asked({Measure::kUnratedWhy})) out["peak"] = peak_json(group, measures);
  if (asked({Measure::kCpuUse})) out["largest_free"]["cores"] = group.largest_free_cores;
  if (asked({Measure::kMemoryUse})) out["largest_free"]["memory_gib"] = group.largest_free_memory_gib;
  if (asked({Measure::kAcceleratorUse})) out["largest_free"]["accelerators"] = group.largest_free_accelerators;
  if (asked({Measure::kAge})) out["age_ms"] = age_json(group);
  if (asked({Measure::kNodes})) out["stale_permille"] = group.stale_permille();
  if (asked({Measure::kUnrated})) out["unrated_permille"] = group.unrated_permille();
  return out;
}

}  // namespace capmap
