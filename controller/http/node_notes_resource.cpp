// Nodes that an admin should look at: that come and go, that lose messages, whose clocks are off; and which versions they run.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/node_list.hpp"
#include "controller/http/node_scan.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"
#include "controller/map/returns.hpp"

namespace capmap {
namespace {

using Notes = NodeSelection::Noted;

constexpr std::uint64_t kDefaultReturns = 3, kDefaultWindowS = 3'600, kMaxWindowS = ReturnNotes::kKeepMs / 1'000;
constexpr std::uint64_t kDefaultSkewMs = 1'000, kMaxSkewMs = 1'000'000'000'000;
constexpr std::uint64_t kMaxPage = 1'000;

constexpr std::array<PageColumn, 8> kFlappingColumns = {{{"id", "/id"},
                                                         {"hostname", "/hostname"},
                                                         {"site", "/site/name"},
                                                         {"pool", "/pool/name"},
                                                         {"liveness", "/liveness"},
                                                         {"service_state", "/service_state"},
                                                         {"returns", "/returns/count"},
                                                         {"times", "/returns/times"}}};
constexpr std::array<PageColumn, 9> kLossColumns = {{{"id", "/id"},
                                                     {"hostname", "/hostname"},
                                                     {"site", "/site/name"},
                                                     {"pool", "/pool/name"},
                                                     {"liveness", "/liveness"},
                                                     {"lost_of_last_128", "/lost/of_last"},
                                                     {"lost_total", "/lost/total"},
                                                     {"last_gap", "/lost/last_gap"},
                                                     {"bits", "/lost/bits"}}};
constexpr std::array<PageColumn, 6> kSkewColumns = {{{"id", "/id"},
                                                     {"hostname", "/hostname"},
                                                     {"site", "/site/name"},
                                                     {"pool", "/pool/name"},
                                                     {"liveness", "/liveness"},
                                                     {"clock_skew_ms", "/clock_skew_ms"}}};
constexpr std::array<PageColumn, 6> kVersionColumns = {{{"agent_version", "/key/agent_version"},
                                                        {"os", "/key/os"},
                                                        {"kernel", "/key/kernel"},
                                                        {"nodes", "/nodes/installed"},
                                                        {"fresh", "/nodes/fresh"},
                                                        {"lost", "/nodes/lost"}}};
constexpr std::array kVersionWords = {"agent_version", "os", "kernel"};

/// When it was by the wall clock of the answer.
std::string time_of(std::uint64_t boot_ms, std::uint64_t now_boot_ms, std::uint64_t now_unix_ms) {
  return rfc3339_ms(now_unix_ms - std::min(now_unix_ms, now_boot_ms - std::min(now_boot_ms, boot_ms)));
}

Json head_of(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms) {
  const Json summary = node_summary(row, view, now_boot_ms);
  Json node = Json::object();
  for (const char* name : {"id", "hostname", "site", "pool", "liveness", "service_state", "labels"}) node[name] = summary.at(name);
  return node;
}

Result<std::uint64_t> count_of(const Call& call, const char* name, std::uint64_t otherwise, std::uint64_t least, std::uint64_t most) {
  return parse_count(name, parameter(call.target, name).value_or(std::to_string(otherwise)), least, most);
}

Outcome list(const Call& call, NodeList nodes, Json more) {
  Json head = view_head(call);
  for (const auto& [name, value] : more.items()) head[name] = value;
  nodes.rest = [head](Json& answer) {
    for (const auto& [name, value] : head.items()) answer[name] = value;
  };
  return list_nodes(call, std::move(nodes));
}

}  // namespace

Outcome get_flapping(const Call& call) {
  const auto times = count_of(call, "times", kDefaultReturns, 1, ReturnNotes::kTimes);
  if (!times) return error_response(times.error());
  const auto window_s = count_of(call, "window_s", kDefaultWindowS, 1, kMaxWindowS);
  if (!window_s) return error_response(window_s.error());
  const auto since_ms = call.now_boot_ms - std::min(call.now_boot_ms, *window_s * 1'000);
  NodeList nodes;
  nodes.columns = kFlappingColumns;
  nodes.narrow = [since_ms, least = *times](NodeSelection& of) {
    of.noted = Notes::kReturns;
    of.since_boot_ms = since_ms;
    of.least = least;
  };
  nodes.line = [view = call.view, boot_ms = call.now_boot_ms, unix_ms = call.now_unix_ms, since_ms](const NodeRow& row) {
    Json node = head_of(row, *view, boot_ms);
    Json at = Json::array();
    for (const auto time : row.returns_boot_ms) {
      if (time >= since_ms) at.push_back(time_of(time, boot_ms, unix_ms));
    }
    const auto count = at.size();
    node["returns"] = {{"count", count}, {"times", std::move(at)}};
    return node;
  };
  return list(call, std::move(nodes), {{"times", *times}, {"window_s", *window_s}});
}

Outcome get_lost_updates(const Call& call) {
  const auto least = count_of(call, "least", 1, 1, LostMessages::kLooks);
  if (!least) return error_response(least.error());
  NodeList nodes;
  nodes.columns = kLossColumns;
  nodes.narrow = [least = *least](NodeSelection& of) {
    of.noted = Notes::kLosses;
    of.least = least;
  };
  nodes.line = [view = call.view, boot_ms = call.now_boot_ms, unix_ms = call.now_unix_ms](const NodeRow& row) {
    Json node = head_of(row, *view, boot_ms);
    node["lost"] = lost_messages_json(row.lost_messages, boot_ms, unix_ms);
    return node;
  };
  return list(call, std::move(nodes), {{"least", *least}});
}

Outcome get_skew(const Call& call) {
  const auto least_ms = count_of(call, "least_ms", kDefaultSkewMs, 1, kMaxSkewMs);
  if (!least_ms) return error_response(least_ms.error());
  NodeList nodes;
  nodes.columns = kSkewColumns;
  nodes.narrow = [least = *least_ms](NodeSelection& of) { of.least = least; };
  nodes.line = [view = call.view, boot_ms = call.now_boot_ms](const NodeRow& row) {
    Json node = head_of(row, *view, boot_ms);
    node["clock_skew_ms"] = row.clock_skew_ms ? Json(*row.clock_skew_ms) : Json(nullptr);
    return node;
  };
  return list(call, std::move(nodes), {{"least_ms", *least_ms}});
}

Outcome get_versions(const Call& call) {
  std::string by;
  for (const char* word : kVersionWords) by += (by.empty() ? "" : ",") + std::string(word);
  by = parameter(call.target, "by").value_or(by);
  if (!wants_node_scan(by)) {
    return unknown_dimension(Error{ErrorCode::kMalformed, "by: agent_version, os, kernel, or some of them, with commas between"});
  }
  ScanQuestion question{.group_by = std::move(by), .filter = std::nullopt, .measures = {}, .columns = kVersionColumns};
  question.measures.set(static_cast<std::size_t>(Measure::kNodes));
  if (const auto text = parameter(call.target, "filter"); text && !text->empty()) {
    auto filter = parse_filter(*text);
    if (!filter) return problem_response({.status = 400, .word = "bad-filter", .detail = filter.error().what});
    question.filter = std::move(*filter);
  }
  question.filter = both(scope_filter(call.asker->principal, *call.view), std::move(question.filter));
  const auto limit = count_of(call, "limit", kMaxPage, 1, kMaxPage), first = count_of(call, "cursor", 0, 0, UINT32_MAX);
  if (!limit) return error_response(limit.error());
  if (!first) return error_response(first.error());
  question.limit = *limit;
  question.first = *first;
  Json head = view_head(call);
  if (call.asker->principal.scoped()) head["scope"] = scope_text(call.asker->principal);
  return scan_nodes(call, std::move(head), question);
}

}  // namespace capmap
