#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>

#include "common/ids.hpp"

namespace capmap {

/// What /v1/events tells. The words are part of the API: they never change their meaning, and new ones may come.
enum class EventKind : std::uint8_t {
  kNodeJoined,
  kNodeLeft,
  kNodeMoved,
  kNodeChanged,
  kNodeService,
  kNodeVerdict,
  kNodeStale,
  kNodeLost,
  kNodeBack,
  kCloneFound,
  kCloneSettled,
  kDoubleFound,
  kDoubleSettled,
  kDoubleGone,
  kSiteAdded,
  kSiteChanged,
  kPoolAdded,
  kPoolChanged,
  kAlertFiring,
  kAlertResolved,
  kMapTotals
};
inline constexpr std::size_t kEventKinds = 21;
inline constexpr std::array<const char*, kEventKinds> kEventWords = {
    "node.joined", "node.left",    "node.moved",  "node.changed",  "node.service", "node.verdict",   "node.stale",
    "node.lost",   "node.back",    "clone.found", "clone.settled", "double.found", "double.settled", "double.gone",
    "site.added",  "site.changed", "pool.added",  "pool.changed",  "alert.firing", "alert.resolved", "map.totals"};
/// Instead of many events of one kind at one site: how many they are.
inline constexpr const char* kManyNodesWord = "nodes.many";
using EventKindSet = std::bitset<kEventKinds>;
inline const char* to_word(EventKind kind) {
  return kEventWords[static_cast<std::size_t>(kind)];
}

/// A site that an event is about, as it was then.
struct EventPlace {
  SiteId site;
  std::string region, name{};
};

/// Something that happened, ready to be told.
struct LiveEvent {
  EventKind kind = EventKind::kNodeJoined;
  const char* word = nullptr;              ///< what it is called where that is not the kind's word
  std::optional<EventPlace> from{}, to{};  ///< where it happened; both absent: nowhere in particular
  bool together = false;                   ///< who does not see both places is told nothing
  /// JSON, one line. `of_from`, `of_to`: for who sees that place alone; empty: as whole.
  std::string whole{}, of_from{}, of_to{};
};

}  // namespace capmap
