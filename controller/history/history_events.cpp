// What happened to single nodes, from the feed of changes.
#include <algorithm>

#include "common/log.hpp"
#include "controller/history/history.hpp"
#include "controller/map/change_feed.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostWaiting = 100'000;  ///< events between two writes
constexpr std::size_t kMostOfAView = 10'000;   ///< more than a feed holds

/// What a change is about, the weightiest first; kUnknown: nothing that history keeps (fresh and stale come and go).
PastEventKind kind_of(const NodeChange& change) {
  if (!change.from) return PastEventKind::kJoined;
  if (!change.to) return PastEventKind::kLeft;
  if (change.from->site != change.to->site || change.from->pool != change.to->pool) return PastEventKind::kMoved;
  const bool both_known = change.from->hardware != kNoHardware && change.to->hardware != kNoHardware;
  if (both_known && change.from->hardware != change.to->hardware) return PastEventKind::kChanged;  // to learn what it is is no change
  if (change.from->service != change.to->service) return PastEventKind::kService;
  if (change.from->verdict != change.to->verdict) return PastEventKind::kVerdict;
  const bool was_lost = change.from->liveness == Liveness::kLost, is_lost = change.to->liveness == Liveness::kLost;
  if (was_lost == is_lost) return PastEventKind::kUnknown;
  return is_lost ? PastEventKind::kLost : PastEventKind::kBack;
}

std::optional<PastKey> past_key(const std::optional<CellKey>& key, const PastNames& names) {
  if (!key) return std::nullopt;
  const auto number = [](const std::vector<std::uint32_t>& numbers, std::uint32_t index) {
    return index < numbers.size() ? numbers[index] : 0;
  };
  return PastKey{.site = number(names.sites(), key->site),
                 .pool = number(names.pools(), key->pool),
                 .hardware = number(names.hardware(), key->hardware),
                 .liveness = key->liveness,
                 .service = key->service,
                 .verdict = key->verdict};
}

}  // namespace

void History::note_doubles(const MapView& view) {
  if (view.doubles == std::exchange(doubles_, view.doubles)) return;
  std::set<std::pair<NodeId, NodeId>> suspected;
  for (const auto& pair : view.doubles ? view.doubles->pairs : std::vector<Double>()) {
    if (pair.state != DoubleState::kSuspected) continue;
    const std::pair nodes(pair.node.node, pair.other.node);
    suspected.insert(nodes);
    if (pair.since_unix_ms == 0 || suspected_.contains(nodes) || pending_.events.size() + 2 > kMostWaiting) continue;
    for (const auto& side : {pair.node, pair.other}) {
      const CellKey place{.site = side.site, .liveness = side.liveness, .service = side.service};
      pending_.events.push_back({.at_unix_ms = pair.since_unix_ms,
                                 .kind = PastEventKind::kDouble,
                                 .node = side.node,
                                 .from = {},
                                 .to = past_key(place, recorder_.names())});
    }
  }
  suspected_ = std::move(suspected);
}

void History::note_events(const MapView& view, std::uint64_t now_unix_ms) {
  note_doubles(view);
  const auto before = std::exchange(revision_, view.revision);
  if (!view.changes || before == view.revision) return;
  bool missed = view.changes->complete_after() > before;
  for (const auto& change : view.changes->after(before, kMostOfAView)) {
    const auto kind = kind_of(change);
    if (kind == PastEventKind::kUnknown) continue;
    if (pending_.events.size() >= kMostWaiting) {
      missed = true;
      break;
    }
    const auto ago_ms = view.at_boot_ms - std::min(view.at_boot_ms, change.at_boot_ms);
    pending_.events.push_back({.at_unix_ms = now_unix_ms - std::min(now_unix_ms, ago_ms),
                               .kind = kind,
                               .node = change.node,
                               .from = past_key(change.from, recorder_.names()),
                               .to = past_key(change.to, recorder_.names())});
  }
  if (!missed) return;
  ++counters_.events_missed;
  pending_.events.push_back({.at_unix_ms = now_unix_ms, .kind = PastEventKind::kMissed, .node = {}, .from = {}, .to = {}});
}

}  // namespace capmap
