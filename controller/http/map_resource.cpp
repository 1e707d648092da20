#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/words.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMaxGroups = 1'000;  ///< a page; so that no answer holds the thread up for long

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

bool any_peak(const Measures& measures) {
  return (measures >> static_cast<std::size_t>(Measure::kPeakFp64)).any();
}

/// What was asked for; a figure that nobody asked for is left out rather than shown as zero.
Json group_json(const RollupGroup& group, const std::vector<Dimension>& by, const Measures& measures) {
  const auto asked = [&measures](std::initializer_list<Measure> any) {
    return std::ranges::any_of(any, [&](Measure measure) { return measures.test(static_cast<std::size_t>(measure)); });
  };
  Json key = Json::object();
  for (std::size_t i = 0; i < by.size() && i < group.key.size(); ++i) {
    key[kDimensionNames[static_cast<std::size_t>(by[i])]] = text_or_null(group.key[i]);
  }
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

Json head_json(const Call& call) {
  const MapView& view = *call.view;
  Json resyncing = nullptr;
  if (!view.resync_over) {
    resyncing = {{"heard", view.known_nodes - std::min(view.known_nodes, view.resyncing_nodes)}, {"known", view.known_nodes}};
  }
  return {{"revision", view.revision},         {"epoch", hex_text(view.epoch)},
          {"at", rfc3339_ms(view.at_unix_ms)}, {"age_ms", call.now_boot_ms - std::min(call.now_boot_ms, view.at_boot_ms)},
          {"catalog", view.catalog_version},   {"resyncing", std::move(resyncing)}};
}

struct Page {
  std::size_t first = 0, limit = kMaxGroups;
};

Result<Page> read_page(const Target& target) {
  const auto limit = parse_count("limit", parameter(target, "limit").value_or(std::to_string(kMaxGroups)), 1, kMaxGroups);
  if (!limit) return limit.error();
  const auto first = parse_count("cursor", parameter(target, "cursor").value_or("0"), 0, UINT32_MAX);
  if (!first) return first.error();
  return Page{.first = *first, .limit = *limit};
}

/// A word that stands for part of an object brings the whole: half of one would say zero where nobody looked.
Measures whole_objects(Measures measures) {
  const auto together = [&measures](std::initializer_list<Measure> words) {
    if (!std::ranges::any_of(words, [&](Measure word) { return measures.test(static_cast<std::size_t>(word)); })) return;
    for (const auto word : words) measures.set(static_cast<std::size_t>(word));
  };
  together({Measure::kCpu, Measure::kCpuUse});
  together({Measure::kMemory, Measure::kMemoryUse});
  together({Measure::kAccelerators, Measure::kAcceleratorUse, Measure::kAcceleratorModels});
  if (any_peak(measures) || measures.test(static_cast<std::size_t>(Measure::kUnratedWhy))) {
    measures.set(static_cast<std::size_t>(Measure::kUnrated)).set(static_cast<std::size_t>(Measure::kUnratedWhy));
  }
  if (measures.test(static_cast<std::size_t>(Measure::kUnrated))) measures.set(static_cast<std::size_t>(Measure::kNodes));
  return measures;
}

Outcome bad_parameter(const char* word, const Error& error) {
  return problem_response({.status = 400, .word = word, .detail = error.what});
}

}  // namespace

Outcome get_map(const Call& call) {
  const auto by = parse_dimensions(parameter(call.target, "group_by").value_or(parameter(call.target, "by").value_or("")));
  if (!by) {
    return problem_response(
        {.status = 400, .word = "unknown-dimension", .detail = by.error().what, .known = {kDimensionNames.begin(), kDimensionNames.end()}});
  }
  const auto measures = parse_measures(parameter(call.target, "measure").value_or(""));
  if (!measures) return bad_parameter("unknown-measure", measures.error());
  RollupQuery query{.by = *by, .filter = std::nullopt, .measures = whole_objects(*measures)};
  if (const auto text = parameter(call.target, "filter"); text && !text->empty()) {
    auto filter = parse_filter(*text);
    if (!filter) return bad_parameter("bad-filter", filter.error());
    query.filter = std::move(*filter);
  }
  const auto page = read_page(call.target);
  if (!page) return error_response(page.error());
  const auto etag = revision_etag(*call.view);
  if (auto same = not_modified(call, etag)) return *same;

  query.first = page->first;
  query.limit = page->limit;
  const Rollup rollup = roll_up_query(*call.view, query, call.now_boot_ms);
  Json answer = head_json(call);
  answer["by"] = Json::array();
  for (const auto dimension : *by) answer["by"].push_back(kDimensionNames[static_cast<std::size_t>(dimension)]);
  answer["answered_from"] = "cells";
  Json groups = Json::array();
  for (const auto& group : rollup.groups) groups.push_back(group_json(group, *by, query.measures));
  const std::size_t last = std::min(rollup.group_count, page->first + page->limit);
  answer["groups"] = std::move(groups);
  answer["group_count"] = rollup.group_count;
  answer["next"] = last < rollup.group_count ? Json(std::to_string(last)) : Json(nullptr);
  answer["total"] = group_json(rollup.total, {}, query.measures);
  auto response = json_response(answer);
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace capmap
