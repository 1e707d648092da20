#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "controller/access/principal.hpp"
#include "controller/http/json.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// [{"reason", "contradicts", "claimed", "plausible", "text"}]; only those that contradict, where asked for.
Json findings_json(const std::vector<Finding>& findings, bool contradictions_alone = false);

/// When something began, as text; null where it did not.
Json since_json(const std::optional<std::uint64_t>& since_boot_ms, const MapView& view);

/// What nodes claim that are contradicted and within the scope of who asks, and what policy makes of it; null for views of the past.
Json contradicted_json(const MapView& view, const Principal& principal);

}  // namespace capmap
