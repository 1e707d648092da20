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

Json rates_json(const RatedPeak& peak) {
  Json rates = Json::object();
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    rates[std::string(kPrecisionNames[i]) + "_mflops"] = decimal_or_null(peak.offered[i] != 0, peak.mflops[i]);
  }
  return rates;
}

/// Rated accelerators that are in no sum of a precision, because no sourced figure of it is known for them.
Json missing_json(const RollupGroup& group) {
  Json missing = Json::object();
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    const auto counted = std::min(group.accelerator_peak.offered[i], group.rated_accelerators);
    if (counted < group.rated_accelerators) missing[kPrecisionNames[i]] = group.rated_accelerators - counted;
  }
  return missing;
}

Json peak_json(const RollupGroup& group) {
  Json why = Json::array();
  for (const auto& [reason, count] : group.unrated_why) why.push_back({{"what", reason.first}, {"why", reason.second}, {"count", count}});
  return {{"cpu", rates_json(group.cpu_peak)},
          {"accelerators", rates_json(group.accelerator_peak)},
          {"accelerators_missing", missing_json(group)},
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

Json group_json(const RollupGroup& group, const std::vector<Dimension>& by) {
  Json key = Json::object();
  for (std::size_t i = 0; i < by.size() && i < group.key.size(); ++i) {
    key[kDimensionNames[static_cast<std::size_t>(by[i])]] = text_or_null(group.key[i]);
  }
  return {{"key", std::move(key)},
          {"nodes", nodes_json(group)},
          {"cpu", cpu_json(group)},
          {"memory", memory_json(group)},
          {"accelerators", accelerators_json(group)},
          {"storage", storage_json(group)},
          {"network", {{"nics", group.nics}, {"speed_mbps", decimal(group.nic_mbps)}, {"speed_unknown", group.nic_speed_unknown}}},
          {"power", power_json(group)},
          {"peak", peak_json(group)},
          {"largest_free",
           {{"cores", group.largest_free_cores},
            {"memory_gib", group.largest_free_memory_gib},
            {"accelerators", group.largest_free_accelerators}}},
          {"age_ms", age_json(group)},
          {"stale_permille", group.stale_permille()},
          {"unrated_permille", group.unrated_permille()}};
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

}  // namespace

Outcome get_map(const Call& call) {
  const auto by = parse_dimensions(parameter(call.target, "by").value_or(""));
  if (!by) {
    return problem_response(
        {.status = 400, .word = "unknown-dimension", .detail = by.error().what, .known = {kDimensionNames.begin(), kDimensionNames.end()}});
  }
  const auto page = read_page(call.target);
  if (!page) return error_response(page.error());
  const auto etag = revision_etag(*call.view);
  if (auto same = not_modified(call, etag)) return *same;

  const Rollup rollup = roll_up(*call.view, *by, call.now_boot_ms);
  Json answer = head_json(call);
  answer["by"] = Json::array();
  for (const auto dimension : *by) answer["by"].push_back(kDimensionNames[static_cast<std::size_t>(dimension)]);
  const std::size_t last = std::min(rollup.groups.size(), page->first + page->limit);
  Json groups = Json::array();
  for (std::size_t i = page->first; i < last; ++i) groups.push_back(group_json(rollup.groups[i], *by));
  answer["groups"] = std::move(groups);
  answer["group_count"] = rollup.groups.size();
  answer["next"] = last < rollup.groups.size() ? Json(std::to_string(last)) : Json(nullptr);
  answer["total"] = group_json(rollup.total, {});
  auto response = json_response(answer);
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace capmap
