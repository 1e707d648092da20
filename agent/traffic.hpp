#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/hardware.hpp"

namespace capmap {

/// What a disk or an interface has taken in (written, received) and given out (read, transmitted) since it is there, in its own unit.
struct TrafficCounters {
  std::string name;
  std::uint64_t in = 0, out = 0;
  bool operator==(const TrafficCounters&) const = default;
};

/// Thousands of the unit a second: over all devices, and of each.
struct Traffic {
  std::optional<std::uint32_t> in, out;
  std::vector<DeviceTraffic> devices;  ///< in the order that was asked for
  bool operator==(const Traffic&) const = default;
};

/// Rates over the devices that stand in both readings, their counters times `scale` being in the unit. The sum is empty when there is none,
/// or when a counter went backwards; of the devices named in `order` only those that cannot be told are unknown. Pure.
Traffic traffic_between(const std::vector<TrafficCounters>& before, const std::vector<TrafficCounters>& after, std::uint64_t scale,
                        std::uint64_t elapsed_ms, const std::vector<std::string>& order);

}  // namespace capmap
