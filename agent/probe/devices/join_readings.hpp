#pragma once
#include <vector>

#include "agent/probe/devices/device_backend.hpp"

namespace capmap {

/// The readings of a card's dies as the one card they sit on, under the first one's address, with each die under it. Memory, its errors
/// and processes are sums, load is the mean, temperature the highest; each only where every die tells it. Power and its limit: what one die
/// alone tells (of an MI250X the other one tells 0), for two figures may be of a die each or of the card twice. Healthy: all are; not: one
/// is not. `dies` at least one.
DeviceReading join_dies(const std::vector<DeviceReading>& dies);

/// Fills in what `reading` leaves out with what another driver says of the same device. Not healthy is what one of them says; failures are
/// each driver's own.
void fill_in(DeviceReading& reading, const DeviceReading& other);

}  // namespace capmap
