#include "controller/http/bulletin.hpp"

#include <algorithm>

#include "common/region_table.hpp"

namespace capmap {
namespace {

Measures measures() {
  Measures wanted;
  for (const auto one :
       {Measure::kNodes, Measure::kCpu, Measure::kCpuUse, Measure::kMemory, Measure::kAccelerators, Measure::kAcceleratorUse,
        Measure::kStorage, Measure::kStorageUse, Measure::kAge, Measure::kUnrated, Measure::kUnratedWhy}) {
    wanted.set(static_cast<std::size_t>(one));
  }
  for (std::size_t i = 0; i < kPrecisionCount; ++i) wanted.set(static_cast<std::size_t>(Measure::kPeakFp64) + i);
  return wanted.set(kRpeakBit);
}

}  // namespace

Bulletin make_bulletin(const MapView& view, const std::optional<FilterNode>& filter, std::uint64_t now_boot_ms) {
  const auto by = [&](Dimension dimension) {
    return roll_up_query(view, {.by = {dimension}, .filter = filter, .measures = measures()}, now_boot_ms);
  };
  Bulletin bulletin{.regions = by(Dimension::kRegion2),
                    .hubs = by(Dimension::kHub),
                    .owners = by(Dimension::kOwnerClass),
                    .classes = by(Dimension::kComputeClass),
                    .scope = {},
                    .at = rfc3339_ms(view.at_unix_ms),
                    .epoch = hex_text(view.epoch),
                    .catalog = view.catalog_version,
                    .version = {},
                    .revision = view.revision,
                    .age_ms = now_boot_ms - std::min(now_boot_ms, view.at_boot_ms),
                    .known_nodes = view.known_nodes,
                    .unheard_nodes = view.resync_over ? 0 : view.resyncing_nodes,
                    .measures = measures(),
                    .shared = {},
                    .region_names = {},
                    .region_names_en = {}};
  for (const auto& group : bulletin.regions.groups) {
    const auto* const region = view.regions ? view.regions->find(group.key[0]) : nullptr;
    bulletin.region_names.push_back(region == nullptr ? group.key[0] : region->name);
    bulletin.region_names_en.push_back(region == nullptr ? group.key[0] : region->name_en);
  }
  return bulletin;
}

}  // namespace capmap
