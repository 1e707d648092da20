#pragma once
#include <cstdint>
#include <memory>

#include "controller/map/map_view.hpp"

namespace capmap::support {

/// Two sites (one declared, one not), one hardware row with a rated CPU and unrated accelerators; three fresh nodes in one, one lost
/// node in the other, one node whose hardware is not known.
std::shared_ptr<MapView> small_view(std::uint64_t at_boot_ms);

/// The node of number i, in the site of number 1.
NodeRow node_row(std::uint8_t i);

}  // namespace capmap::support
