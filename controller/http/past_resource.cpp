// What history there is, and what happened to nodes. A past map is asked for by /v1/map?at=.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 1'000, kMaxLimit = 10'000;

/// What was asked for of the history thread, or the reason why there is none.
template <class Wanted, class Show>
Outcome show(const Answer& answer, Show show_it) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<HistoryAnswer>(answer).what;
  if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
  return json_response(show_it(std::get<Wanted>(what)));
}

Json spans_json(const PastSpans& past) {
  Json spans = Json::array();
  for (const auto& span : past.spans) {
    spans.push_back({{"from", rfc3339_ms(span.from_unix_ms)}, {"until", rfc3339_ms(span.until_unix_ms)}});
  }
  return {{"spans", std::move(spans)}, {"chip_tables", past.chip_tables}};
}

Json hardware_json(const HardwareRow& row) {
  Json accelerators = Json::array();
  for (std::size_t i = 0; i < row.shape.accelerators.size(); ++i) {
    accelerators.push_back({{"model", row.accelerator_names[i]}, {"count", row.shape.accelerators[i].count}});
  }
  const auto known = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"id", to_text(row.id)},
          {"cpu_model", text_or_null(row.shape.cpu.model)},
          {"packages", known(row.shape.cpu.packages)},
          {"cores", known(row.shape.cpu.cores)},
          {"memory_bytes", known(row.shape.memory_bytes)},
          {"accelerators", std::move(accelerators)}};
}

Json place_json(const std::optional<PastKey>& key, const PastEvents& past) {
  if (!key) return nullptr;
  const auto& sites = past.tables.sites;
  const auto& pools = past.tables.pools;
  const auto* const site = key->site < sites.size() ? sites[key->site].get() : nullptr;
  const auto* const pool = key->pool < pools.size() ? pools[key->pool].get() : nullptr;
  const auto hardware = past.hardware.find(key->hardware);
  return {{"site", site != nullptr ? Json(to_text(site->id)) : Json(nullptr)},
          {"site_name", site != nullptr ? text_or_null(site->name) : Json(nullptr)},
          {"pool", pool != nullptr ? Json(to_text(pool->id)) : Json(nullptr)},
          {"hardware", hardware != past.hardware.end() && hardware->second ? hardware_json(*hardware->second) : Json(nullptr)},
          {"liveness", kLivenessNames[static_cast<std::size_t>(key->liveness)]},
          {"service_state", kServiceStateNames[static_cast<std::size_t>(key->service)]},
          {"verdict", kVerdictNames[static_cast<std::size_t>(key->verdict)]}};
}

/// Members that differ, those of hardware by themselves: "hardware.memory_bytes".
Json differences_json(const Json& from, const Json& to) {
  Json changed = Json::object();
  if (!from.is_object() || !to.is_object()) return changed;
  for (const auto& [name, value] : to.items()) {
    const auto& before = from.at(name);
    if (before == value) continue;
    if (name != "hardware" || !before.is_object() || !value.is_object()) {
      changed[name] = {{"from", before}, {"to", value}};
      continue;
    }
    for (const auto& [member, now] : value.items()) {
      if (before.at(member) != now) changed["hardware." + member] = {{"from", before.at(member)}, {"to", now}};
    }
  }
  return changed;
}

/// A place beyond the scope is null.
std::optional<PastKey> as_told(const std::optional<PastKey>& key, const PastEvents& past, const Principal& principal) {
  if (!key || !principal.scoped()) return key;
  const auto* const site = key->site < past.tables.sites.size() ? past.tables.sites[key->site].get() : nullptr;
  return site != nullptr && principal.may_touch(site->id, site->region) ? key : std::nullopt;
}

Json event_json(const PastEvent& event, const PastEvents& past, const Principal& principal) {
  const auto from_key = as_told(event.from, past, principal), to_key = as_told(event.to, past, principal);
  const auto from = place_json(from_key, past), to = place_json(to_key, past);
  Json out = {{"at", rfc3339_ms(event.at_unix_ms)},
              {"kind", kPastEventNames[static_cast<std::size_t>(event.kind)]},
              {"node", event.kind == PastEventKind::kMissed ? Json(nullptr) : Json(to_text(event.node))}};
  if (from_key && to_key) {
    out["changed"] = differences_json(from, to);
  } else {
    out["from"] = from;
    out["to"] = to;
  }
  return out;
}

Json events_json(const PastEvents& past, std::uint64_t first, std::uint64_t limit, const Principal& principal) {
  Json events = Json::array();
  const auto count = std::min<std::size_t>(past.events.size(), limit);
  for (std::size_t i = 0; i < count; ++i) events.push_back(event_json(past.events[i], past, principal));
  Json answer = {{"events", std::move(events)}, {"next", nullptr}};
  if (past.events.size() > limit) answer["next"] = std::to_string(first + limit);
  if (principal.scoped()) answer["scope"] = scope_text(principal);
  return answer;
}

}  // namespace

Outcome get_history_spans(const Call&) {
  return Ask{.question = HistoryRequest{.ticket = 0, .what = AskPastSpans{}},
             .then = [](const Answer& answer) { return show<PastSpans>(answer, spans_json); }};
}

Outcome get_history_events(const Call& call) {
  EventQuestion ask{.from_unix_ms = 0, .until_unix_ms = call.now_unix_ms, .scopes = call.asker->principal.scopes};
  for (const auto& [name, place] : {std::pair{"from", &ask.from_unix_ms}, {"until", &ask.until_unix_ms}}) {
    const auto text = parameter(call.target, name);
    if (!text) continue;
    const auto moment = parse_rfc3339(name, *text);
    if (!moment) return error_response(moment.error());
    *place = *moment;
  }
  if (ask.from_unix_ms > ask.until_unix_ms) return error_response(Error{ErrorCode::kMalformed, "from: is later than until"});
  if (const auto node = parameter(call.target, "node")) {
    const auto id = parse_id<NodeId>(*node);
    if (!id) return error_response(Error{ErrorCode::kMalformed, "node: " + id.error().what});
    ask.node = *id;
  }
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return error_response(limit.error());
  const auto skip = parse_count("cursor", parameter(call.target, "cursor").value_or("0"), 0, UINT32_MAX);
  if (!skip) return error_response(skip.error());
  ask.skip = *skip;
  ask.limit = *limit + 1;  // one more tells whether there are more
  return Ask{.question = HistoryRequest{.ticket = 0, .what = std::move(ask)},
             .then = [first = *skip, limit = *limit, asker = call.asker](const Answer& answer) {
               return show<PastEvents>(answer, [&](const PastEvents& past) { return events_json(past, first, limit, asker->principal); });
             }};
}

}  // namespace capmap
