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
  Json models = Json::object();
  for (const auto& [model, installed] : group.accelerators_by_model) models[model] = {{"installed", installed}};
  return {{"installed", group.accelerators},
          {"used", count_or_null(known, group.accelerators_used)},
          {"free", count_or_null(known, group.accelerators_free)},
          {"use_unknown", group.accelerators_use_unknown},
          {"leased", nullptr},
          {"by_model", std::move(models)}};
}

Json network_json(const RollupGroup& group) {
  return {{"nics", group.nics},
          {"rdma_nics", group.rdma_nics},
          {"speed_mbps", decimal(group.nic_mbps)},
          {"speed_unknown", group.nic_speed_unknown},
          {"receive_kbps", decimal_or_null(use_known(group, group.receive_kbps), group.receive_kbps.value)},
          {"transmit_kbps", decimal_or_null(use_known(group, group.transmit_kbps), group.transmit_kbps.value)},
          {"use_unknown_nodes", std::max(group.receive_kbps.unknown, group.transmit_kbps.unknown)}};
}

Json storage_json(const RollupGroup& group) {
  constexpr U128 kMb = 1'000'000;
  Json media = Json::object();
  for (std::size_t i = 0; i < kMediaWords.size(); ++i) {
    if (group.storage_bytes_by_media[i] != 0) media[kMediaWords[i]] = decimal(group.storage_bytes_by_media[i]);
  }
  const auto advanced = group.advanced_permille();
  return {{"installed_bytes", decimal(group.storage_bytes.value)},
          {"unknown_disks", group.storage_bytes.unknown},
          {"by_media", media},
          {"advanced_permille", advanced ? Json(*advanced) : Json(nullptr)},
          {"used_bytes", decimal_or_null(use_known(group, group.storage_used_mb), group.storage_used_mb.value * kMb)},
          {"free_bytes", decimal_or_null(use_known(group, group.storage_free_mb), group.storage_free_mb.value * kMb)},
          {"use_unknown_nodes", std::max(group.storage_used_mb.unknown, group.storage_free_mb.unknown)}};
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

/// Peaks of free accelerators, and how many of these each sum is of. 0 where none is free, null where it is not known or none is rated.
Json free_peak_json(const RollupGroup& group, const Measures& measures) {
  Json rates = Json::object(), devices = Json::object();
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    if (!asked_peak(measures, i)) continue;
    const bool known =
        group.free_peak.offered[i] != 0 || (group.available.accelerator_peak.offered[i] != 0 && accelerator_use_known(group));
    rates[std::string(kPrecisionNames[i]) + "_mflops"] = decimal_or_null(known, group.free_peak.mflops[i]);
    if (group.free_peak.offered[i] != 0) devices[kPrecisionNames[i]] = group.free_peak.offered[i];
  }
  return {{"accelerators", std::move(rates)}, {"devices", std::move(devices)}};
}

/// What is on healthy and on available nodes, beside what is installed.
void add_health(Json& out, const RollupGroup& group, const Measures& measures) {
  for (const auto& by_model : group.accelerators_by_model) {
    const std::string& model = by_model.first;
    const auto installed = by_model.second;
    const auto of = [&model](const std::map<std::string, std::uint64_t>& counts) {
      const auto found = counts.find(model);
      return found == counts.end() ? std::uint64_t{0} : found->second;
    };
    if (!out.contains("accelerators")) break;
    out["accelerators"]["by_model"][model] = {
        {"installed", installed}, {"used", of(group.used_by_model)}, {"free", of(group.free_by_model)}};
  }
  if (out.contains("peak")) out["peak"]["free"] = free_peak_json(group, measures);
  for (const auto& [word, sums] : {std::pair{"healthy", &group.healthy}, std::pair{"available", &group.available}}) {
    if (out.contains("cpu")) out["cpu"][word] = {{"packages", sums->packages}, {"cores", sums->cores}, {"pus", sums->pus}};
    if (out.contains("memory")) out["memory"][std::string(word) + "_bytes"] = decimal(sums->memory_bytes.value);
    if (out.contains("accelerators")) {
      // Devices that said they are unhealthy are told by available nodes, which are healthy too.
      out["accelerators"][word] = sums->accelerators - std::min(sums->accelerators, group.accelerators_unhealthy);
    }
    if (out.contains("peak")) {
      out["peak"][word] = {{"cpu", rates_json(sums->cpu_peak, measures)}, {"accelerators", rates_json(sums->accelerator_peak, measures)}};
    }
  }
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
  if (asked({Measure::kStorage, Measure::kStorageUse})) out["storage"] = storage_json(group);
  if (asked({Measure::kNetwork, Measure::kNetworkUse})) {
    out["network"] = network_json(group);
  }
  if (asked({Measure::kPower})) out["power"] = power_json(group);
  if (any_peak(measures) || asked({Measure::kUnratedWhy})) out["peak"] = peak_json(group, measures);
  if (asked({Measure::kCpuUse})) out["largest_free"]["cores"] = group.largest_free_cores;
  if (asked({Measure::kMemoryUse})) out["largest_free"]["memory_gib"] = group.largest_free_memory_gib;
  if (asked({Measure::kAcceleratorUse})) out["largest_free"]["accelerators"] = group.largest_free_accelerators;
  if (asked({Measure::kAge})) out["age_ms"] = age_json(group);
  if (asked({Measure::kHealth})) add_health(out, group, measures);
  if (asked({Measure::kNodes})) out["stale_permille"] = group.stale_permille();
  if (asked({Measure::kNodes})) out["unknown_permille"] = group.unknown_permille();
  if (asked({Measure::kUnrated})) out["unrated_permille"] = group.unrated_permille();
  return out;
}

}  // namespace capmap
