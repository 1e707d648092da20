// The six imbalances: where capacity and its use are uneven, each a named question of the map.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/csv_table.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"
#include "controller/map/imbalance.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMaxRows = 1'000;  ///< a page

struct ImbalanceQuery {
  const ImbalanceKind* kind = nullptr;
  std::optional<FilterNode> filter;
  std::size_t first = 0, limit = kMaxRows;
};

HttpResponse no_such_view(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& kind : imbalance_kinds()) known.emplace_back(kind.name);
  return problem_response(
      {.status = 404, .word = "no-such-imbalance", .detail = "no imbalance is called \"" + name + "\"", .known = std::move(known)});
}

Result<std::optional<FilterNode>> read_filter(const Call& call) {
  const auto text = parameter(call.target, "filter");
  if (!text || text->empty()) return std::optional<FilterNode>();
  auto filter = parse_filter(*text);
  if (!filter) return filter.error();
  if (asks_nodes(*filter)) {
    return Error{ErrorCode::kMalformed,
                 "hostname, os, kernel, agent_version, virtualization and labels are known node by node, and this is answered from sums: "
                 "/v1/map takes them"};
  }
  return std::optional(std::move(*filter));
}

Result<Done> read_page(const Call& call, ImbalanceQuery& question) {
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kMaxRows)), 1, kMaxRows);
  if (!limit) return limit.error();
  const auto first = parse_count("cursor", parameter(call.target, "cursor").value_or("0"), 0, UINT32_MAX);
  if (!first) return first.error();
  question.limit = *limit;
  question.first = *first;
  return Done{};
}

std::string side_name(const ResourceWords& words, std::size_t side) {
  return std::string(kSideWords[side]) + words.unit;
}

/// Used and free are told of some resources alone; where they are and are not known they are null.
bool is_told(const ResourceWords& words, std::size_t side) {
  return words.has_use || side == kSideInstalled || side == kSideAvailable;
}

Json amount_json(const ResourceWords& words, const std::optional<U128>& amount) {
  if (!amount) return nullptr;
  return words.wide ? Json(decimal(*amount)) : Json(static_cast<std::uint64_t>(*amount));
}

