#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/declared_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/map_json.hpp"
#include "controller/http/node_scan.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/shared_json.hpp"
#include "controller/http/view_head.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMaxGroups = 1'000;  ///< a page; so that no answer holds the thread up for long

Json head_json(const Call& call) {
  Json head = view_head(call);
  head["leased_why"] = "there are no leases yet";
  return head;
}

Json key_json(const RollupGroup& group, const std::vector<Dimension>& by) {
  Json key = Json::object();
  for (std::size_t i = 0; i < by.size() && i < group.key.size(); ++i) {
    key[kDimensionNames[static_cast<std::size_t>(by[i])]] = text_or_null(group.key[i]);
  }
  return key;
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
  together({Measure::kStorage, Measure::kStorageUse});
  together({Measure::kNetwork, Measure::kNetworkUse});
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
  const auto group_by = parameter(call.target, "group_by").value_or(parameter(call.target, "by").value_or(""));
  const bool groups_of_nodes = wants_node_scan(group_by);
  const auto by = groups_of_nodes ? Result<std::vector<Dimension>>(std::vector<Dimension>{}) : parse_dimensions(group_by);
  if (!by) return unknown_dimension(by.error());
  const auto measures = parse_measures(parameter(call.target, "measure").value_or(""));
  if (!measures) return bad_parameter("unknown-measure", measures.error());
  RollupQuery query{.by = *by, .filter = std::nullopt, .measures = whole_objects(measures->of_cells)};
  if (const auto text = parameter(call.target, "filter"); text && !text->empty()) {
    auto filter = parse_filter(*text);
    if (!filter) return bad_parameter("bad-filter", filter.error());
    query.filter = std::move(*filter);
  }
  const auto page = read_page(call.target);
  if (!page) return error_response(page.error());
  if (groups_of_nodes || (query.filter && asks_nodes(*query.filter))) {
    auto head = head_json(call);
    if (measures->declared) head["declared_why"] = "what is declared belongs to a site, and this is a sum of nodes";
    return scan_nodes(
        call, std::move(head),
        {.group_by = group_by, .filter = query.filter, .measures = query.measures, .first = page->first, .limit = page->limit});
  }
  const auto etag = revision_etag(*call.view);
  if (auto same = not_modified(call, etag)) return *same;

  query.first = page->first;
  query.limit = page->limit;
  std::optional<DeclaredSums> declared;
  if (measures->declared) declared.emplace(*call.view, query.by, query.filter);
  const Rollup rollup =
      declared ? roll_up_beside(*call.view, query, call.now_boot_ms, *declared) : roll_up_query(*call.view, query, call.now_boot_ms);
  Json answer = head_json(call);
  if (declared) answer["declared_why"] = text_or_null(declared->why_not() == nullptr ? "" : declared->why_not());
  answer["by"] = Json::array();
  for (const auto dimension : *by) answer["by"].push_back(kDimensionNames[static_cast<std::size_t>(dimension)]);
  answer["answered_from"] = "cells";
  const bool storage = query.measures.test(static_cast<std::size_t>(Measure::kStorage));
  const SharedSums shared(*call.view, *by, query.filter.has_value() || !storage);
  Json groups = Json::array();
  for (const auto& group : rollup.groups) {
    groups.push_back(group_json(group, key_json(group, *by), query.measures));
    if (storage) groups.back()["storage"]["shared"] = shared.of_group(group.key);
    if (declared) groups.back()["declared"] = declared_json(declared->of_group(group.key));
  }
  const std::size_t last = std::min(rollup.group_count, page->first + page->limit);
  answer["groups"] = std::move(groups);
  answer["group_count"] = rollup.group_count;
  answer["next"] = last < rollup.group_count ? Json(std::to_string(last)) : Json(nullptr);
  answer["total"] = group_json(rollup.total, Json::object(), query.measures);
  if (storage) answer["total"]["storage"]["shared"] = shared.total();
  if (declared) answer["total"]["declared"] = declared_json(declared->total());
  auto response = json_response(answer);
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace capmap
