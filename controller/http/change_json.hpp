#pragma once
#include <optional>

#include "controller/http/json.hpp"
#include "controller/map/change_feed.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// Where a node was, or is: site, pool, hardware and states; null where it is in no cell.
Json place_json(const std::optional<CellKey>& key, const MapView& view);
/// Which of these it is about: joined, removed, or the members of from and to that differ.
Json what_changed(const NodeChange& change);
/// A change as it is told of to who sees all of it.
Json change_json(const NodeChange& change, const MapView& view);
/// When it was, by the wall clock of the view.
std::uint64_t change_unix_ms(const NodeChange& change, const MapView& view);

}  // namespace capmap
