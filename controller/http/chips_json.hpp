#pragma once
#include "controller/http/json.hpp"
#include "controller/map/chip_census.hpp"

namespace capmap {

struct ChipsChanged;

/// A row of the chip table, without how many of it stand on the map.
Json chip_json(const ChipEntry& entry);
/// Parts without a peak: what is seen of them, where, why there is none, and which row of which file would give them one.
Json unrated_chip_json(const UnratedChip& chip, const MapView& view);
/// What a change of an operator's rows does, or would do.
Json chips_changed_json(const ChipsChanged& changed);

}  // namespace capmap
