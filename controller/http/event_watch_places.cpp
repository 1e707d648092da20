// Of sites, pools, and nodes that are not what they seem: found by holding the lists of two views against each other.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/event_watch.hpp"

namespace capmap {
namespace {

std::string site_text(EventKind kind, const MapView& view, const EventPlace& place) {
  return json_text(event_json(to_word(kind), view.at_unix_ms, place));
}

LiveEvent site_event(EventKind kind, const MapView& view, const Site* before, const Site& now) {
  LiveEvent event{.kind = kind, .to = EventPlace{.site = now.id, .region = now.region, .name = now.name}};
  event.whole = site_text(kind, view, *event.to);
  if (before == nullptr || before->region == now.region) return event;
  event.from = EventPlace{.site = before->id, .region = before->region, .name = before->name};
  event.of_from = site_text(kind, view, *event.from);  // it has left what they see: as it was
  event.of_to = event.whole;
  return event;
}

LiveEvent pool_event(EventKind kind, const MapView& view, const Pool& pool) {
  LiveEvent event{.kind = kind};
  for (const auto& site : view.sites) {
    if (site && site->id == pool.site) event.to = EventPlace{.site = site->id, .region = site->region, .name = site->name};
  }
  Json json = event_json(to_word(kind), view.at_unix_ms, event.to);
  json["pool"] = to_text(pool.id);
  json["name"] = text_or_null(pool.name);
  event.whole = json_text(json);
  return event;
}

/// Calls `tell(before or null, now)` for each entry that is another one than before; false: there are too many.
template <class Thing, class Tell>
bool hold_against(std::vector<std::shared_ptr<const Thing>>& before, const std::vector<std::shared_ptr<const Thing>>& now, Tell tell) {
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const Thing* const old = i < before.size() ? before[i].get() : nullptr;
    if (now[i].get() == old || !now[i] || (old != nullptr && *old == *now[i])) continue;
    others.push_back(i);
  }
  const bool few = others.size() <= EventWatch::kMostSingle;
  for (const auto i : few ? others : std::vector<std::size_t>()) tell(i < before.size() ? before[i].get() : nullptr, *now[i]);
  if (before != now) before = now;
  return few;
}

std::string clone_text(EventKind kind, const MapView& view, const Clone& clone, const std::optional<EventPlace>& place) {
  Json json = event_json(to_word(kind), view.at_unix_ms, place);
  json["node"] = to_text(clone.node);
  Json names = Json::array();
  for (const auto& run : clone.runs) names.push_back(text_or_null(run.hostname));
  json["hostnames"] = std::move(names);
  return json_text(json);
}

std::string double_text(EventKind kind, const MapView& view, const Double& pair) {
  Json json = event_json(to_word(kind), view.at_unix_ms, event_place(view, pair.node.site));
  json["node"] = to_text(pair.node.node);
  json["other"] = to_text(pair.other.node);
  json["state"] = kDoubleStateWords[static_cast<std::size_t>(pair.state)];
  return json_text(json);
}

}  // namespace

void EventWatch::look_at_places(const MapView& view, Look& found) {
  const bool sites = hold_against(sites_, view.sites, [&](const Site* before, const Site& now) {
    found.events.push_back(site_event(before == nullptr ? EventKind::kSiteAdded : EventKind::kSiteChanged, view, before, now));
  });
  const bool pools = hold_against(pools_, view.pools, [&](const Pool* before, const Pool& now) {
    found.events.push_back(pool_event(before == nullptr ? EventKind::kPoolAdded : EventKind::kPoolChanged, view, now));
  });
  found.gap = found.gap || !sites || !pools;
}

void EventWatch::look_at_clones(const MapView& view, Look& found) {
  if (clones_ == view.clones) return;
  static const std::vector<Clone> none;
  const auto &before = clones_ ? *clones_ : none, &now = view.clones ? *view.clones : none;
  const auto tell = [&](EventKind kind, const Clone& clone) {
    LiveEvent event{.kind = kind, .to = event_place(view, clone.site)};
    event.whole = clone_text(kind, view, clone, event.to);
    found.events.push_back(std::move(event));
  };
  // Both ascend by node.
  auto old = before.begin();
  for (const auto& clone : now) {
    for (; old != before.end() && old->node < clone.node; ++old) tell(EventKind::kCloneSettled, *old);
    if (old != before.end() && old->node == clone.node) {
      ++old;
    } else {
      tell(EventKind::kCloneFound, clone);
    }
  }
  for (; old != before.end(); ++old) tell(EventKind::kCloneSettled, *old);
  clones_ = view.clones;
}

void EventWatch::look_at_doubles(const MapView& view, Look& found) {
  if (doubles_ == view.doubles) return;
  const auto tell = [&](EventKind kind, const Double& pair) {
    found.events.push_back({.kind = kind,
                            .from = event_place(view, pair.node.site),
                            .to = event_place(view, pair.other.site),
                            .together = true,
                            .whole = double_text(kind, view, pair)});
  };
  const auto key_of = [](const Double& pair) {
    return Pair(std::min(pair.node.node, pair.other.node), std::max(pair.node.node, pair.other.node));
  };
  std::map<Pair, const Double*> before;
  if (doubles_) {
    for (const auto& pair : doubles_->pairs) before[key_of(pair)] = &pair;
  }
  if (view.doubles) {
    for (const auto& pair : view.doubles->pairs) {
      const auto old = before.find(key_of(pair));
      const bool known = old != before.end();
      const bool same = known && old->second->state == pair.state;
      if (known) before.erase(old);
      if (!same) tell(pair.state == DoubleState::kSuspected ? EventKind::kDoubleFound : EventKind::kDoubleSettled, pair);
    }
  }
  // A list that is cut off does not tell what is not in it.
  const bool complete = !view.doubles || view.doubles->complete;
  for (const auto& [key, pair] : before) {
    if (complete) tell(EventKind::kDoubleGone, *pair);
  }
  doubles_ = view.doubles;
}

}  // namespace capmap