Json or_null(const std::optional<std::uint32_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json resource_json(const ResourceWords& words, const ResourceRow& row) {
  Json json = Json::object(), shares = Json::object();
  for (std::size_t side = 0; side < kSideWords.size(); ++side) {
    if (!is_told(words, side)) continue;
    json[side_name(words, side)] = amount_json(words, row.amount[side]);
    shares[kSideWords[side]] = or_null(row.share_permille[side]);
  }
  if (words.has_use) json["used_permille"] = or_null(row.used_permille);
  json["share_permille"] = std::move(shares);
  return json;
}

Json row_json(const ImbalanceKind& kind, const ImbalanceRow& row) {
  Json key = Json::object();
  for (std::size_t i = 0; i < row.key.size(); ++i) key[kDimensionNames[static_cast<std::size_t>(kind.by[i])]] = text_or_null(row.key[i]);
  Json json = {{"key", std::move(key)}};
  for (std::size_t i = 0; i < kResourceCount; ++i) json[kResources[i].name] = resource_json(kResources[i], row.resources[i]);
  json["age_ms"] = nullptr;
  if (row.age_known_nodes > 0) {
    json["age_ms"] = {{"mean", row.age_mean_ms}, {"max", row.age_max_ms}, {"known_nodes", row.age_known_nodes}};
  }
  json["stale_permille"] = row.stale_permille;
  json["unknown_permille"] = row.unknown_permille;
  json["unrated_permille"] = row.unrated_permille;
  Json left_out = Json::object();
  for (std::size_t i = 0; i < kLeftOutCount; ++i) left_out[kLeftOutNames[i]] = row.left_out[i];
  json["leaves_out"] = std::move(left_out);
  return json;
}

/// Where the next page begins; absent behind the last row.
std::optional<std::size_t> next_row(const ImbalanceQuery& question, const Imbalance& found) {
  const auto last = question.first + found.rows.size();
  return !found.rows.empty() && last < found.row_count ? std::optional(last) : std::nullopt;
}

HttpResponse as_json(const Call& call, const ImbalanceQuery& question, const Imbalance& found) {
  const auto& kind = *question.kind;
  Json answer = view_head(call);
  if (call.asker->principal.scoped()) answer["scope"] = scope_text(call.asker->principal);
  answer["name"] = kind.name;
  answer["question"] = kind.question;
  answer["by"] = Json::array();
  for (const auto dimension : kind.by) answer["by"].push_back(kDimensionNames[static_cast<std::size_t>(dimension)]);
  answer["answered_from"] = "cells";
  answer["rows"] = Json::array();
  for (const auto& row : found.rows) answer["rows"].push_back(row_json(kind, row));
  const auto next = next_row(question, found);
  answer["row_count"] = found.row_count;
  answer["next"] = next ? Json(std::to_string(*next)) : Json(nullptr);
  answer["total"] = row_json(kind, found.total);
  answer["not_installed"] = {
      {"quarantined", found.quarantined_nodes}, {"retired", found.retired_nodes}, {"counted_elsewhere", found.nodes_counted_elsewhere}};
  return json_response(answer);
}

std::vector<std::string> csv_titles(const ImbalanceKind& kind) {
  std::vector<std::string> titles = {"imbalance", "at", "revision", "catalog"};
  for (const auto dimension : kind.by) titles.emplace_back(kDimensionNames[static_cast<std::size_t>(dimension)]);
  for (const auto& words : kResources) {
    const std::string name = words.name;
    for (std::size_t side = 0; side < kSideWords.size(); ++side) {
      if (is_told(words, side)) titles.push_back(name + "_" + side_name(words, side));
    }
    if (words.has_use) titles.push_back(name + "_used_permille");
    for (std::size_t side = 0; side < kSideWords.size(); ++side) {
      if (is_told(words, side)) titles.push_back(name + "_share_of_" + kSideWords[side] + "_permille");
    }
  }
  for (const char* title : {"age_mean_ms", "age_max_ms", "stale_permille", "unknown_permille", "unrated_permille"})
    titles.emplace_back(title);
  for (const char* name : kLeftOutNames) titles.push_back(std::string("leaves_out_") + name);
  return titles;
}

template <class Number>
std::string digits_or_nothing(const std::optional<Number>& value) {
  return value ? decimal(*value) : std::string();
}

/// The rows of the page and no total: who sums a column gets it.
HttpResponse as_csv(const Call& call, const ImbalanceQuery& question, const Imbalance& found) {
  CsvText table(csv_titles(*question.kind));
  const auto& view = *call.view;
  for (const auto& row : found.rows) {
    std::vector<std::string> fields = {question.kind->name, rfc3339_ms(view.at_unix_ms), std::to_string(view.revision),
                                       view.catalog_version};
    fields.insert(fields.end(), row.key.begin(), row.key.end());
    for (std::size_t i = 0; i < kResourceCount; ++i) {
      const auto& resource = row.resources[i];
      for (std::size_t side = 0; side < kSideWords.size(); ++side) {
        if (is_told(kResources[i], side)) fields.push_back(digits_or_nothing(resource.amount[side]));
      }
      if (kResources[i].has_use) fields.push_back(digits_or_nothing(resource.used_permille));
      for (std::size_t side = 0; side < kSideWords.size(); ++side) {
        if (is_told(kResources[i], side)) fields.push_back(digits_or_nothing(resource.share_permille[side]));
      }
    }
    const bool heard = row.age_known_nodes > 0;
    fields.push_back(heard ? std::to_string(row.age_mean_ms) : std::string());
    fields.push_back(heard ? std::to_string(row.age_max_ms) : std::string());
    for (const auto permille : {row.stale_permille, row.unknown_permille, row.unrated_permille}) fields.push_back(std::to_string(permille));
    for (const auto count : row.left_out) fields.push_back(std::to_string(count));
    table.add(fields);
  }
  auto response = csv_response(table);
  if (const auto next = next_row(question, found)) response.headers.emplace_back("Link", next_link(call.target, std::to_string(*next)));
  return response;
}

}  // namespace

Outcome get_imbalance(const Call& call) {
  ImbalanceQuery question{.kind = find_imbalance(call.path_value), .filter = {}};
  if (question.kind == nullptr) return no_such_view(call.path_value);
  auto filter = read_filter(call);
  if (!filter) return problem_response({.status = 400, .word = "bad-filter", .detail = filter.error().what});
  question.filter = both(scope_filter(call.asker->principal, *call.view), std::move(*filter));
  if (auto read = read_page(call, question); !read) return error_response(read.error());
  const bool csv = wants_csv(call.request);
  auto etag = revision_etag(*call.view);
  etag.insert(etag.size() - 1, scope_tag(call.asker->principal));
  if (csv) etag.insert(etag.size() - 1, "-csv");  // another text of the same map
  if (auto same = not_modified(call, etag)) {
    same->headers.emplace_back("Vary", "Accept");
    return *same;
  }
  const auto found = imbalance_of(*call.view, *question.kind, question.filter, call.now_boot_ms, question.first, question.limit);
  auto response = csv ? as_csv(call, question, found) : as_json(call, question, found);
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

}  // namespace capmap
