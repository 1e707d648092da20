#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/join_token.hpp"
#include "controller/http/columns_body.hpp"
#include "controller/http/declared_json.hpp"
#include "controller/http/double_json.hpp"
#include "controller/http/finding_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/map_json.hpp"
#include "controller/http/node_scan.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/shared_json.hpp"
#include "controller/http/view_head.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kPastMs = 20'000;           ///< a base of half a million cells takes a second where nothing else runs
constexpr std::uint64_t kMaxGroups = 1'000;         ///< a page; so that no answer holds the thread up for long
constexpr std::uint64_t kMaxColumnGroups = 10'000;  ///< likewise, for who takes columns

Json head_json(const Call& call) {
  Json head = view_head(call);
  if (call.asker->principal.scoped()) head["scope"] = scope_text(call.asker->principal);
  head["leased_why"] = "there are no leases yet";
  head["contradicted"] = contradicted_json(*call.view, call.asker->principal);
  head["doubles"] = double_counts_json(call);
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

Result<Page> read_page(const Target& target, std::uint64_t most) {
  const auto limit = parse_count("limit", parameter(target, "limit").value_or(std::to_string(most)), 1, most);
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

/// 422, with all dimensions there are in the past.
HttpResponse not_in_history() {
  return problem_response(
      {.status = 422,
       .word = "not-in-history",
       .detail = "history keeps what cells are told apart by; host names, versions, labels and what else only nodes know it does not",
       .known = {kDimensionNames.begin(), kDimensionNames.end()}});
}

/// What is asked of cells, without the call it came with: the answer may have to wait for another thread.
struct CellQuestion {
  RollupQuery query;
  bool declared = false;
  Page page;
};

/// What of a view answers the question, behind the head of the answer. `past`: the view was made of what history keeps.
Json answer_json(const MapView& view, const CellQuestion& question, std::uint64_t now_boot_ms, bool past, Json answer) {
  const auto& query = question.query;
  std::optional<DeclaredSums> declared;
  if (question.declared) declared.emplace(view, query.by, query.filter);
  const Rollup rollup = declared ? roll_up_beside(view, query, now_boot_ms, *declared) : roll_up_query(view, query, now_boot_ms);
  if (declared) answer["declared_why"] = text_or_null(declared->why_not() == nullptr ? "" : declared->why_not());
  answer["by"] = Json::array();
  for (const auto dimension : query.by) answer["by"].push_back(kDimensionNames[static_cast<std::size_t>(dimension)]);
  answer["answered_from"] = "cells";
  const bool storage = query.measures.test(static_cast<std::size_t>(Measure::kStorage));
  const char* const why_not = !storage       ? ""
                              : past         ? "history keeps what nodes have, and what is shared belongs to none"
                              : query.filter ? "a filter chooses nodes, and what is shared belongs to none"
                                             : nullptr;
  const SharedSums shared(view, query.by, why_not);
  Json groups = Json::array();
  for (const auto& group : rollup.groups) {
    groups.push_back(group_json(group, key_json(group, query.by), query.measures));
    if (storage) groups.back()["storage"]["shared"] = shared.of_group(group.key);
    if (declared) groups.back()["declared"] = declared_json(declared->of_group(group.key));
  }
  const std::size_t last = std::min(rollup.group_count, question.page.first + question.page.limit);
  answer["groups"] = std::move(groups);
  answer["group_count"] = rollup.group_count;
  answer["next"] = last < rollup.group_count ? Json(std::to_string(last)) : Json(nullptr);
  answer["total"] = group_json(rollup.total, Json::object(), query.measures);
  if (storage) answer["total"]["storage"]["shared"] = shared.total();
  if (declared) answer["total"]["declared"] = declared_json(declared->total());
  return answer;
}

/// The head of an answer about the past: what was asked for, of when it is, and whether a hole is between.
Json past_head_json(const PastMap& past, std::uint64_t at_unix_ms, const Principal& principal) {
  Json hole = nullptr;
  if (past.place.next_unix_ms) {
    hole = {{"from", rfc3339_ms(past.place.span.until_unix_ms)}, {"until", rfc3339_ms(*past.place.next_unix_ms)}};
  }
  Json head = {{"revision", nullptr},
               {"epoch", nullptr},
               {"at", rfc3339_ms(at_unix_ms)},
               {"age_ms", nullptr},
               {"as_of", rfc3339_ms(past.place.as_of_unix_ms)},
               {"hole", std::move(hole)},
               {"catalog", past.view->catalog_version},
               {"chips", past.chips},
               {"resyncing", nullptr},
               {"use_why", "history keeps what there was, cell by cell; what of it was used is in samples"},
               {"leased_why", "there are no leases yet"},
               {"contradicted", nullptr},
               {"doubles", nullptr}};
  if (principal.scoped()) head["scope"] = scope_text(principal);
  return head;
}

Outcome ask_past(const Call& call, std::uint64_t at_unix_ms, CellQuestion question) {
  AskPastMap past{.at_unix_ms = at_unix_ms, .chips = parameter(call.target, "chips").value_or("")};
  return Ask{.question = HistoryRequest{.ticket = 0, .what = std::move(past)},
             .then = [at_unix_ms, question = std::move(question), asker = call.asker](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& what = std::get<HistoryAnswer>(answer).what;
               if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
               const auto& map = std::get<PastMap>(what);
               // A site had another name then, perhaps one that is another site's now.
               auto narrowed = question;
               narrowed.query.filter = both(scope_filter(asker->principal, *map.view), std::move(narrowed.query.filter));
               auto head = past_head_json(map, at_unix_ms, asker->principal);
               return json_response(answer_json(*map.view, narrowed, map.view->at_boot_ms, true, std::move(head)));
             },
             .limit_ms = kPastMs};
}

}  // namespace

Outcome get_map(const Call& call) {
  const auto group_by = parameter(call.target, "group_by").value_or(parameter(call.target, "by").value_or(""));
  const bool groups_of_nodes = wants_node_scan(group_by);
  const auto by = groups_of_nodes ? Result<std::vector<Dimension>>(std::vector<Dimension>{}) : parse_dimensions(group_by);
  if (!by) return unknown_dimension(by.error());
  const auto measures = parse_measures(parameter(call.target, "measure").value_or(""));
  if (!measures) return bad_parameter("unknown-measure", measures.error());
  CellQuestion question{.query = {.by = *by, .filter = std::nullopt, .measures = whole_objects(measures->of_cells)},
                        .declared = measures->declared,
                        .page = {}};
  auto& query = question.query;
  if (const auto text = parameter(call.target, "filter"); text && !text->empty()) {
    auto filter = parse_filter(*text);
    if (!filter) return bad_parameter("bad-filter", filter.error());
    query.filter = std::move(*filter);
  }
  const auto at = parameter(call.target, "at");
  const bool asks_of_nodes = groups_of_nodes || (query.filter && asks_nodes(*query.filter));
  // The past and scans of nodes are told as JSON alone.
  const bool columns = wants_columns(call.request) && !at && !asks_of_nodes;
  const auto page = read_page(call.target, columns ? kMaxColumnGroups : kMaxGroups);
  if (!page) return error_response(page.error());
  question.page = *page;
  query.first = page->first;
  query.limit = page->limit;
  if (at) {
    const auto at_unix_ms = parse_rfc3339("at", *at);
    if (!at_unix_ms) return error_response(at_unix_ms.error());
    if (*at_unix_ms > call.now_unix_ms) return error_response(Error{ErrorCode::kMalformed, "at: lies in the future"});
    if (asks_of_nodes) return not_in_history();
    return ask_past(call, *at_unix_ms, std::move(question));
  }
  query.filter = both(scope_filter(call.asker->principal, *call.view), std::move(query.filter));
  if (parameter(call.target, "chips")) {
    return bad_parameter("chips-without-at",
                         Error{ErrorCode::kMalformed, "chips: re-states the past; the map of now is rated by the table in use"});
  }
  if (asks_of_nodes) {
    auto head = head_json(call);
    if (measures->declared) head["declared_why"] = "what is declared belongs to a site, and this is a sum of nodes";
    return scan_nodes(
        call, std::move(head),
        {.group_by = group_by, .filter = query.filter, .measures = query.measures, .first = page->first, .limit = page->limit});
  }
  auto etag = revision_etag(*call.view);
  etag.insert(etag.size() - 1, scope_tag(call.asker->principal));
  if (columns) etag.insert(etag.size() - 1, "-columns");
  if (auto same = not_modified(call, etag)) return *same;
  const auto answer = answer_json(*call.view, question, call.now_boot_ms, false, head_json(call));
  auto response = columns ? columns_response(answer, "groups") : json_response(answer);
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace capmap
