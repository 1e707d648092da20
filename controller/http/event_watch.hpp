#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/http/json.hpp"
#include "controller/http/live_event.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// Finds what has happened between one view and the next, for who watches. Pure; one thread.
class EventWatch {
 public:
  /// More changes of nodes than this at one look are told by their number, kind by kind and site by site.
  static constexpr std::size_t kMostSingle = 1'000;

  struct Look {
    std::vector<LiveEvent> events{};
    bool gap = false;  ///< more has happened than is known, or than is told one by one
  };
  /// The first look finds nothing: from then on. Cost: what changed, and a pointer a site and pool.
  Look look(const MapView& view);

 private:
  using Pair = std::pair<NodeId, NodeId>;
  void look_at_nodes(const MapView& view, Look& found) const;
  void look_at_places(const MapView& view, Look& found);
  void look_at_clones(const MapView& view, Look& found);
  void look_at_doubles(const MapView& view, Look& found);

  std::optional<std::uint64_t> revision_;  ///< of the view before
  std::vector<std::shared_ptr<const Site>> sites_;
  std::vector<std::shared_ptr<const Pool>> pools_;
  std::shared_ptr<const std::vector<Clone>> clones_;
  std::shared_ptr<const DoubleList> doubles_;
};

/// The beginning of what is told of something at a place: kind and moment, then the site.
Json event_json(const char* word, std::uint64_t at_unix_ms, const std::optional<EventPlace>& place);
/// Absent where the view has no such site.
std::optional<EventPlace> event_place(const MapView& view, std::uint32_t site);

}  // namespace capmap
