#pragma once
#include <catch2/catch.hpp>
#include <map>

#include "controller/map/capacity_map.hpp"

namespace capmap::test {

/// What somebody knows who read all nodes once and has followed the changes since: the same as who reads all nodes now.
class FollowedMap {
 public:
  /// Takes what has changed, or begins anew where it missed something, and holds what it knows against the rows.
  void follow(const CapacityMap& map, const MapView& view) {
    const auto now = read(map);
    REQUIRE(view.changes);
    if (!begun_ || revision_ < view.changes->complete_after()) {
      known_ = now;
      begun_ = true;
    } else {
      for (const auto& change : view.changes->after(revision_, SIZE_MAX)) take(change);
      ++followed_;
    }
    revision_ = view.revision;
    CHECK(known_ == now);
  }
  [[nodiscard]] std::size_t followed() const { return followed_; }

 private:
  using Known = std::map<NodeId, CellKey>;

  static Known read(const CapacityMap& map) {
    Known known;
    for (std::size_t chunk = 0; chunk < map.chunk_count(); ++chunk) {
      for (const auto& row : map.chunk(chunk)) {
        if (!row.counted) continue;
        known[row.id] = {.site = row.site,
                         .pool = row.pool,
                         .hardware = row.hardware,
                         .liveness = row.liveness,
                         .service = row.counted_service,
                         .verdict = row.verdict};
      }
    }
    return known;
  }

  void take(const NodeChange& change) {
    CHECK(change.revision > last_);
    last_ = change.revision;
    const auto before = known_.find(change.node);
    CHECK((before == known_.end() ? std::nullopt : std::optional(before->second)) == change.from);
    known_.erase(change.node);
    if (change.to) known_[change.node] = *change.to;
  }

  Known known_;
  std::uint64_t revision_ = 0, last_ = 0;
  std::size_t followed_ = 0;
  bool begun_ = false;
};

}  // namespace capmap::test
