#include "controller/http/event_watch.hpp"

#include <nlohmann/json.hpp>

#include "controller/http/change_json.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostOfAView = ChangeFeed::kBlocks * NodeChanges::kBlockChanges;

/// A change may be of several kinds: who waits for one of them must not miss it because there is another.
void add_kinds(const NodeChange& change, std::vector<EventKind>& kinds) {
  kinds.clear();
  if (!change.from || !change.to) return kinds.push_back(change.to ? EventKind::kNodeJoined : EventKind::kNodeLeft);
  const CellKey &from = *change.from, &to = *change.to;
  if (from.site != to.site || from.pool != to.pool) kinds.push_back(EventKind::kNodeMoved);
  const bool both_known = from.hardware != kNoHardware && to.hardware != kNoHardware;
  if (both_known && from.hardware != to.hardware) kinds.push_back(EventKind::kNodeChanged);  // to learn what it is is no change
  if (from.service != to.service) kinds.push_back(EventKind::kNodeService);
  if (from.verdict != to.verdict) kinds.push_back(EventKind::kNodeVerdict);
  if (from.liveness == to.liveness) return;
  if (to.liveness == Liveness::kLost) kinds.push_back(EventKind::kNodeLost);
  if (to.liveness == Liveness::kStale) kinds.push_back(EventKind::kNodeStale);
  if (to.liveness == Liveness::kFresh) kinds.push_back(EventKind::kNodeBack);
}

std::string text_of(const NodeChange& change, const char* word, const MapView& view, const std::optional<EventPlace>& place, bool from,
                    bool to) {
  Json json = event_json(word, change_unix_ms(change, view), place);
  json["revision"] = change.revision;
  json["node"] = to_text(change.node);
  json["from"] = from ? place_json(change.from, view) : Json(nullptr);
  json["to"] = to ? place_json(change.to, view) : Json(nullptr);
  return json_text(json);
}

LiveEvent event_of(const NodeChange& change, EventKind kind, const MapView& view) {
  const auto place = [&view](const std::optional<CellKey>& key) { return key ? event_place(view, key->site) : std::nullopt; };
  LiveEvent event{.kind = kind, .from = place(change.from), .to = place(change.to)};
  const char* const word = to_word(kind);
  const auto& here = event.to ? event.to : event.from;
  const bool crosses = change.from && change.to && change.from->site != change.to->site;
  if (!crosses) {
    event.whole = text_of(change, word, view, here, true, true);
    if (event.from && event.to) event.from.reset();
  } else if (kind == EventKind::kNodeMoved) {
    event.whole = text_of(change, word, view, here, true, true);
    event.of_from = text_of(change, word, view, event.from, true, false);
    event.of_to = text_of(change, word, view, event.to, false, true);
  } else {
    event.from.reset();  // that it came from there is told by its move
    event.whole = text_of(change, word, view, here, false, true);
  }
  return event;
}

}  // namespace

Json event_json(const char* word, std::uint64_t at_unix_ms, const std::optional<EventPlace>& place) {
  return {{"kind", word},
          {"at", rfc3339_ms(at_unix_ms)},
          {"site", place ? Json(to_text(place->site)) : Json(nullptr)},
          {"site_name", place ? text_or_null(place->name) : Json(nullptr)},
          {"region", place ? text_or_null(place->region) : Json(nullptr)}};
}

std::optional<EventPlace> event_place(const MapView& view, std::uint32_t site) {
  const Site* const known = site < view.sites.size() ? view.sites[site].get() : nullptr;
  if (known == nullptr) return std::nullopt;
  return EventPlace{.site = known->id, .region = known->region, .name = known->name};
}

EventWatch::Look EventWatch::look(const MapView& view) {
  Look found;
  if (revision_ == view.revision) return found;
  const bool first = !revision_;
  if (!first) look_at_nodes(view, found);
  look_at_places(view, found);
  look_at_clones(view, found);
  look_at_doubles(view, found);
  revision_ = view.revision;
  return first ? Look{} : found;
}

void EventWatch::look_at_nodes(const MapView& view, Look& found) const {
  if (!view.changes) return;
  if (view.changes->complete_after() > *revision_) found.gap = true;
  const auto changes = view.changes->after(*revision_, kMostOfAView);
  std::vector<EventKind> kinds;
  if (changes.size() <= kMostSingle) {
    for (const auto& change : changes) {
      add_kinds(change, kinds);
      for (const auto kind : kinds) found.events.push_back(event_of(change, kind, view));
    }
    return;
  }
  std::map<std::pair<EventKind, std::uint32_t>, std::uint64_t> many;
  for (const auto& change : changes) {
    add_kinds(change, kinds);
    for (const auto kind : kinds) {
      ++many[{kind, change.to ? change.to->site : change.from->site}];
      // Who sees the other site alone hears of it too.
      if (kind == EventKind::kNodeMoved && change.from->site != change.to->site) ++many[{kind, change.from->site}];
    }
  }
  for (const auto& [key, count] : many) {
    LiveEvent event{.kind = key.first, .word = kManyNodesWord, .to = event_place(view, key.second)};
    Json json = event_json(kManyNodesWord, view.at_unix_ms, event.to);
    json["revision"] = view.revision;
    json["what"] = to_word(key.first);
    json["count"] = count;
    event.whole = json_text(json);
    found.events.push_back(std::move(event));
  }
}

}  // namespace capmap
