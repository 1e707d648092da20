#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "controller/access/principal.hpp"
#include "controller/history/past_cells.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// What happened to one node, as history keeps it. The words of a place and of hardware are under their numbers.
enum class PastEventKind : std::uint8_t { kUnknown, kJoined, kLeft, kMoved, kChanged, kService, kVerdict, kLost, kBack, kMissed, kDouble };
inline constexpr std::array<const char*, 11> kPastEventNames = {"unknown", "joined", "left", "moved",  "changed", "service",
                                                                "verdict", "lost",   "back", "missed", "double"};
struct PastEvent {
  std::uint64_t at_unix_ms = 0;
  PastEventKind kind = PastEventKind::kUnknown;
  NodeId node{};                    ///< of kMissed none
  std::optional<PastKey> from, to;  ///< where it was, and is; of kDouble where it is alone
  bool operator==(const PastEvent&) const = default;
};

/// A time without a hole: from the first moment that is known until the last.
struct PastSpan {
  std::int64_t number = 0;
  std::uint64_t from_unix_ms = 0, until_unix_ms = 0;
  bool operator==(const PastSpan&) const = default;
};

/// Where a past moment lies in what is kept.
struct PastPlace {
  PastSpan span;
  std::uint64_t as_of_unix_ms = 0;              ///< the moment that is told: not later than what was asked for
  std::optional<std::uint64_t> next_unix_ms{};  ///< a hole is between: when it is known again; absent: there is none
};

/// Names of one kind as they were at a moment, [number]; a number that had no words yet has a null.
struct PastTables {
  std::vector<std::shared_ptr<const Site>> sites;
  std::vector<std::shared_ptr<const Pool>> pools;
};

/// A map as it was, and how exactly.
struct PastMap {
  std::shared_ptr<const MapView> view;
  PastPlace place;
  std::string chips;  ///< name of the chip table it is rated with
};

/// Which events are asked for.
struct EventQuestion {
  std::uint64_t from_unix_ms = 0, until_unix_ms = 0;
  std::optional<NodeId> node{};  ///< absent: of all
  std::size_t skip = 0, limit = 0;
  std::vector<Scope> scopes{};  ///< not empty: those alone that begin or end at a site that all of them cover, as it is now
};

/// Events with what their numbers mean.
struct PastEvents {
  std::vector<PastEvent> events;
  PastTables tables;                                                     ///< as they are now
  std::map<std::uint32_t, std::shared_ptr<const HardwareRow>> hardware;  ///< those that occur
};

/// What history there is.
struct PastSpans {
  std::vector<PastSpan> spans;
  std::vector<std::string> chip_tables;  ///< kept; any of them can be asked for
};

}  // namespace capmap
